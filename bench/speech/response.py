"""How long a person who has answered by voice waits for the next prompt, from their last voiced sample on, by the line.

A real worker, a real Asterisk, whisper-base, and people of the carrier who really speak, one call after another. Both
ends of each wait are packets of one capture. It holds all of the way: the silence that ends an answer, the way of the
recording out of Asterisk, its recognition, what the flow makes of it, and the start of the prompt.
"""

from __future__ import annotations

import itertools
import json
import statistics
import tempfile
import time
import wave
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agi_app.config.speech import SpeechSettings
from bench import main_job, people
from bench.output import machine, say
from bench.speech import clips as speech_clips
from bench.speech import models as speech_models
from bench.speech.response_line import Words, packets, responses, spoken_line
from sandbox.asterisk import Asterisk
from sandbox.capture import Capture, CarrierCall
from sandbox.carrier import MEDIA_HOST, Carrier
from sandbox.commands import AgiApp
from sandbox.g711 import ALAW, ULAW
from sandbox.pcap import read_datagrams
from sandbox.project import write_settings
from sandbox.speaker import Person, Says
from sandbox.world import settings_toml

NAMES = {"zh-CN": "zh", "en": "en"}
MOST_P50_S = 1.6
ANSWERS = 6  # of a call
CALLS = 8  # of a language
THINKS_S = 1.2  # between the end of a question and the answer
BETWEEN_S = 3.8  # from the end of one answer to the next: the wait, the question, and a pause
REST_S = 12.0
NOISE_DB = -55.0  # of full scale; the voice is at -22
FIRST_SUFFIX = 41
GREETING, QUESTION = "greeting", "key"
FLOW = """\
flow: bulk
languages: [zh-CN, en]
identify:
  business: {{zh-CN: 阳光口腔, en: Sunshine Dental}}
opt_out: {{key: "9", confirm: opted_out}}
start: greeting
nodes:
  greeting:
    - play: greeting
{questions}
    - play: goodbye
    - hangup
"""


@dataclass(frozen=True, slots=True)
class Talk:
    """What is said in one call."""

    language: str
    number: str
    words: Sequence[Words]


def run(root: Path, calls: int, noise_db: float, speech: SpeechSettings) -> dict[str, Any]:
    """One run in a folder of its own, kept under the temporary folder; ``speech`` without its model."""
    folder = Path(tempfile.mkdtemp(prefix="agi-app-bench-"))
    before = machine()
    project = folder / "project"
    people.make_project(project, "")
    speaking, talks = _people(folder, project / "prompts", noise_db, calls)
    carrier = Carrier(folder / "carrier", speaking=speaking)
    capture = Capture(folder / "line.pcap", carrier.port, media_host=MEDIA_HOST)
    asterisk = Asterisk(root, folder / "asterisk", name="r", carrier=carrier.address, prompts_dir=project / "prompts")
    say(f"== {before['at']}, load {before['load']}; logs in {folder}")
    with ExitStack() as stack:
        for part in (carrier, capture, asterisk):
            stack.enter_context(part)
        _write(project, asterisk, talks, speech)
        _call(project, folder, talks)
        done = capture.calls()
    found = {name: _figures(capture.file, done, [t for t in talks if t.language == tongue])
             for tongue, name in NAMES.items()}  # fmt: skip
    return {
        "bench": "response", **before, "load_after": machine()["load"], "threads": speech.threads,
        "level": speech.level, "snoop_channels": speech.snoop_channels, "noise_db": noise_db, "response_s": found,
    }  # fmt: skip


def faults(record: dict[str, Any]) -> list[str]:
    """What the run did not reach."""
    missed = []
    for name, found in record["response_s"].items():
        if found["n"] < 40:
            missed.append(f"{name}: {found['n']} answers measured, fewer than 40")
        if found["p50"] is None or found["p50"] > MOST_P50_S:
            missed.append(f"{name}: {found['p50']} s until the next prompt, more than {MOST_P50_S} s")
    return missed


def _people(folder: Path, prompts: Path, noise_db: float, calls: int) -> tuple[dict[str, Person], list[Talk]]:
    """Whoever speaks, by suffix, and what they say; every voice in turn, half of the calls in A-law."""
    speaking: dict[str, Person] = {}
    talks: list[Talk] = []
    for language in NAMES:
        sounds = _sounds(language, calls * ANSWERS)
        first_s = sum(_seconds(prompts / language / f"{name}.wav") for name in (GREETING, QUESTION)) + THINKS_S
        for call in range(calls):
            suffix = str(FIRST_SUFFIX + len(speaking))
            file = folder / "line" / f"{suffix}.wav"
            said = list(itertools.islice(sounds, ANSWERS))
            words = spoken_line(file, said, first_s, BETWEEN_S, REST_S, noise_db)
            speaking[suffix] = Person([Says(0.0, file)], (ULAW, ALAW)[call % 2])
            talks.append(Talk(language, f"+9998613{7919 * (len(talks) + 1):06d}{suffix}", words))
    return speaking, talks


def _sounds(language: str, count: int) -> Iterator[Any]:
    """Answers, no stops; as few of one phrase and of one voice as can be."""
    table = speech_clips.languages()[language]
    phrases = [phrase for label, said in table["clips"].items() if label != "opt_out" for phrase in said]
    voices = [*table["voices"], *table["held_out"]]
    for place in range(count):
        yield speech_clips.at_its_speed(phrases[place % len(phrases)], voices[place % len(voices)])


def _write(project: Path, asterisk: Asterisk, talks: Sequence[Talk], speech: SpeechSettings) -> None:
    answers = speech_clips.languages()["en"]["answers"]
    question = f"    - gather: {{prompt: {QUESTION}, speech: {json.dumps(answers)}, attempts: 1, timeout: 8s}}"
    flow = FLOW.format(questions="\n".join([question] * ANSWERS))
    (project / "flows" / "bulk.yaml").write_text(flow, "utf-8")
    campaign = project / "campaigns" / "bulk.yaml"
    lines = [line for line in campaign.read_text("utf-8").splitlines() if not line.startswith(("pace:", "max_call:"))]
    pace = ["pace: {calls_per_second: 1, concurrent: 1}", "max_call: 300s"]
    campaign.write_text("\n".join([*lines, *pace]) + "\n", "utf-8")
    settings = settings_toml(asterisk, trunk="sandbox")
    model = speech_models.whisper_base()
    write_settings(
        project,
        f'{settings}\n[speech]\nengine = "faster-whisper"\nmodel = "{model}"\n'
        f"threads = {speech.threads}\nlevel = {speech.level}\nsnoop_channels = {speech.snoop_channels}\n\n"
        f'[sandbox]\nclock = "{people.CLOCK}"\n',
    )
    people.write_consents(project / "consent.csv", [talk.number for talk in talks])
    rows = [f"T{place},{talk.number},{talk.language},Test" for place, talk in enumerate(talks)]
    (project / "contacts.csv").write_text("\n".join(["external_id,number,language,name", *rows]) + "\n", "utf-8")


def _call(project: Path, folder: Path, talks: Sequence[Talk]) -> None:
    app = AgiApp(project, folder, say)
    app("callerid", "prove", people.CALLER_ID, "--letter", "caller-id-letter.txt")
    app("consent", "import", "consent.csv")
    app("contacts", "import", people.CAMPAIGN, "contacts.csv")
    seconds = sum(4.0 + talk.words[-1].ends / 50 for talk in talks)
    say(f"== {len(talks)} calls, one after another: about {seconds / 60:.0f} minutes")
    with main_job.database(project) as (connection, _), app.worker("worker.log"):
        app("campaign", "start", people.CAMPAIGN)
        main_job.wait_until_done(connection, main_job.Job(round(2 * seconds), 1.0))
        time.sleep(1.0)


def _figures(file: Path, calls: Sequence[CarrierCall], talks: Sequence[Talk]) -> dict[str, Any]:
    datagrams = list(read_datagrams(file))
    found: list[float | None] = []
    for talk in talks:
        call = next((c for c in calls if c.to_user == talk.number and c.answered_at is not None), None)
        if call is None or call.answered_at is None:
            say(f"   a call was not answered: {talk.number}")
            continue
        said, heard = packets(datagrams, call.answered_at, call.bye_at or call.last_seen_at)
        found += responses(talk.words, said, heard)
    good = sorted(seconds for seconds in found if seconds is not None)
    say(f"   {[None if s is None else round(s, 2) for s in found]}")
    return {
        "p50": round(statistics.median(good), 3) if good else None,
        "p95": round(good[len(good) * 95 // 100], 3) if good else None,
        "longest": round(good[-1], 3) if good else None,
        "n": len(good),
        "unmeasured": len(found) - len(good),  # the person spoke into a prompt that came late, or none came
    }


def _seconds(file: Path) -> float:
    with wave.open(str(file)) as sound:
        return float(sound.getnframes() / sound.getframerate())
