"""Flow files: what a good one means, and that every bad one is explained at its line."""

from __future__ import annotations

import random

import pytest

from agi_app.errors import AuthorError, Problem
from agi_app.flow.load import load_flow

pytestmark = pytest.mark.slow  # reads many flows: not part of the fast unit tests

HEAD = """\
flow: checkup
languages: [zh-CN, en]
identify: {business: {zh-CN: 阳光口腔, en: Sunshine Dental}}
start: ask
nodes:
"""
GOOD = (
    HEAD
    + """\
  ask:
    - gather: {prompt: confirm, keys: {"1": yes, 2: change}, timeout: 5s, attempts: 2, save: answer}
      on: {yes: confirmed, change: bye, no_input: bye}
  confirmed:
    - set: {disposition: confirmed, tries: 1}
    - play: {prompt: thanks, barge_in: false}
    - branch:
        - when: answer == "yes"
          goto: bye
        - else: bye
  bye:
    - hangup
"""
)


def faults(text: str) -> list[str]:
    with pytest.raises(AuthorError) as caught:
        load_flow(text, "flows/checkup.yaml")
    return [str(problem).removeprefix("flows/checkup.yaml:") for problem in caught.value.problems]


def step_faults(step: str) -> list[str]:
    """The faults of one step, which begins in line 7, column 7."""
    return faults(f"{HEAD}  ask:\n    - {step}\n    - hangup\n")


def test_a_good_flow_has_the_defaults_of_the_docs() -> None:
    """Opt-out key 9, five seconds, barge-in on, first language is the default."""
    flow = load_flow(GOOD, "f.yaml")
    gather = flow.nodes["ask"][0].gather  # type: ignore[union-attr]
    assert flow.opt_out.key == "9"
    assert flow.languages[0] == "zh-CN"
    assert gather.keys == {"1": "yes", "2": "change"}
    assert (gather.timeout.total_seconds(), gather.attempts, gather.barge_in) == (5, 2, True)


def test_an_unknown_target_is_suggested() -> None:
    """The message names the node that was probably meant."""
    assert faults(GOOD.replace("yes: confirmed", "yes: confirmd")) == [
        '8:12: flow/unknown-target yes: there is no node "confirmd"; did you mean "confirmed"?',
        '9:3: flow/unreachable-node confirmed: no way leads from "ask" to this node; add a way to it, or remove it',
    ]


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("plya: x", '7:7: flow/verb plya: there is no verb "plya"; did you mean "play"?'),
        ("hangupp", '7:7: flow/verb ask: "hangupp" alone is not a step; did you mean "hangup"?'),
        ("5", "7:7: flow/verb ask: a step is a verb, such as - play: NAME"),
        ("on: {yes: ask}", '7:7: flow/verb on: there is no verb "on": it belongs to the step above: remove'),
        ("{play: x, goto: ask}", '7:17: flow/verb goto: a step has one verb: begin a new line with "- " for "goto"'),
        ("{play: x, on: {yes: ask}}", '7:17: schema/unknown-key unknown key "on"'),
        ("play: ../../etc/passwd", '7:7: schema/name play: "../../etc/passwd" does not fit; use Latin letters'),
        (
            "play: {prompt: x, bargein: true}",
            '7:25: schema/unknown-key unknown key "bargein"; did you mean "barge_in"?',
        ),
        ("play: {barge_in: true}", '7:7: schema/missing-key the key "prompt" is missing here'),
        ("play:", '7:7: schema/value play: this must be a mapping ("key: value" lines), not nothing'),
        (
            "gather: {prompt: x}",
            '7:7: flow/gather gather: write keys ("1": yes), digits (min, max) or speech (yes: yes)',
        ),
        ("gather: {prompt: x, keys: {}}", "7:27: flow/gather keys: there is no key to press"),
        ("gather: {prompt: x, keys: {a: yes}}", '7:34: schema/name a: "a" does not fit; a key is one of 0-9'),
        ("gather: {prompt: x, keys: {1: true}}", "7:34: schema/type 1: this must be text; put it in quotes"),
        (
            "gather: {prompt: x, keys: {1: no_input}}",
            '7:34: flow/gather 1: "no_input" means that no key was right; use another label',
        ),
        ("gather: {prompt: x, keys: {9: yes}}", '7:34: flow/opt-out-key-used 9: "9" is the opt-out key of this flow'),
        ("gather: {prompt: x, digits: {min: 5, max: 4}}", "7:36: schema/value min: this is greater than max"),
        ("gather: {prompt: x, digits: {max: 99}}", "7:36: schema/value max: this must be less than or equal to 32"),
        ("gather: {prompt: x, digits: {end_key: '*'}}", '7:36: schema/value end_key: "*" does not fit'),
        ("gather: {prompt: x, digits: {}, timeout: 5}", "7:39: schema/duration timeout: 5 is not a duration"),
        ("gather: {prompt: x, digits: {}, timeout: 5m}", "7:39: schema/duration timeout: must be 1s to 60s"),
        ("gather: {prompt: x, digits: {}, attempts: 9}", "7:39: schema/value attempts: this must be less than"),
        ("gather: {prompt: x, digits: {}, attempts: true}", "7:39: schema/value attempts: this must be a whole number"),
        ("gather: {prompt: x, digits: {}, barge_in: yes}", "7:39: schema/value barge_in: this must be true or false"),
        (
            "gather: {prompt: x, digits: {}, save: contact}",
            '7:39: flow/reserved-name save: "contact" has a special meaning',
        ),
        (
            "{gather: {prompt: x, keys: {1: yes}}, on: {yse: ask}}",
            '7:50: flow/unknown-answer yse: this gather has no answer "yse"; did you mean "yes"?',
        ),
        ("say: hello", "7:7: schema/value say: this must be a mapping"),
        ("say: {}", "7:7: flow/say say: write either text (what to say, in each language) or value and as"),
        ("say: {text: {zh-CN: a, en: b}, value: contact.a, as: date}", "7:7: flow/say say: write either text"),
        ("say: {value: contact.a}", "7:7: flow/say say: value and as belong together"),
        ("say: {value: contact.a, as: dat}", "7:31: schema/value as: "),
        ("say: {value: contact.a, as: money}", "7:31: flow/say as: money needs a currency"),
        ("say: {value: contact.a, as: date, currency: CNY}", "7:41: flow/say currency: only money has a currency"),
        (
            "say: {value: contact.a, as: date, unit: {en: x}}",
            "7:41: flow/say unit: only a number, an ordinal",
        ),
        ("say: {value: who, as: name}", "7:13: flow/say value: a name must be known before the call"),
        ("say: {value: contact.a.b, as: name}", '7:13: schema/name value: "contact.a.b" does not fit'),
        ("say: {value: colour, as: digits}", '7:13: flow/unknown-variable value: nothing gives "colour" a value'),
        ("say: {text: {zh-CN: a}}", '7:13: flow/say-language text: the words in "en" are missing'),
        ("say: {text: {zh-CN: a, en: b, fr: c}}", '7:37: flow/say-language text: "fr" is not in languages'),
        ("say: {text: {zh-CN: a, en: 'b {name}'}}", "7:30: flow/say en: only contact.COLUMN is allowed between braces"),
        (
            "{say: {value: contact.a, as: date}, on: {no_input: ask}}",
            "7:48: flow/unknown-answer no_input: this say has no",
        ),
        ("{say: {value: contact.a, as: date}, on: {empty: aks}}", "7:48: flow/unknown-target empty: there is no node"),
        ("gather: {prompt: x, speech: {}}", "7:27: flow/speech speech: there is no answer to say; write a label"),
        ("gather: {prompt: x, speech: {no_match: no}}", '7:36: flow/speech no_match: "no_match" means that nothing'),
        ("gather: {prompt: x, speech: {kind: nummer}}", '7:36: schema/value kind: "nummer" does not fit'),
        ("gather: {prompt: x, speech: {kind: text, max: 3}}", "7:48: flow/speech max: only a number has a min"),
        ("gather: {prompt: x, speech: {kind: number, min: 4, max: 3}}", "7:50: flow/speech min: this is greater than"),
        (
            "gather: {prompt: x, speech: {yes: [a]}}",
            "7:36: schema/value yes: give your own words for each language: write {en: [a]}",
        ),
        ("gather: {prompt: x, speech: {yes: {en: []}}}", "7:42: schema/value en: this must not be empty"),
        ("gather: {prompt: x, speech: {a: {en: [b]}}}", '7:36: flow/speech-language a: the phrases in "zh-CN" are'),
        ("{gather: {prompt: x, speech: {a: yes}}, on: {b: ask}}", "7:52: flow/unknown-answer b: this gather has no"),
        ("collect: {prompt: x}", '7:7: schema/missing-key the key "save" is missing here'),
        ("collect: {prompt: x, save: y, kind: date, digits: {}}", "7:49: flow/collect digits: a date has eight digits"),
        ("collect: {prompt: x, save: y, kind: amount}", "7:37: flow/collect kind: an amount needs a currency"),
        ("collect: {prompt: x, save: y, currency: CNY}", "7:37: flow/collect currency: only an amount has a currency"),
        ("collect: {prompt: x, save: language}", '7:28: flow/reserved-name save: "language" has a special meaning'),
        (
            "collect: {prompt: x, save: y, confirm: {prompt: z, yes: '2'}}",
            "7:37: flow/collect confirm: yes and no are the same key",
        ),
        ("collect: {prompt: x, save: y, confirm: {prompt: z, no: '9'}}", '7:58: flow/opt-out-key-used no: "9" is the'),
        (
            "{collect: {prompt: x, save: y}, on: {yes: ask}}",
            '7:44: flow/unknown-answer yes: this collect has no answer "yes"',
        ),
        ("call_back: {prompt: x, offer: []}", "7:30: schema/value offer: this must not be empty"),
        ("call_back: {prompt: x, offer: [{in: 2h, at: '18:00'}]}", "7:38: flow/call-back"),
        (
            "call_back: {prompt: x, offer: [{at: 18:0}]}",
            '7:39: schema/value at: "18:0" is not a time of day; write "18:00"',
        ),
        ("call_back: {prompt: x, offer: [{in: 31d}]}", "7:39: schema/duration in: a call-back must be 1m to 30d away"),
        ("branch: []", "7:7: schema/value branch: this must not be empty"),
        (
            "branch: [{when: x = 1, goto: ask}]",
            '7:17: flow/expression when: at character 3 of the condition: write "=="',
        ),
        ("branch: [{when: true, goto: ask}]", "7:17: flow/expression when: this must be a condition"),
        ("branch: [{else: ask}, {when: not contact.a, goto: ask}]", "7:17: flow/branch else: this must be the last"),
        ("branch: [{when: not contact.a}]", '7:16: schema/missing-key the key "goto" is missing here'),
        ("branch: [{when: colour == 'red', goto: ask}]", '7:17: flow/unknown-variable when: nothing gives "colour"'),
        ("set: {x: [1]}", "7:13: schema/value x: this must be a single text or number, or true or false"),
        ("set: {x: .5e999}", "7:13: schema/value x: this must be a single text or number, or true or false"),
        ("set: {language: en}", '7:13: flow/reserved-name language: "language" has a special meaning'),
        ("set: {disposition: 5}", "7:13: schema/name disposition: write a text; use letters"),
        ("set: {disposition: opted_out}", '7:13: flow/reserved-name disposition: "opted_out" is set by the engine'),
        ("hangup: now", "7:7: schema/value hangup: this verb takes nothing after it"),
        ("opt_out: 9", "7:7: schema/value opt_out: this verb takes nothing after it"),
        ("goto: [ask]", "7:7: schema/value goto: this must be text"),
    ],
)
def test_a_faulty_step_is_explained_where_it_stands(step: str, fault: str) -> None:
    """Line and column are those of the key that must change."""
    assert any(found.startswith(fault) for found in step_faults(step)), step_faults(step)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("flow: checkup", "flow: check up", '1:1: schema/name flow: "check up" does not fit'),
        ("[zh-CN, en]", "[]", "2:1: schema/value languages: this must not be empty"),
        ("[zh-CN, en]", "[zh-CN, en, en]", '2:24: flow/language languages: "en" is here twice'),
        ("[zh-CN, en]", "[zh-CN, en, fr]", '3:12: flow/language business: the name in "fr" is missing'),
        ("[zh-CN, en]", "[zh-CN]", '3:36: flow/language business: "en" is not in languages'),
        ("[zh-CN, en]", "[zh-CN, ../x]", '2:20: schema/name languages: "../x" does not fit'),
        ("start: ask", "strat: ask", '4:1: schema/unknown-key unknown key "strat"; did you mean "start"?'),
        ("start: ask", "start: aks", '4:1: flow/unknown-target start: there is no node "aks"; did you mean "ask"?'),
        ("start: ask", "start: ask\nopt_out: {key: 9}", "5:11: schema/type key: this must be text; put it in quotes"),
        ("start: ask", "start: ask\nopt_out: {kye: '9'}", '5:11: schema/unknown-key unknown key "kye"; did you'),
        ("    - hangup\n", "    []\n", "16:3: schema/value bye: this must not be empty"),
        ("    - hangup\n", "    hangup\n", '16:3: schema/value bye: this must be a list, not "hangup"'),
    ],
)
def test_a_faulty_head_is_explained(old: str, new: str, fault: str) -> None:
    """The same for everything outside the steps."""
    found = faults(GOOD.replace(old, new, 1))
    assert any(line.startswith(fault) for line in found), found


def test_too_many_nodes() -> None:
    """A flow has at most 200 nodes."""
    nodes = "".join(f"  n{i}:\n    - hangup\n" for i in range(201))
    assert any("5:1: schema/value nodes" in fault for fault in faults(HEAD + nodes))


def test_mutated_flows_give_only_clear_errors() -> None:
    """Whatever an editor does to a file, the answer is a flow or an AuthorError."""
    chance = random.Random(20261125)
    lines = GOOD.splitlines(keepends=True)
    for _ in range(150):
        text = "".join(lines)
        for _ in range(chance.randint(1, 3)):
            at, size = chance.randrange(len(text)), chance.randrange(12)
            text = text[:at] + chance.choice(["", ":", "- ", "{", '"', "\n", "  ", "1", "on", "*x"]) + text[at + size :]
        found: tuple[Problem, ...] = ()
        try:
            load_flow(text, "f.yaml")
        except AuthorError as error:
            found = error.problems
        assert all(problem.line > 0 and problem.column > 0 and problem.message for problem in found)
