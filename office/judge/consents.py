"""Consents and refusals of numbers: whether one may be called at an instant, and when."""

from __future__ import annotations

from dataclasses import dataclass

from office.judge.model import Json
from office.judge.spans import INF, Spans, join, say, seconds


@dataclass(frozen=True)
class Facts:
    """Consents and refusals of numbers; refusals in calls are added as they happen."""

    consents: dict[str, list[tuple[float, float, float]]]  # entered, given, expires; only of the campaign's purpose
    other: frozenset[str]  # numbers with a consent for another purpose
    withdrawn: dict[str, list[tuple[float, float, str]]]  # said, in force, why; ends consents given before
    stops: dict[str, list[tuple[float, str]]]


def facts_of(s: Json, entered: dict[str, str]) -> Facts:
    """The facts of a scenario; ``entered``: when the command of one had returned, by its id, where that differs."""
    purpose = s["campaign"]["purpose"]
    consents: dict[str, list[tuple[float, float, float]]] = {}
    other: set[str] = set()
    for c in s["consents"]:
        if c["purpose"] == purpose:
            begins = seconds(str(entered.get(c["id"], c["entered"])))
            expires = seconds(str(c["expires"])) if c.get("expires") else INF
            consents.setdefault(c["number"], []).append((begins, seconds(c["given"]), expires))
        else:
            other.add(c["number"])
    withdrawn: dict[str, list[tuple[float, float, str]]] = {}
    stops: dict[str, list[tuple[float, str]]] = {}
    for r in s["refusals"]:
        at = seconds(str(entered.get(r["id"], r["at"])))
        if r["kind"] == "stop":
            stops.setdefault(r["number"], []).append((at, f"{r['number']} was stopped by the office at {say(at)}"))
        elif r.get("purpose") in (None, purpose):
            withdrawn.setdefault(r["number"], []).append((at, at, f"the consent was withdrawn at {say(at)}"))
    return Facts(consents, frozenset(other), withdrawn, stops)


def consent_at(facts: Facts, number: str, t: float, tolerance: float) -> tuple[str, str]:
    """yes, no or maybe (within the tolerance of a change), and why not."""
    answers: list[tuple[str, str]] = []
    for entered, given, expires in facts.consents.get(number, []):
        begins = max(entered, given)
        end, why = expires, f"the consent expired at {say(expires)}"
        for said, in_force, reason in facts.withdrawn.get(number, []):
            if given <= said and in_force < end:
                end, why = in_force, reason
        if t < begins - tolerance:
            answers.append(("no", f"the consent is recorded from {say(begins)} on"))
        elif t < begins + tolerance or end <= t <= end + tolerance:
            answers.append(("maybe", ""))
        elif t > end:
            answers.append(("no", why))
        else:
            answers.append(("yes", ""))
    if not answers:
        return "no", "there is only a consent for another purpose" if number in facts.other else "there is no consent"
    return min(answers, key=lambda a: ("yes", "maybe", "no").index(a[0]))


def consent_spans(facts: Facts, number: str, margin: float, before: float = INF) -> Spans:
    """When a number may be called by its consents; withdrawals from `before` on are left out."""
    out: Spans = []
    for entered, given, expires in facts.consents.get(number, []):
        ends = [
            in_force for said, in_force, _ in facts.withdrawn.get(number, []) if given <= said and in_force < before
        ]
        out.append((max(entered, given) + margin, min([expires, *ends]) - margin))
    return join(out)
