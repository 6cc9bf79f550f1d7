"""Why a run of a feed took nothing, in the language of who reads."""

from __future__ import annotations

from agi_app.exchange.feed_words import why_not
from agi_app.messages import speaking

FAULT = {
    "line": 3,
    "column": 7,
    "text": "the row has 3 cells, the header has 2; put text that contains the delimiter in quotes",
}


def test_the_first_rejected_row_is_told_with_how_many_there_are() -> None:
    refused = {"text": "the list is too short", "rejected": 1200, "faults": [FAULT, FAULT]}
    told = why_not(refused)
    assert told.startswith(
        "the list is too short; 1200 rows were rejected, the first in line 3, column 7: the row has 3"
    )
    assert why_not(refused | {"rejected": 1}).startswith("the list is too short; 1 row was rejected")
    with speaking("zh"):
        assert "；1200 行被拒收，第一处在第 3 行第 7 列：该行有 3 个单元格" in why_not(refused)
        assert "delimiter" not in why_not(refused), "what is said behind a semicolon is told again, too"


def test_of_a_list_whose_rows_are_good_only_its_fault_is_told() -> None:
    assert why_not({"text": "it is away", "faults": []}) == "it is away"
    assert why_not({"why": "expired"}) == "expired"
    assert why_not({}) == ""
