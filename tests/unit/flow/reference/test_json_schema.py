"""The JSON Schemas agree with the loader: what loads fits, every verb and key is known and explained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from agi_app.authoring.yaml_lines import load
from agi_app.campaigns.campaign_file.schema import campaign_schema
from agi_app.flow.language import (
    asking_steps,
    call_back_offer,
    call_step,
    definition,
    record_step,
    say_step,
    speech_step,
    steps,
    transfer_step,
    wrong_number_step,
)
from agi_app.flow.language.step_with_ways import StepWithWays
from agi_app.flow.reference.json_schema import flow_schema
from agi_app.flow.reference.key_help import KEYS
from agi_app.flow.reference.verb_help import VERB_HELP
from agi_app.flow.syntax.names_and_limits import VERBS
from tests.unit.json_schema import faults

ROOT = Path(__file__).resolve().parents[4]
FLOW, CAMPAIGN = flow_schema(), campaign_schema()
HEAD = "flow: f\nlanguages: [en]\nidentify: {business: {en: A}}\nstart: 开始\nnodes:\n  开始:\n"


def flow_faults(text: str) -> list[str]:
    return list(faults(load(text, "f.yaml").value, FLOW, FLOW))


def models() -> list[type[BaseModel]]:
    """Every class that a flow file is read into."""
    found = [
        vars(module).values()
        for module in (
            definition,
            asking_steps,
            steps,
            say_step,
            speech_step,
            record_step,
            call_step,
            transfer_step,
            call_back_offer,
            wrong_number_step,
        )
    ]
    classes = {c for values in found for c in values if isinstance(c, type) and issubclass(c, BaseModel)}
    own = (
        c for c in classes if c.__module__.startswith("agi_app.flow") and c not in (StepWithWays, asking_steps.Asked)
    )
    return sorted(own, key=lambda c: c.__name__)


@pytest.mark.parametrize(
    "path", [p for f in ("tests/flows", "examples") for p in sorted((ROOT / f).rglob("*.yaml"))], ids=lambda p: p.stem
)
def test_what_loads_fits_its_schema(path: Path) -> None:
    value: Any = load(path.read_bytes(), path.name).value
    if "nodes" in value:
        assert list(faults(value, FLOW, FLOW)) == []
    elif "campaign" in value:
        assert list(faults(value, CAMPAIGN, CAMPAIGN)) == []


@pytest.mark.parametrize("verb", VERBS)
def test_the_example_of_each_verb_fits(verb: str) -> None:
    text = HEAD + "".join(f"    {line}\n" for line in VERB_HELP[verb].example.splitlines())
    assert flow_faults(text) == []
    assert any(verb in step for step in load(text, "f.yaml").value["nodes"]["开始"])


@pytest.mark.parametrize(
    "step",
    ["plya: x", "play: {prompt: x, bargein: true}", "gather: {prompt: x, timeout: 5}", "say: {value: a, as: dat}",
     "call_back: {prompt: x, offer: [{at: 6pm}]}", "goto: 'no such name'", "set: {x: [1]}", "hang",
     "gather: {prompt: x, speech: {kind: numbr}}", "gather: {prompt: x, speech: {yes: [a]}}"],
)  # fmt: skip
def test_what_an_editor_marks(step: str) -> None:
    assert flow_faults(f"{HEAD}    - {step}\n")


def test_every_key_is_explained_and_every_explanation_has_its_key() -> None:
    """``on`` of a step and the verbs themselves are told in the text of the verb."""
    for model in models():
        keys = {field.alias or name for name, field in model.model_fields.items()}
        told = set(KEYS.get(model.__name__, {}))
        assert told <= keys, model.__name__
        assert keys - told <= (set(VERBS) if model.__name__.endswith("Step") else set()), model.__name__
    names = {model.__name__ for model in models()}
    assert names >= set(KEYS)
    assert {part for verb in VERB_HELP.values() for part in verb.parts} <= set(KEYS)
    assert set(VERB_HELP) == set(VERBS)


CAMPAIGN_HEAD = "campaign: c\npurpose: survey\njurisdictions: [CN]\nflow: f\ntrunk: t\ncaller_id: '+862155500001'\n"


@pytest.mark.parametrize(
    ("line", "fits"),
    [
        ("due: contact.call_at", True),
        ("due: contact.呼叫时间", True),
        ("due: {before: contact.visit, at: [48h, 3h]}", True),
        ("starts: 2026-03-10", True),
        ("ends: 2026-03-10 18:00", True),
        ("due: call_at", False),
        ("due: {before: visit, at: [48h]}", False),
        ("due: {before: contact.visit}", False),
        ("due: {before: contact.visit, at: 48h}", False),
        ("starts: 10.03.2026", False),
        ("ends: 2026-03-10 18:00:00", False),
    ],
)
def test_an_editor_marks_times_of_a_campaign_that_the_loader_refuses(line: str, fits: bool) -> None:
    value = load(f"{CAMPAIGN_HEAD}zone: Asia/Shanghai\n{line}\n", "c.yaml").value
    assert (list(faults(value, CAMPAIGN, CAMPAIGN)) == []) is fits
