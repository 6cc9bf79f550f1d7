"""What is said of the claims of two commits, and a real run of few contacts against the commit itself."""

from __future__ import annotations

import pytest

from bench.contacts import claim_pairs


def record(*ratios: float) -> dict[str, object]:
    return {"by_contacts": [{"contacts": 10**n, "ratio": {"together": ratio}} for n, ratio in enumerate(ratios, 4)]}


def test_a_claim_that_costs_more_than_a_twentieth_more_is_named_with_its_size() -> None:
    assert claim_pairs.faults(record(1.05, 0.9)) == []
    assert claim_pairs.faults(record(1.02, 1.06)) == [
        "100,000 contacts: a claim takes 1.06 times the CPU, more than 1.05"
    ]


@pytest.mark.postgres
@pytest.mark.slow
def test_a_commit_against_itself_decides_about_contacts_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim_pairs, "SIZES", (1_000,))
    (found,) = claim_pairs.run("HEAD", pairs=2)["by_contacts"]
    assert found["contacts"] == 1_000
    assert all(part > 1 for part in (*found["this_us"], *found["other_us"]))
    assert 0.2 < found["ratio"]["together"] < 5
