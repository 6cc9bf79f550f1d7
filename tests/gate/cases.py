"""Seeded cases for the gate, thick at the edges: case ``n`` of a seed is the same wherever it is made.

A case begins as a contact that may be called; then some of its facts are put on one side or the other of the edge of
their rule. No number in here is a person's: they are of the test ranges, the library's examples, or no numbers at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from agi_app.gate.facts import Facts
from agi_app.model.campaign import Campaign, CampaignState, Purpose
from tests.gate import moments, spoil
from tests.gate.numbers import CALLER_IDS, NUMBERS
from tests.gate.oracle import Question
from tests.gate.where import where

CLEAN = 0.3  # share of the cases with nothing put at an edge but the time
SPOILT = 0.14  # how often each fact is in the others
BOOKS = ("shipped", "own", "wide")
REGIONS = ("CN", "GB", "US", "FR", "DE", "BR")


@dataclass(frozen=True, slots=True)
class Case:
    """One question, the rule set it is judged by, and what makes it again."""

    seed: int
    index: int
    book: str
    question: Question

    def __str__(self) -> str:
        """All that is needed to make the case again, and to see what it is."""
        facts = "\n".join(f"    {name} = {getattr(self.question.facts, name)!r}" for name in Facts.__struct_fields__)
        return (
            f"seed {self.seed}, case {self.index} (scripts/fuzz gate --seed {self.seed} --only {self.index})\n"
            f"  rule set {self.book}, now {self.question.now.isoformat()}, sandbox trunk {self.question.sandbox}, "
            f"zones told {self.question.zones_told}\n  {self.question.campaign!r}\n  facts\n{facts}"
        )


def case(seed: int, index: int) -> Case:
    """Case ``index`` of ``seed``; both are any whole numbers."""
    rng = Random(f"gate {seed} {index}")
    book = rng.choices(BOOKS, (5, 2, 3))[0]
    number = rng.choice(NUMBERS[rng.choices([*NUMBERS], (30, 22, 30, 8, 3, 7))[0]])
    place = where(number)
    now = moments.moment(rng, place)
    purpose = rng.choices([*Purpose], (40, 20, 36, 4))[0]
    campaign = Campaign("c", purpose, "f", "t", CALLER_IDS[0], _countries(rng))
    facts = Facts(
        contact_id=index,
        person_id=index,
        number=number,
        campaign_state=CampaignState.RUNNING,
        consents=(spoil.good_consent(purpose, now),),
        suppressed_at=None,
        counted_calls=(),
        caller_id_seen=None,
        caller_id_proofs=spoil.good_proofs(now),
        list_hits=(),
        list_states=spoil.fresh_lists(now),
        abandoned=None,
    )
    sandbox = (place is None or place.reserved) == (rng.random() < 0.96)
    subject = spoil.Subject(rng, now, facts, campaign)
    for change in spoil.CHANGES if rng.random() > CLEAN else ():
        if rng.random() < SPOILT:
            change(subject)
    told = rng.random() < 0.97
    return Case(seed, index, book, Question(subject.facts, subject.campaign, sandbox, now, told))


def _countries(rng: Random) -> tuple[str, ...]:
    return REGIONS if rng.random() < 0.95 else tuple(rng.sample(REGIONS, rng.randrange(3)))
