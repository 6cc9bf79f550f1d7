"""All ways to spoil a fortnight, by subject."""

from __future__ import annotations

from office.selftest import late, numbers, refused, unexplained
from office.selftest.fortnight import Spoil

SPOILS: list[Spoil] = [*late.SPOILS, *numbers.SPOILS, *refused.SPOILS, *unexplained.SPOILS]
