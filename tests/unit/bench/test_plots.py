"""The pictures of the results: well-formed, drawn to scale, and only of results that there are."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from bench import plots

SVG = "{http://www.w3.org/2000/svg}"


def rects(picture: str, colour: str) -> list[float]:
    return [float(r.get("width", "0")) for r in ET.fromstring(picture).iter(f"{SVG}rect") if r.get("fill") == colour]


def test_bars_are_to_scale_and_say_their_sums() -> None:
    picture = plots.bars("a < b", "ms", [plots.Bar("x", [10.0, 5.0]), plots.Bar("y", [5.0, 0.0])], ("Python", "other"))
    first, second, _ = rects(picture, plots.COLOURS[0])  # and the legend's
    assert abs(first - 2 * second) < 0.2
    assert "15 ms" in picture
    assert "<title>a &lt; b</title>" in picture


def test_every_result_of_the_repository_can_be_drawn() -> None:
    records = {
        file.stem: json.loads(file.read_text("utf-8").splitlines()[-1]) for file in plots.RESULTS.glob("*.jsonl")
    }
    for name, picture in plots.drawn(records).items():
        assert ET.fromstring(picture).tag == f"{SVG}svg", name


def test_pictures_of_a_comparison_and_of_a_day() -> None:
    side = {"cpu_ms": {"asterisk": 9.0, "driver": 2.0, "postgresql": 1.5}}
    wait = {"first_audio_ms": {"p99": 3.0}, "key_to_audio_ms": {"p99": 23.5}}
    half = {"rate": 50.0, "agi_app": side, "bare_ari": side, "waits": {"agi_app": wait, "bare_ari": wait}}
    calls = {f"{name}_cps": 100 for name in plots.NAMES} | {"half_load": half}
    day = {"minutes": 10, "placed": 16_800, "worker_mib": [110.0, 111.0, 111.0]}
    found = plots.drawn({"calls": calls, "day": day})
    assert set(found) == {"rates", "cpu", "waits", "day"}
    assert "12.5 ms" in found["cpu"]
    line = ET.fromstring(found["day"]).find(f"{SVG}polyline")
    assert line is not None
    assert len(line.get("points", "").split()) == 3
    assert plots.drawn({}) == {}
