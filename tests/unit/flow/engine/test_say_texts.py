"""What a say needs before the call: everything that depends on the contact, and nothing else."""

from __future__ import annotations

import pytest

from agi_app.errors import InputError
from agi_app.flow.engine.say_texts import missing_columns, parts_of, said_beforehand, said_columns, value_columns
from agi_app.flow.language.say_step import SayStep
from agi_app.flow.language.steps import AnyStep
from agi_app.flow.load import load_flow
from agi_app.flow.saying.spoken_parts import Piece, Text

FLOW = """\
flow: say
languages: [en]
identify: {business: {en: Sunshine Dental}}
start: greeting
nodes:
  greeting:
    - say: {text: {en: "Hello {contact.name}, Sunshine Dental here."}}
    - gather: {prompt: ask, keys: {"1": "3"}, save: rating}
    - say: {value: rating, as: count, unit: {en: stars}}
    - say: {value: contact.due, as: date}
    - hangup
"""
STEPS: list[AnyStep] = load_flow(FLOW, "f.yaml").nodes["greeting"]


def beforehand(text: str = FLOW, **contact: str) -> list[object]:
    return list(said_beforehand(load_flow(text, "f.yaml"), "en", contact))


def test_texts_are_known_before_the_call_and_answers_are_not() -> None:
    """The unit of an answer is a text too, so it is rendered ahead; the answer itself is said in pieces."""
    first, unit, date = beforehand(name="Ann", due="2026-03-05")
    assert first == (Text("Hello Ann, Sunshine Dental here."),)
    assert unit == (Text("stars"),)
    assert isinstance(date, tuple)
    assert all(isinstance(part, Piece) for part in date)


@pytest.mark.parametrize(
    ("contact", "why"),
    [
        ({"due": "2026-03-05"}, "node greeting, say: contact.name is empty"),
        ({"name": " ", "due": "2026-03-05"}, "contact.name is empty"),
        ({"name": "Ann"}, "contact.due is empty"),
        ({"name": "Ann", "due": "soon"}, "contact.due: 'soon': not a date"),
        ({"name": "A" * 990, "due": "2026-03-05"}, "at most 1000"),
    ],
)
def test_a_contact_to_whom_a_step_cannot_speak_is_told_before_the_call(contact: dict[str, str], why: str) -> None:
    with pytest.raises(InputError, match=why):
        beforehand(**contact)


def test_a_step_with_a_way_for_it_may_stay_silent() -> None:
    text = FLOW.replace("as: date}\n", "as: date}\n      on: {empty: greeting}\n")
    assert len(beforehand(text, name="Ann")) == 2


def test_braces_in_a_name_are_only_text() -> None:
    """A column is filled in once; what stands in it is never looked at again."""
    step = STEPS[0]
    assert isinstance(step, SayStep)
    contact = {"name": "{contact.secret}", "secret": "x"}
    assert parts_of(step.say, "en", contact, {}) == (Text("Hello {contact.secret}, Sunshine Dental here."),)


def test_what_a_call_could_not_say_is_told_by_column() -> None:
    """Each column is judged by itself, in the contact's own language, and a step with a way for it asks for none."""
    flow = load_flow(FLOW, "f.yaml")
    missing = missing_columns(flow)
    assert said_columns(flow) == ("due", "name")
    assert value_columns(flow) == {"due"}
    assert missing(None, {"name": "Ann", "due": "2026-03-05"}) == ()
    assert missing(None, {"name": " ", "due": "soon"}) == ("due", "name")
    assert missing("en", {"name": "Ann"}) == ("due",)
    silent = FLOW.replace("as: date}\n", "as: date}\n      on: {empty: greeting}\n")
    assert missing_columns(load_flow(silent, "f.yaml"))(None, {"name": "Ann"}) == ()
