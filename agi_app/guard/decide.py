"""The guard's decision about one call: total, pure, and it leans to letting the call through.

The order is fixed. Internal endpoints, the allow lists and every number that somebody here ever dialled pass,
whatever speaks against them. Then the block lists of the subscriber and the site reject. Then points are added up.
A rejection needs strong signals of two families that are independent of each other; what says nothing about this very
caller (a number next to it, others who dial through our range) never does more than challenge; a caller who passed a
challenge lately is marked at most.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from itertools import islice
from typing import Any

from agi_app.guard import signals
from agi_app.guard.call import Endpoint, IncomingCall
from agi_app.guard.case import Action, Family, GuardCase, GuardReason, because, case_of
from agi_app.guard.facts import CallerFacts
from agi_app.guard.lists import ListHit, ListOwner
from agi_app.guard.subscriber_settings import Level, SubscriberSettings

# From how many points on; None: never.
THRESHOLDS: dict[Level, tuple[tuple[Action, int], ...]] = {
    Level.NOTICE: ((Action.MARK, 30),),
    Level.LOW: ((Action.MARK, 30), (Action.CHALLENGE, 60), (Action.VOICEMAIL, 90), (Action.REJECT, 120)),
    Level.STANDARD: ((Action.MARK, 25), (Action.CHALLENGE, 40), (Action.VOICEMAIL, 70), (Action.REJECT, 90)),
    Level.STRICT: ((Action.MARK, 5), (Action.CHALLENGE, 10), (Action.VOICEMAIL, 50), (Action.REJECT, 70)),
}
STRONG = 45  # points of one family that count as a signal of its own
# What is no evidence about this very caller, however many points it has.
NO_EVIDENCE = frozenset({Family.NOVELTY, Family.SWEEP, Family.BLOCK, Family.TRUST, Family.RULE})
MOST_OF_NONE = Action.CHALLENGE
MOST_OF_ONE = Action.VOICEMAIL
MOST_AFTER_PASS = Action.MARK
_ORDER = tuple(Action)


@dataclass(frozen=True, slots=True)
class GuardDecision:
    """What happens to the call, and why."""

    action: Action
    score: int
    reasons: tuple[GuardReason, ...]
    version: str

    def text(self, language: str = "en") -> str:
        """The decision as one line, in Chinese for ``zh…``, else in English."""
        chinese = language.startswith("zh")
        said = [_said(reason, language) for reason in self.reasons]
        name = _NAMES[self.action] if chinese else self.action.value
        return f"{name}{'：' if chinese else ': '}{('；' if chinese else '; ').join(said)}"


def decide(call: IncomingCall, facts: CallerFacts, settings: SubscriberSettings, now: dt.datetime) -> GuardDecision:
    """Judge one call at one moment (``now`` is aware)."""
    return judge(case_of(call, facts, settings, now))


def judge(case: GuardCase) -> GuardDecision:
    """The same from what a stored decision keeps."""
    if (trusted := _trusted(case)) is not None:
        return _decision(Action.ALLOW, (trusted, *_blocked(case, "block_overruled")))  # named, so that nobody wonders
    if not (case.enabled and case.level in THRESHOLDS):
        return _decision(Action.ALLOW, (_rule("off"),))
    if not SubscriberSettings(hours=case.hours, zone=case.zone).works(case.now):
        return _decision(Action.ALLOW, (_rule("hours"),))
    if blocked := _blocked(case, "block_list"):
        return _decision(Action.REJECT, blocked)
    return _scored(case)


def _scored(case: GuardCase) -> GuardDecision:
    found = signals.signals(case)
    score = max(0, sum(reason.weight for reason in found))
    wanted = next((action for action, least in reversed(THRESHOLDS[case.level]) if score >= least), Action.ALLOW)
    action, held = _hold_back(case, found, wanted)
    if action is Action.VOICEMAIL and not case.voicemail:
        action = Action.CHALLENGE
        held = (*held, _rule("no_mailbox"))
    if not found:
        held = (_rule("nothing"),)
    return GuardDecision(action, score, (*found, *held), VERSION)


def _hold_back(
    case: GuardCase, found: tuple[GuardReason, ...], wanted: Action
) -> tuple[Action, tuple[GuardReason, ...]]:
    """The action that the rules allow, and the rules that made it milder."""
    strong = _strong(found)
    limits = []
    if len(strong) < 2:
        limits.append((MOST_OF_ONE, _rule("one_signal")))
    if not strong:
        limits.append((MOST_OF_NONE, _rule("no_strong_signal")))
    if case.passed_at is not None and dt.timedelta() <= case.now - case.passed_at < signals.PASS_HOLDS:
        limits.append((MOST_AFTER_PASS, _rule("passed", at=f"{case.passed_at:%Y-%m-%d}")))
    action, held = wanted, []
    for most, rule in limits:
        if _ORDER.index(action) > _ORDER.index(most):
            action = most
            held.append(rule)
    return action, tuple(held)


def _strong(found: tuple[GuardReason, ...]) -> set[Family]:
    """The families that count as signals."""
    families = {reason.family for reason in found} - NO_EVIDENCE
    return {one for one in families if sum(reason.weight for reason in found if reason.family is one) >= STRONG}


def _trusted(case: GuardCase) -> GuardReason | None:
    """Why the call passes before anything else is asked."""
    if case.endpoint is Endpoint.INTERNAL:
        return _rule("internal")
    if (hit := next((h for h in case.hits if h.allow and h.owner is not ListOwner.SHARED), None)) is not None:
        return _listed("allow", hit)
    return None if case.dialled_at is None else _rule("dialled", at=f"{case.dialled_at:%Y-%m-%d}")


def _blocked(case: GuardCase, rule: str) -> tuple[GuardReason, ...]:
    """The first block entry of the subscriber or the site, if there is one."""
    found = (h for h in case.hits if not h.allow and h.owner is not ListOwner.SHARED)
    return tuple(_listed(rule, hit) for hit in islice(found, 1))


def _listed(rule: str, hit: ListHit) -> GuardReason:
    values = {"owner": hit.owner.value, "shape": hit.shape.value, "entry": hit.entry_id}
    return because(hit, rule, Family.RULE, 0, values)


def _rule(rule: str, **values: Any) -> GuardReason:
    return GuardReason(rule, Family.RULE, 0, values)


def _decision(action: Action, reasons: tuple[GuardReason, ...]) -> GuardDecision:
    return GuardDecision(action, 0, reasons, VERSION)


def _said(reason: GuardReason, language: str) -> str:
    text = reason.told(language)
    return f"{text} ({reason.weight:+d})" if reason.weight else text


_NAMES = {
    Action.ALLOW: "放行",
    Action.MARK: "标注",
    Action.CHALLENGE: "按键验证",
    Action.VOICEMAIL: "转语音信箱",
    Action.REJECT: "拒接",
}


def _version() -> str:
    """``1.`` and a digest of all points and thresholds, so that no change of them goes without a new version."""
    points = {name: value for name, value in sorted(vars(signals).items()) if name.isupper() and name[0] != "_"}
    digest = hashlib.sha256(repr((points, THRESHOLDS, STRONG, sorted(NO_EVIDENCE))).encode()).hexdigest()
    return f"1.{digest[:8]}"


VERSION = _version()
