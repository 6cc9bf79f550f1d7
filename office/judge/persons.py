"""Which numbers are one person's, by the rows that have them."""

from __future__ import annotations

from collections.abc import Sequence


def shared_numbers(rows: Sequence[Sequence[str]], more_than: int) -> frozenset[str]:
    """Numbers in the rows of more than so many persons, who are not joined by it."""
    out: set[str] = set()
    for number in {n for numbers in rows for n in numbers}:
        others = [set(numbers) - {number} for numbers in rows if number in numbers]
        if len(others) <= more_than or not all(others):
            continue
        groups: list[set[str]] = []
        for names in others:
            linked = [g for g in groups if g & names]
            groups = [*(g for g in groups if g not in linked), names.union(*linked)]
        if len(groups) > more_than:
            out.add(number)
    return frozenset(out)


def person_of(number: str, rows: Sequence[Sequence[str]], shared: frozenset[str]) -> frozenset[str]:
    """All numbers that are one person's with this one, by these rows."""
    found, todo = {number}, [number]
    while todo:
        n = todo.pop()
        if n in shared:
            continue
        for numbers in rows:
            if n in numbers:
                new = [x for x in numbers if x not in found and x not in shared]
                found.update(new)
                todo += new
    return frozenset(found)
