"""Whom a call talks with, whatever asked for the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Party:
    """The other side of one call, and what the call may tell them."""

    attempt_id: str  # of the call: an attempt at a contact, a rehearsal, a call that came in
    number: str  # E.164; empty: the call came in and shows none
    caller_id: str  # the number of ours that they see, or called; E.164
    language: str | None
    fields: Mapping[str, str]  # a contact's columns
