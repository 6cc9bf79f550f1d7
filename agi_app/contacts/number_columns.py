"""The further numbers of a contact: who is not reached at the first is called at the next, in their order.

===============  ==============================================  ====================================================
column           also called                                     what it says
===============  ==============================================  ====================================================
number_2         phone_2, mobile_2, 手机2, 电话2, 备用电话 …        called when the number before it brought nobody
number_3         phone_3, mobile_3, 手机3, 电话3 …                 likewise
number_kind      号码类型, 电话类型                                 mobile, home, work …: your words, for reports
number_2_kind    号码2类型, 电话2类型                              of the second number
number_3_kind    号码3类型, 电话3类型                              of the third
===============  ==============================================  ====================================================

All numbers of a row are one person: caps, gaps and stops hold for all of them. Each needs its own consent. An
empty cell is no number; a number that stands twice in a row counts once. Numbers are never fields of the contact.
"""

from __future__ import annotations

from agi_app.contacts.columns import Cells
from agi_app.messages import t
from agi_app.model.person import FurtherNumber

_WORDS = ("phone", "mobile", "tel", "telephone")
_ZH_WORDS = ("手机", "电话", "号码", "手机号", "电话号码")
ALIASES = {
    "number_2": (
        *(f"{word}{sign}2" for word in _WORDS for sign in ("_", "")),
        *(f"{word}2" for word in _ZH_WORDS),
        *("number2", "备用电话", "备用号码", "第二电话", "第二号码"),
    ),
    "number_3": (
        *(f"{word}{sign}3" for word in _WORDS for sign in ("_", "")),
        *(f"{word}3" for word in _ZH_WORDS),
        *("number3", "第三电话", "第三号码"),
    ),
    "number_kind": ("号码类型", "电话类型"),
    "number_2_kind": ("号码2类型", "电话2类型"),
    "number_3_kind": ("号码3类型", "电话3类型"),
}
FURTHER = ("number_2", "number_3")
LONGEST_KIND = 40  # characters


def kind_of(cells: Cells, column: str) -> str | None:
    """What the list calls the kind of a number; None: nothing, or a fault."""
    name = f"{column}_kind"
    if not (found := cells.text(name)):
        return None
    if len(found) <= LONGEST_KIND and found.isprintable():
        return found
    cells.fault(name, "contacts/number-kind", t("has more than {longest} characters", longest=LONGEST_KIND))
    return None


def other_numbers(cells: Cells, first: str, region: str | None) -> tuple[FurtherNumber, ...]:
    """Those of a row beside its ``first`` (E.164), in their order; faults go to the cells."""
    found: dict[str, FurtherNumber] = {}
    for column in FURTHER:
        if not cells.text(column):
            continue
        if (number := cells.number("contacts/number", region, column=column)) is None:
            continue
        if number.e164 != first:
            other = FurtherNumber(number.e164, number.region, number.zones, kind_of(cells, column))
            found.setdefault(number.e164, other)
    return tuple(found.values())
