"""What differs between two texts, line by line, as a page shows it: with signs, not by colour alone."""

from __future__ import annotations

import difflib
import re

from agi_app.console.pages import PageData

AROUND = 3  # lines that did not change, above and below those that did
_END = re.compile(r"\r\n|\r|\n")


class DiffLine(PageData):
    """``sign``: + new, - gone, blank for one that stays, @ where lines were left out."""

    sign: str
    before: int | None
    after: int | None
    text: str


def diff(before: str, after: str) -> list[DiffLine]:
    """Nothing when the texts are the same; when only line ends differ, one line that says which."""
    was, now = _END.split(before), _END.split(after)
    matcher = difflib.SequenceMatcher(None, was, now, autojunk=len(was) + len(now) > 5000)
    found: list[DiffLine] = []
    for group in matcher.get_grouped_opcodes(AROUND):
        if found or group[0][1]:
            found.append(DiffLine(sign="@", before=None, after=None, text="…"))
        for tag, first, last, new_first, new_last in group:
            if tag == "equal":
                for step, text in enumerate(was[first:last]):
                    found.append(DiffLine(sign=" ", before=first + step + 1, after=new_first + step + 1, text=text))
                continue
            found += [DiffLine(sign="-", before=n + 1, after=None, text=was[n]) for n in range(first, last)]
            found += [DiffLine(sign="+", before=None, after=n + 1, text=now[n]) for n in range(new_first, new_last)]
    if not found and before != after:
        found = [
            DiffLine(
                sign=sign, before=None, after=None, text=", ".join(sorted({repr(end) for end in _END.findall(text)}))
            )
            for sign, text in (("-", before), ("+", after))
        ]
    return found
