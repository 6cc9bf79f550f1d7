"""What the process that reads a workbook (`xlsx_child`) sends: its parent needs these alone, not the library."""

from __future__ import annotations

from typing import Literal

import msgspec


class Head(msgspec.Struct, tag=True):
    """What is known of the sheet before its rows."""

    sheet: str
    passed_over: list[str]  # other sheets that are visible
    left: int  # columns before the first one of the table
    rows: int


class Refusal(msgspec.Struct, tag=True):
    """Why there are no rows: other file, no such sheet (``text`` lists those there are), damaged, or too large."""

    kind: Literal["other", "sheet", "damaged", "large"]
    text: str


class SentRow(msgspec.Struct, array_like=True):
    """A row that has something: its number, its cells up to the last one that is not empty, and odd ones with why."""

    line: int
    cells: list[str]
    odd: dict[int, str]
