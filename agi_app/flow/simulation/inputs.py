"""What may be typed into a simulated call, and written as the input of an expected one."""

from __future__ import annotations

import re
import unicodedata

from agi_app.authoring import full_width
from agi_app.flow.language.definition import Flow
from agi_app.flow.language.record_step import RecordStep
from agi_app.flow.language.transfer_step import RESULTS
from agi_app.messages import spoken, t, template

WORDS = ("listen", "silence", "hangup", *RESULTS)
KEYS = r"[0-9*#]{1,40}"
QUOTES = "\"'“”「」"
HELP = template(
    "Enter or listen = hear the prompt to its end, then say nothing · 1 or *9 = press keys now · silence "
    "= hear it and wait until the time is up · hangup = hang up"
)
RECORD_HELP = template(
    ' · while a message is recorded: "words in quotes" = say them, silence = say nothing, # = end it'
)
SPEECH_HELP = template(' · any other words, or "words in quotes" = say them now')


def takes_words(flow: Flow) -> bool:
    """Whether it matters what the person says: to a recogniser, or into a message."""
    return flow.listens or _records(flow)


def help_for(flow: Flow) -> str:
    """What may be entered in a call with this flow."""
    more = (spoken(SPEECH_HELP) if flow.listens else "") + (spoken(RECORD_HELP) if _records(flow) else "")
    return spoken(HELP) + more


def _records(flow: Flow) -> bool:
    return any(isinstance(step, RecordStep) for step in flow.all_steps())


_MEANT = {
    **dict.fromkeys(("hang up", "hang-up", "hang_up", "hung up", "挂断", "挂机", "挂掉", "挂"), "hangup"),
    **dict.fromkeys(("wait", "nothing", "no input", "no_input", "不按", "不说话", "沉默", "无输入", "等待"), "silence"),
    **dict.fromkeys(("hear", "enter", "听", "收听", "听完", "continue"), "listen"),
}
_PRESSED = re.compile(r"(?:press(?:es)?|key|dtmf|按|按键|请按)[ ]?([0-9*#])(?:键)?")


def meant(line: str) -> str | None:
    """What to write for an input that is no word of ours, and would be taken for something that is said."""
    small = unicodedata.normalize("NFKC", line).strip().casefold()
    pressed = _PRESSED.fullmatch(small)
    return f'"{pressed[1]}"' if pressed else _MEANT.get(small)


_BETWEEN_INPUTS = (re.compile("[,;/|>+-]+"), re.compile("[ ,;/|>+-]+"))  # "hang up" has a space in it


def _several(line: str) -> list[str]:
    """The inputs that one text has, each as it is written; empty: it is no list of them."""
    for between in _BETWEEN_INPUTS:
        parts = [part.strip() for part in between.split(full_width.ascii_of(line).casefold()) if part.strip()]
        inputs = [(meant(part) or part).strip('"') for part in parts]
        if len(inputs) > 1 and all(one in WORDS or re.fullmatch(KEYS, one) for one in inputs):
            return inputs
    return []


def instead(line: str) -> str:
    """``; …`` for a text that is not an input: what to write instead, if that is known."""
    if inputs := _several(line):
        return t("; one input each: {inputs}", inputs=" ".join(f"--input {one}" for one in inputs))
    word = meant(line)
    return full_width.hint(line) or (t("; write {word}", word=word) if word else "")


def is_said(line: str) -> bool:
    """Words that the person says: in quotes, or certainly no misspelt command (more than one word, or not Latin)."""
    quoted = len(line) > 2 and line[0] in QUOTES and line[-1] in QUOTES
    return quoted or ((len(line.split()) > 1 or not line.isascii()) and any(c.isalnum() for c in line))
