"""A call of 24 s: a greeting, a question, what the answer leads to, a second question, a goodbye."""

from __future__ import annotations

import wave
from pathlib import Path

from bench import people
from bench.stage import set_campaign

SUFFIX = "35"  # of the carrier's people: presses 1 after 6 s and 2 after 18 s
KEYS = 2
SOUNDS = {"details": ["greeting"] * 4, "farewell": ["greeting", "greeting", "key", "goodbye"]}  # 8 s and 6 s
FLOW = """\
flow: bulk
languages: [zh-CN]
identify:
  business: {zh-CN: 阳光口腔}
opt_out: {key: "9", confirm: opted_out}
start: greeting
nodes:
  greeting:
    - play: greeting
    - gather: {prompt: key, keys: {"1": yes}, timeout: 10s, attempts: 1, save: answer}
      on: {yes: details, no_input: unanswered}
  details:
    - play: details
    - gather: {prompt: key, keys: {"2": heard}, timeout: 10s, attempts: 1, save: details}
      on: {heard: confirmed, no_input: unanswered}
  confirmed:
    - set: {disposition: confirmed}
    - play: farewell
    - hangup
  unanswered:
    - set: {disposition: no_answer_given}
    - hangup
"""


def write(project: Path) -> None:
    """Put the flow and its prompts into a project of the bulk example."""
    (project / "flows" / "bulk.yaml").write_text(FLOW, "utf-8")
    for file in (project / "simulations").glob("*.yaml"):  # they are of the short call
        file.unlink()
    set_campaign(project, "max_call", "60s")
    folder = project / "prompts" / people.LANGUAGE
    for name, parts in SOUNDS.items():
        (folder / f"{name}.txt").write_text("".join((folder / f"{part}.txt").read_text("utf-8") for part in parts))
        with wave.open(str(folder / f"{name}.wav"), "wb") as target:
            for place, part in enumerate(parts):
                with wave.open(str(folder / f"{part}.wav"), "rb") as source:
                    if place == 0:
                        target.setparams(source.getparams())
                    target.writeframes(source.readframes(source.getnframes()))
