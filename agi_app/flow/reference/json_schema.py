"""The JSON Schema of a flow file, for editors: they complete keys, show what each means, and mark what cannot be.

It says what pydantic's own schema cannot: short forms, durations as people write them, and the meaning of keys.
What needs the whole file (a node that does not exist) is the check's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agi_app.flow.language.definition import Flow
from agi_app.flow.language.steps import BARE_VERBS
from agi_app.flow.reference.key_help import KEYS
from agi_app.messages import spoken

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]
NO_MORE, PROMPT_NAME = "A step without anything.", "The prompt's name."  # in messages/zh/reference.json
_FORMATS = {  # of pydantic, and how people write them
    "duration": {"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$"},
    "time": {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
}


def flow_schema() -> Schema:
    """The schema of ``flows/NAME.yaml``."""
    schema = readable(Flow.model_json_schema(), KEYS, "agi-app flow")
    (node,) = schema["properties"]["nodes"]["patternProperties"].values()
    steps = node["items"]
    steps["anyOf"] = [*steps.pop("oneOf"), {"enum": [*BARE_VERBS], "description": _in_words(NO_MORE)}]
    for name, verb in (("PlayStep", "play"), ("WrongNumberStep", "wrong_number")):
        short = schema["$defs"][name]["properties"]
        short[verb] = {"anyOf": [{"type": "string", "description": _in_words(PROMPT_NAME)}, short[verb]]}
    speech = schema["$defs"]["Gather"]["properties"]["speech"]
    speech["anyOf"] = speech.pop("oneOf")
    speech["anyOf"][1]["properties"] = {"kind": {"enum": ["answers"]}}  # no label; the other kinds are values
    for name, verb in (("HangupStep", "hangup"), ("OptOutStep", "opt_out")):
        schema["$defs"][name]["required"] = [verb]
    return schema


def readable(schema: Schema, keys: Mapping[str, Mapping[str, str]], title: str) -> Schema:
    """pydantic's schema of a file, with the meaning of ``keys`` (class -> key -> text) and without its own noise."""
    made = _tidy(schema)
    for name, model in ((schema["title"], made), *made.get("$defs", {}).items()):
        for key, text in keys.get(name, {}).items():
            model["properties"][key]["description"] = _in_words(text)
    return {"$schema": DIALECT, **made, "title": title}


def _in_words(text: str) -> str:
    """For an editor, in the language of who reads."""
    return spoken(text).replace("`", "")


def _tidy(node: Any) -> Any:
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    if written := _FORMATS.get(str(node.get("format"))):
        return dict(written)
    kept = {key: _tidy(value) for key, value in node.items() if not _is_noise(key, value)}
    choices = [choice for choice in kept.get("anyOf", ()) if choice != {"type": "null"}]
    if "patternProperties" in kept:
        kept["additionalProperties"] = False
    if len(choices) == 1 and node.get("default") is None:
        del kept["anyOf"]
        kept |= choices[0]
    return kept


def _is_noise(key: str, value: Any) -> bool:
    """Titles that repeat the key, and ``default: null``, which only means that the key may be left out."""
    return (key == "title" and isinstance(value, str)) or (key == "default" and value is None)
