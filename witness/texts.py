"""The flows and campaigns of the run (docs/reference/flow-language.md, docs/how-to/run-a-campaign.md)."""

from __future__ import annotations

from collections.abc import Iterable

from witness.project import CALLER_ID

HEAD = """flow: {name}
languages: [en]
identify:
  business: {{en: Sunshine Dental}}
opt_out: {{key: "9", confirm: opted_out}}
start: greeting
nodes:
"""
QUIZ = """  greeting:
    - play: greeting
    - gather: {prompt: key, keys: {"1": yes}, timeout: 1s, attempts: 2, save: answer}
      on: {yes: confirmed, no_input: unanswered}
  confirmed:
    - set: {disposition: confirmed}
    - play: goodbye
    - hangup
  unanswered:
    - set: {disposition: no_answer_given}
    - play: goodbye
    - hangup
"""
STAY = """  greeting:
    - play: long-greeting
    - gather: {prompt: long-key, keys: {"1": yes}, timeout: 1s, attempts: 5, save: answer}
      on: {yes: confirmed, no_input: unanswered}
  confirmed:
    - set: {disposition: confirmed}
    - play: goodbye
    - hangup
  unanswered:
    - set: {disposition: no_answer_given}
    - play: goodbye
    - hangup
"""
DIGITS = """  greeting:
    - play: greeting
    - gather: {prompt: enter, digits: {min: 1, max: 8}, timeout: 1s, attempts: 2, save: digits}
      on: {entered: bye, no_input: bye}
  bye:
    - play: goodbye
    - hangup
"""


def talk(desks: Iterable[str]) -> str:
    lines = ["  greeting:", "    - play: greeting", "    - branch:"]
    names = list(desks)
    for name in names[:-1]:
        lines += [f'        - when: contact.desk == "{name}"', f"          goto: {name}"]
    lines += [f"        - else: {names[-1]}"]
    for name in names:
        lines += [
            f"  {name}:",
            f"    - transfer: {{to: {name}, timeout: 6s}}",
            "      on: {done: advised, failed: nobody}",
        ]
    lines += ["  advised:", "    - set: {disposition: advised}", "    - play: goodbye", "    - hangup"]
    lines += ["  nobody:", "    - set: {disposition: nobody}", "    - play: goodbye", "    - hangup"]
    return "\n".join(lines) + "\n"


def flow(name: str, nodes: str) -> str:
    return HEAD.format(name=name) + nodes


def campaign(
    name: str,
    flow_name: str,
    trunk: str,
    *,
    rate: int = 8,
    concurrent: int = 60,
    ring: int = 15,
    longest: int = 120,
    window: str = "",
) -> str:
    return "\n".join(
        [
            f"campaign: {name}",
            "purpose: transactional",
            "jurisdictions: [CN]",
            f"flow: {flow_name}",
            f"trunk: {trunk}",
            f'caller_id: "{CALLER_ID}"',
            f"pace: {{calls_per_second: {rate}, concurrent: {concurrent}}}",
            f"ring_time: {ring}s",
            f"max_call: {longest}s",
            "retry: {busy: [1d], no_answer: [1d], congestion: [1h], failed: [1h], trunk_silent: [1h]}",
            *([f"window: {window}"] if window else []),
            "",
        ]
    )
