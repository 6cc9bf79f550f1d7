"""Plain calls, many of them: they keep trunks alive beside those that fail, and are reconciled like all others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from witness.cases.model import Case, Expect, confirmed
from witness.people import hangs_up, presses, refuses, says_nothing

# How many calls beside one that fails, so that neither five in a row nor 18 of 30 fail on one trunk.
BESIDE = {"network": 2, "redirects": 3, "silent": 4, "media-1": 5, "media-2": 5, "media-3": 5}


def fillers(cases: Sequence[Case], scale: int) -> list[Case]:
    answered = confirmed("flow: 1 confirms")
    silent = Expect(
        outcome=("answered",), disposition=("no_answer_given",), counts=True, again="never", why="flow: no key"
    )
    hung_up = Expect(
        outcome=("answered",), disposition=("hung_up",), counts=True, again="never", why="outcomes.md: hung_up"
    )
    busy = Expect(outcome=("busy",), counts=True, again="later", why="outcomes.md: busy is SIP 486 or 600")
    declined = Expect(outcome=("rejected",), counts=True, again="never", why="outcomes.md: rejected is 603")
    many = {1: 20, 6: 180}[scale]
    found = [
        Case("plain: presses 1", "plain calls", "quiz", presses("1", after=0.1, spread=2.0), answered, times=many * 2),
        Case("plain: says nothing", "plain calls", "quiz", says_nothing(), silent, times=many),
        Case("plain: hangs up somewhere", "plain calls", "quiz", hangs_up(0.1, spread=2.5), hung_up, times=many),
        Case("plain: busy", "plain calls", "quiz", refuses(486, ring=0.3), busy, times=many // 2),
        Case("plain: declines", "plain calls", "quiz", refuses(603, ring=0.4), declined, times=many // 2),
    ]
    count = Counter(case.campaign for case in cases for _ in range(case.times))
    for campaign, beside in BESIDE.items():
        if count[campaign]:
            name = f"plain: presses 1 on {campaign}"
            found.append(
                Case(
                    name,
                    "plain calls",
                    campaign,
                    presses("1", after=0.0, spread=0.8),
                    answered,
                    times=count[campaign] * beside,
                )
            )
    return found
