"""Makes docs/reference/flow-language.md in both languages from the code: verbs, their keys, the limits."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Callable, Sequence

from agi_app.flow.reference.key_help import KEYS
from agi_app.flow.reference.verb_help import VERB_HELP
from agi_app.flow.syntax.names_and_limits import LIMITS, VERBS
from agi_app.messages import current, spoken

Words = Callable[[str], str]
Table = Callable[[tuple[str, ...], Sequence[tuple[str, ...]]], list[str]]

_HEADS = {"en": (("key", "meaning"), ("what", "at most")), "zh": (("键", "含义"), ("什么", "最多"))}
_WIDTH = 118  # columns


def page(text: str, table: Table, told: Words) -> str:
    """flow-language.md in the current language: its ``text``, with what the code tells in place of the marks in it.

    ``table`` makes a Markdown table of a head and rows, ``told`` is a text of the code in that language.
    """
    keys, limits = _HEADS[current()]
    chinese = current() == "zh"

    def of(part: str) -> list[str]:
        return table(keys, [(f"`{key}`", told(meaning)) for key, meaning in KEYS[part].items()])

    head = of("Flow")
    for part, title in (("Identify", "identify"), ("OptOut", "opt_out")):
        head += ["", f"`{title}` 里：" if chinese else f"Keys of `{title}`:", "", *of(part)]
    made = {
        "@head": head,
        "@verbs": [line for verb in VERBS for line in _verb(verb, of, told)][1:],
        "@limits": table(limits, [(spoken(what), str(limit)) for what, limit in LIMITS]),
    }
    return "\n".join(part for line in text.splitlines() for part in made.get(line, [line])) + "\n"


def _verb(verb: str, of: Callable[[str], list[str]], told: Words) -> list[str]:
    help_ = VERB_HELP[verb]
    lines = ["", f"### {verb}", *_paragraphs(told(help_.about)), "", "```yaml", *help_.example.splitlines(), "```"]
    for part in help_.parts:
        lines += ["", *([_title(part), ""] if part != help_.parts[0] else []), *of(part)]
    return lines


def _paragraphs(text: str) -> list[str]:
    wrapped = [_wrapped(part) for part in text.split("\n\n")]
    return [line for lines in wrapped for line in (*lines, "")][:-1]


def _wrapped(text: str) -> list[str]:
    if current() == "en":
        return textwrap.wrap(text, _WIDTH, break_on_hyphens=False)
    lines, width = [""], 0
    for word in re.findall(r"\[[^\]]*\]\([^)]*\)|（?(?:`[^`]*`|[!-~]+|.)", text):
        columns = sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in word)
        if width + columns > _WIDTH and word not in "，。；：、）”":
            lines, width = [*lines, ""], 0
        lines[-1], width = lines[-1] + (word if width else word.lstrip()), width + columns
    return [line.rstrip() for line in lines]


_TITLES = {  # of the second and further tables of a verb
    "Digits": ("Keys of `digits`", "`digits` 里"),
    "Confirm": ("Keys of `confirm`", "`confirm` 里"),
    "Offer": ("Keys of a time in `offer`", "`offer` 的一个时间里"),
    "CallAgain": ("Without asking", "不问对方"),
    "SpokenValue": ("Keys of `speech` with a `kind`", "带 `kind` 的 `speech` 里"),
    "CallRecording": ("To record the call itself", "录下通话本身"),
    "WrongNumber": ("Keys of `wrong_number`", "`wrong_number` 里"),
}


def _title(part: str) -> str:
    english, chinese = _TITLES.get(part, (f"Keys of a line with `{part.lower()}`", f"`{part.lower()}` 的一行里"))
    if part.endswith("Step"):
        english, chinese = "Beside the verb", "动词旁边"
    return f"{chinese}：" if current() == "zh" else f"{english}:"
