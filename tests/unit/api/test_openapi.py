"""The document and the collection: made from the routes, whole, and in words."""

from __future__ import annotations

import json
import re

import pytest

from agi_app.api.all_routes import ROUTES
from agi_app.api.collection import collection
from agi_app.api.cursors import cursor, key_of
from agi_app.api.openapi import document
from agi_app.api.problems import RequestRefused

DOCUMENT = document(ROUTES)


def test_every_route_has_its_operation_with_words_scope_and_problems() -> None:
    names = set()
    for route in ROUTES:
        operation = DOCUMENT["paths"][route.whole][route.method.lower()]
        names.add(operation["operationId"])
        assert operation["summary"].endswith((".", "?"))
        assert operation["x-agi-app-scope"] == route.scope
        assert {"400", "401", "403", "429", "503", str(route.status)} <= set(operation["responses"])
    assert len(names) == len(ROUTES)


def test_no_reference_leads_nowhere_and_bodies_take_nothing_else() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    told = json.dumps(DOCUMENT)
    for part in told.split('"#/components/schemas/')[1:]:
        assert part.partition('"')[0] in schemas
    wider = [n for n, one in schemas.items() if "properties" in one and one.get("additionalProperties") is not False]
    assert wider == ["ContactGiven"]  # whose columns are the operator's own; each is a text
    assert schemas["ContactGiven"]["additionalProperties"]["type"] == "string"


def test_the_collection_has_each_request_once() -> None:
    found = [item["name"] for folder in collection(DOCUMENT)["item"] for item in folder["item"]]
    assert sorted(found) == sorted(route.name for route in ROUTES)
    stop = next(i for f in collection(DOCUMENT)["item"] for i in f["item"] if i["name"] == "stops_stop")
    assert json.loads(stop["request"]["body"]["raw"]) == {"number": "+999861380000001"}


@pytest.mark.parametrize("key", [7, 2**62, "march"])
def test_a_cursor_comes_back_as_its_key(key: int | str) -> None:
    assert key_of(cursor(key), type(key)) == key


@pytest.mark.parametrize("text", ["", "a", "abcd", cursor("x"), cursor(5) + "A", "W10", "bnVsbA", "LTE"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(RequestRefused):
        key_of(text, int)


def test_an_object_takes_no_names_but_those_of_its_pattern() -> None:
    called = document(ROUTES)["components"]["schemas"]["SimulatedCall"]["properties"]["contact"]
    assert list(called["patternProperties"])
    assert called["additionalProperties"] is False


def test_a_key_for_repeats_is_what_the_server_takes() -> None:
    (key,) = [one for one in document(ROUTES)["paths"]["/api/v1/stops"]["post"]["parameters"] if one["in"] == "header"]
    for text, fits in (("8f14e45f", True), ('"a b"', True), ("~" * 255, True), ("~" * 256, False), (" a", False)):
        assert bool(re.search(key["schema"]["pattern"], text)) == fits, text
    assert not re.search(key["schema"]["pattern"], "é")
