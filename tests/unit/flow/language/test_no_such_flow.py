"""What is said of a flow that is not there."""

from __future__ import annotations

from agi_app.flow.engine.session import meant_by_its_end
from agi_app.flow.language.no_such_flow import no_such_flow


def test_a_misspelt_name_gets_the_right_one_unless_a_file_cannot_be_read() -> None:
    """It may be the very flow of the file with a fault."""
    assert 'did you mean "checkup"?' in no_such_flow("chekup", ["checkup"])
    assert no_such_flow("a", ["ab"], ["flows/x.yaml"]).endswith("fix flows/x.yaml first")


def test_what_a_call_meant_that_said_nothing_of_it() -> None:
    assert meant_by_its_end(ended_by_flow=True) == "completed"
    assert meant_by_its_end(ended_by_flow=False) == "hung_up"
    assert meant_by_its_end(ended_by_flow=False, cut_off=True) == "cut_off"
