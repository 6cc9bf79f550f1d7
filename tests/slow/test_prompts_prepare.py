"""Preparing a project: what is made, what is left alone, what is told; and what Asterisk is then told to play."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agi_app.clock import Clock
from agi_app.config.prompts import PromptSettings, TtsSettings
from agi_app.errors import ConfigError, InputError
from agi_app.flow.check.flow_rules import check_flow
from agi_app.flow.load import parse_flow
from agi_app.flow.saying.numbers_and_dates import spoken
from agi_app.flow.saying.spoken_parts import Part, Piece, Text
from agi_app.prompts import prepare as prepare_module
from agi_app.prompts import synthesise
from agi_app.prompts.catalog import read_catalog
from agi_app.prompts.doctor_check import shortest, why_unplayable
from agi_app.prompts.fixed_say_texts import said_texts
from agi_app.prompts.playable import Playable
from agi_app.prompts.prepare import Result, look, prepare
from agi_app.prompts.prepared_cache import FOLDER, KEPT_S, Prepared, folder_of
from agi_app.prompts.synthesise import Renderer
from agi_app.prompts.tts_engines import TtsEngine, engines
from tests.fake_clock import FakeClock
from tests.unit.sounds import samples_of, write_speech

pytestmark = pytest.mark.slow  # starts processes: not part of the fast unit tests

SPEAKER = """
import pathlib, sys, wave
text, out, *rest = sys.argv[1:]
words = pathlib.Path(text).read_text()
pathlib.Path(__file__).with_suffix(".log").open("a").write(f"{words.strip()}|{rest}\\n")
if "fail" in words: sys.exit("this word I cannot say")
if "slow" in words: __import__("time").sleep(30)
source = pathlib.Path(__file__).with_suffix(".wav").read_bytes()
if "nothing" not in words: pathlib.Path(out).write_bytes(source)
"""


@pytest.fixture(autouse=True)
def quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads instead of processes, which take a second to start; one test takes the real ones."""
    if "processes" not in request.fixturenames:
        for module in (prepare_module, synthesise):
            monkeypatch.setattr(module, "pool", lambda jobs, speakers: ThreadPoolExecutor(1))


@pytest.fixture
def processes() -> None:
    """This test is about the processes."""


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    """A prompts folder with one recording as a person brings it, and one as Asterisk plays it."""
    folder = tmp_path / "prompts"
    write_speech(folder / "en" / "greeting.wav", 44100, bits=24)
    (folder / "en" / "greeting.txt").write_text("Hello. To stop these calls, press 9.")
    write_speech(folder / "en" / "ready.wav", 8000)
    (folder / "en" / "ready.txt").write_text("Ready")
    return folder


@pytest.fixture
def tts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TtsSettings:
    """An engine of one's own: it says every text with the same sound and notes what it was asked."""
    (tmp_path / "speaker.py").write_text(SPEAKER)
    write_speech(tmp_path / "speaker.wav", 24000)
    monkeypatch.setenv("AGI_APP_ASTERISK__PASSWORD", "secret")
    command = f"{sys.executable} {tmp_path}/speaker.py {{text_file}} {{out_file}} {{language}} '{{voice}} x'"
    return TtsSettings(engine="command", command=command, voices={"en": "Ann"}, time_limit=3, fallback=False)


def asked(tmp_path: Path) -> list[str]:
    """What the engine was asked to say."""
    log = tmp_path / "speaker.log"
    return log.read_text().splitlines() if log.exists() else []


def states(results: Sequence[Result]) -> dict[str, str]:
    """Prompt -> state."""
    return {result.prompt: result.state for result in results}


def run(folder: Path, settings: PromptSettings | None = None, tts: TtsSettings | None = None) -> list[Result]:
    """Prepare all."""
    return prepare(folder, settings or PromptSettings(), tts or TtsSettings())


def media(folder: Path) -> Playable:
    """As a worker asks."""
    return Playable(folder, "/srv/prompts", Clock().monotonic)


def test_a_recording_is_made_ready_and_the_ready_one_is_left_alone(prompts: Path) -> None:
    original = (prompts / "en" / "ready.wav").read_bytes()
    results = run(prompts)
    assert states(results) == {"en/greeting": "prepared", "en/ready": "as it is"}
    made = next(r for r in results if r.prompt == "en/greeting")
    assert samples_of(prompts / made.file)[1] == 8000
    assert made.facts["loudness"] == pytest.approx(-20, abs=0.5)
    assert (prompts / "en" / "ready.wav").read_bytes() == original
    assert os.stat(prompts / made.file).st_mode & 0o004  # Asterisk is another user
    play = media(prompts)
    assert play("en", "greeting") == f"sound:/srv/prompts/{made.file.removesuffix('.wav')}"
    assert play("en", "ready") == "sound:/srv/prompts/en/ready"


def test_the_second_time_nothing_is_made(prompts: Path) -> None:
    first = run(prompts)[0]
    stamp = (prompts / first.file).stat().st_mtime_ns
    second = run(prompts)[0]
    assert (second.state, second.file, second.facts) == ("there already", first.file, first.facts)
    assert (prompts / first.file).stat().st_mtime_ns == stamp
    now = look(prompts, PromptSettings(), TtsSettings())
    assert states(now) == {"en/greeting": "there already", "en/ready": "as it is"}


def test_a_changed_recording_or_setting_is_made_anew(prompts: Path) -> None:
    first = run(prompts)[0]
    play = media(prompts)
    before = play("en", "greeting")
    write_speech(prompts / "en" / "greeting.wav", 44100, bits=24, seconds=1.5)
    assert states(look(prompts, PromptSettings(), TtsSettings()))["en/greeting"] == "not prepared"
    second = run(prompts)[0]
    assert (second.state, second.file != first.file) == ("prepared", True)
    assert media(prompts)("en", "greeting") != before
    assert run(prompts, PromptSettings(loudness=-24))[0].facts["loudness"] == pytest.approx(-24, abs=0.5)


def test_a_wideband_trunk_finds_both_files(prompts: Path) -> None:
    made = run(prompts, PromptSettings(wideband=True))[0]
    assert samples_of((prompts / made.file).with_suffix(".wav16"))[1] == 16000
    assert samples_of(prompts / made.file)[1] == 8000
    (prompts / made.file).with_suffix(".wav16").unlink()
    assert run(prompts, PromptSettings(wideband=True))[0].state == "prepared"


def test_all_recordings_can_be_levelled(prompts: Path) -> None:
    assert states(run(prompts, PromptSettings(level_all=True))) == {"en/greeting": "prepared", "en/ready": "prepared"}


def test_a_project_of_ready_files_needs_no_cache(tmp_path: Path) -> None:
    """Such a folder may be read-only."""
    write_speech(tmp_path / "prompts" / "en" / "ready.wav", 8000)
    assert states(run(tmp_path / "prompts")) == {"en/ready": "as it is"}
    assert not (tmp_path / "prompts" / FOLDER).exists()


def test_one_bad_file_is_named_and_stops_no_other(prompts: Path) -> None:
    (prompts / "en" / "broken.wav").write_bytes(b"RIFF")
    (prompts / "en" / "twice.wav").write_bytes((prompts / "en" / "greeting.wav").read_bytes())
    (prompts / "en" / "twice.mp3").write_bytes(b"ID3")
    results = {r.prompt: r for r in run(prompts)}
    assert results["en/greeting"].state == "prepared"
    assert "broken.wav: " in (results["en/broken"].error or "")
    assert "save it again as WAV" in (results["en/broken"].error or "")
    assert "twice.mp3, twice.wav: several recordings" in (results["en/twice"].error or "")


def test_the_check_sees_what_will_be_played(prompts: Path) -> None:
    """Before: the format is a fault with the command that mends it. After: none."""
    flow = parse_flow(FLOW, "f.yaml")
    before = [p for p in check_flow(flow, read_catalog(prompts)) if p.rule == "flow/prompt-format"]
    assert "44100 Hz; run `agi-app prompts prepare`" in before[0].message
    run(prompts)
    assert check_flow(flow, read_catalog(prompts)) == []


def test_a_16_khz_wav_is_not_taken_for_ready(prompts: Path) -> None:
    """Asterisk refuses it under this name; tests/asterisk/test_prompts.py shows that."""
    write_speech(prompts / "en" / "greeting.wav", 16000)
    assert check_flow(parse_flow(FLOW, "f.yaml"), read_catalog(prompts)) != []
    assert states(run(prompts))["en/greeting"] == "prepared"


def test_a_text_is_no_fault_when_an_engine_speaks(prompts: Path, tts: TtsSettings) -> None:
    (prompts / "en" / "greeting.wav").unlink()
    flow = parse_flow(FLOW, "f.yaml")
    assert {p.rule for p in check_flow(flow, read_catalog(prompts))} == {"flow/prompt-missing"}
    assert check_flow(flow, read_catalog(prompts, PromptSettings(), tts)) == []
    assert {p.rule for p in check_flow(flow, read_catalog(prompts, PromptSettings(), tts))} == set()


def test_a_text_is_spoken_once_by_the_program_of_the_settings(prompts: Path, tts: TtsSettings, tmp_path: Path) -> None:
    (prompts / "en" / "bye.txt").write_text("Good bye;\n$(touch x) `id`\n")
    assert states(run(prompts, tts=tts))["en/bye"] == "spoken"
    assert states(run(prompts, tts=tts))["en/bye"] == "there already"
    assert asked(tmp_path) == ["Good bye; $(touch x) `id`|['en', 'Ann x']"]
    assert not (tmp_path / "x").exists()
    assert read_catalog(prompts, PromptSettings(), tts)["en", "bye"].has_audio
    (prompts / "en" / "bye.txt").write_text("See you")
    run(prompts, tts=tts)
    assert len(asked(tmp_path)) == 2
    prepare(prompts, PromptSettings(), tts, only=prompts / "en" / "bye.txt", again=True)
    assert len(asked(tmp_path)) == 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("please fail", "failed with exit 1: this word I cannot say"),
        ("very slow", "needs more than tts.time_limit, 1 s"),
        ("say nothing", "wrote nothing"),
    ],
)
def test_an_engine_that_fails_is_told(prompts: Path, tts: TtsSettings, text: str, why: str) -> None:
    (prompts / "en" / "bye.txt").write_text(text)
    results = {r.prompt: r for r in run(prompts, tts=tts.model_copy(update={"time_limit": 1.0}))}
    assert results["en/bye"].state == "failed"
    assert why in (results["en/bye"].error or "")
    assert (results["en/bye"].error or "").startswith("bye.txt: ")


def test_espeak_speaks_what_the_engine_could_not(
    prompts: Path, tts: TtsSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lesser voice is told, and tried to be replaced the next time."""
    program = tmp_path / "bin" / "espeak-ng"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "eSpeak NG 1.0 Data at" && exit\n'
                       f'while [ "$1" != -w ]; do shift; done\ncp {tmp_path}/speaker.wav "$2"\n')  # fmt: skip
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    (prompts / "zh-CN").mkdir()
    (prompts / "zh-CN" / "bye.txt").write_text("please fail")
    chain = tts.model_copy(update={"fallback": True})
    assert [engine.name for engine in engines(chain)] == ["command", "espeak-ng"]
    found = {r.prompt: r for r in run(prompts, tts=chain)}["zh-CN/bye"]
    assert found.state == "spoken"
    assert "espeak-ng speaks instead" in found.notes[0]
    assert "hard to understand" in found.notes[1]
    run(prompts, tts=chain)
    assert len(asked(tmp_path)) == 2


def test_secrets_do_not_reach_the_engine(prompts: Path, tts: TtsSettings, tmp_path: Path) -> None:
    script = tmp_path / "speaker.py"
    script.write_text(script.read_text() + "\nassert 'AGI_APP_ASTERISK__PASSWORD' not in __import__('os').environ\n")
    (prompts / "en" / "bye.txt").write_text("Good bye")
    assert states(run(prompts, tts=tts))["en/bye"] == "spoken"


def test_only_what_is_named_is_prepared(prompts: Path) -> None:
    write_speech(prompts / "en" / "other.wav", 44100)
    found = prepare(prompts, PromptSettings(), TtsSettings(), only=prompts / "en" / "other.wav")
    assert states(found) == {"en/other": "prepared"}
    assert states(prepare(prompts, PromptSettings(), TtsSettings(), only=prompts / "en"))["en/greeting"] == "prepared"
    assert set(Prepared(prompts, False).index()) == {"en/greeting", "en/other", "en/num/pause"}
    with pytest.raises(InputError, match="there is no such file; did you mean"):
        prepare(prompts, PromptSettings(), TtsSettings(), only=prompts / "en" / "nothing.wav")


def test_old_files_go_and_needed_ones_stay(prompts: Path) -> None:
    first = run(prompts)[0]
    write_speech(prompts / "en" / "greeting.wav", 44100, seconds=2)
    cache = Prepared(prompts, False)
    long_ago = Clock().now().timestamp() - KEPT_S - 60
    for file in (prompts / FOLDER).iterdir():
        os.utime(file, (long_ago, long_ago))
    second = run(prompts)[0]
    assert not (prompts / first.file).exists()
    assert (prompts / second.file).exists()
    assert cache.has(cache.index()["en/num/pause"])


def test_a_folder_that_cannot_be_written_is_the_operators_fault(prompts: Path) -> None:
    (prompts / FOLDER).write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be written"):
        run(prompts)


# ---- while calls run


def test_the_work_is_done_in_other_processes_which_end(
    processes: None, prompts: Path, tts: TtsSettings, tmp_path: Path
) -> None:
    script, note = tmp_path / "speaker.py", tmp_path / "parent"
    script.write_text(script.read_text() + f"\nopen({str(note)!r}, 'w').write(str(__import__('os').getppid()))\n")
    (prompts / "en" / "bye.txt").write_text("Good bye")
    assert states(run(prompts, tts=tts)) == {"en/bye": "spoken", "en/greeting": "prepared", "en/ready": "as it is"}
    worker = int(note.read_text())
    assert worker != os.getpid()
    assert not Path(f"/proc/{worker}").exists()
    renderer = Renderer(prompts, PromptSettings(), tts, media(prompts), Clock())
    assert say(renderer, Text("Ann Lee"))[0].startswith("sound:")
    assert int(note.read_text()) not in (worker, os.getpid())


def test_a_worker_sees_new_prompts_without_a_restart(prompts: Path) -> None:
    now = [0.0]
    play = Playable(prompts, "/srv/prompts", lambda: now[0])
    assert play("en", "greeting") == "sound:/srv/prompts/en/greeting"
    made = run(prompts)[0]
    now[0] = 1.1
    assert play("en", "greeting") == f"sound:/srv/prompts/{made.file.removesuffix('.wav')}"
    (prompts / FOLDER / "index.json").write_text("torn {")
    now[0] = 2.2
    assert play("en", "greeting") == "sound:/srv/prompts/en/greeting"


@pytest.mark.parametrize("name", ["../x", "a/b/c", "num/..", "a,b", "", "num/"])
def test_no_name_leaves_the_folder(prompts: Path, name: str) -> None:
    with pytest.raises(InputError):
        media(prompts)("en", name)


@pytest.fixture
def renderer(prompts: Path, tts: TtsSettings) -> Renderer:
    """A renderer with the engine of one's own."""
    return Renderer(prompts, PromptSettings(), tts, media(prompts), FakeClock(Clock().now()))


def say(renderer: Renderer, *parts: Part) -> list[str]:
    """The media of some parts."""
    try:
        return renderer.media(parts, "en")
    finally:
        renderer.close()


def test_recorded_pieces_are_played_one_after_another(prompts: Path, renderer: Renderer, tmp_path: Path) -> None:
    for number in (1, 2):
        write_speech(prompts / "en" / "num" / f"{number}.wav", 8000, seconds=0.2)
    run(prompts)
    heard = say(renderer, *spoken("digits", "12 1", "en"))
    assert [uri.rpartition("/en/")[2] for uri in heard[:2]] == ["num/1", "num/2"]
    pause = Prepared(prompts, False).index()["en/num/pause"]
    assert heard[2:] == [f"sound:/srv/prompts/{FOLDER}/{pause}", heard[0]]
    assert asked(tmp_path) == []


def test_a_missing_piece_makes_one_text_of_the_whole(prompts: Path, renderer: Renderer, tmp_path: Path) -> None:
    write_speech(prompts / "en" / "num" / "1.wav", 8000, seconds=0.2)
    heard = say(renderer, Text("You owe"), *spoken("money", "21 USD", "en"))
    assert len(heard) == 1
    assert heard[0].startswith(f"sound:/srv/prompts/{FOLDER}/people/")
    assert asked(tmp_path) == ["You owe twenty one dollars|['en', 'Ann x']"]


def test_a_contacts_text_is_spoken_once_and_forgotten_after_a_week(
    prompts: Path, tts: TtsSettings, tmp_path: Path
) -> None:
    clock = FakeClock(Clock().now())
    renderer = Renderer(prompts, PromptSettings(), tts, media(prompts), clock)
    first = renderer.media((Text("Ann Lee"),), "en")
    assert renderer.media((Text("Ann Lee"),), "en") == first
    assert len(asked(tmp_path)) == 1
    people = prompts / FOLDER / "people"
    assert len(list(people.glob("*/*.wav"))) == 1
    assert "Ann" not in "".join(str(file) for file in people.glob("*/*"))
    assert "Ann" not in "".join(file.read_text() for file in people.glob("*/*.json"))
    clock.advance(KEPT_S + 7200)
    renderer.media((Text("Bob"),), "en")
    assert "Ann Lee" not in [line.partition("|")[0] for line in asked(tmp_path)[1:]]
    assert len(list(people.glob("*/*.wav"))) == 1
    renderer.close()


@pytest.mark.attack("row 14: spoken names that outlive an erasure, and that everybody may read")
def test_what_was_spoken_for_a_person_is_theirs_and_goes_with_them(prompts: Path, renderer: Renderer) -> None:
    ann, bob = folder_of(b"a" * 32), folder_of(b"b" * 32)
    prompts.chmod(0o2750)
    before = os.umask(0o077)
    try:
        for whose in (ann, bob):
            assert f"/people/{whose}/" in renderer.media((Text("Dear Ann Lee"),), "en", whose)[0]
    finally:
        os.umask(before)
        renderer.close()
    people = prompts / FOLDER / "people"
    for path in (people, *people.rglob("*")):
        found = path.stat()
        assert found.st_mode & 0o777 == (0o750 if path.is_dir() else 0o640)
        assert found.st_gid == prompts.stat().st_gid
    assert Prepared(prompts, wideband=False).forget(ann) == 1
    assert [folder.name for folder in people.iterdir()] == [bob]
    assert Prepared(prompts, wideband=False).forget(ann) == 0


def test_what_an_older_version_spoke_for_people_goes_after_a_week_too(prompts: Path) -> None:
    people = prompts / FOLDER / "people"
    people.mkdir(parents=True)
    (people / "0123.wav").write_bytes(b"x")
    now = Clock().now().timestamp()
    os.utime(people / "0123.wav", (now - 8 * 86400, now - 8 * 86400))
    assert Prepared(prompts, wideband=False).prune([], now) == 1
    assert not list(people.iterdir())


def test_a_flows_own_text_is_spoken_with_the_prompts_and_a_contacts_is_not(
    prompts: Path, tts: TtsSettings, renderer: Renderer, tmp_path: Path
) -> None:
    flow = parse_flow(FLOW.replace("- play: greeting", SAY), "f.yaml").flow
    said = said_texts([flow])
    assert said == {("en", "Please hold 24/7")}
    results = prepare(prompts, PromptSettings(), tts, said=said)
    assert [r.state for r in results if "Please hold" in r.prompt] == ["spoken"]
    assert len(say(renderer, Text("Please hold 24/7"))) == 1
    assert len(asked(tmp_path)) == 1
    assert not (prompts / FOLDER / "people").exists()
    assert prepare(prompts, PromptSettings(), TtsSettings(), said=said) == run(prompts)  # nobody there to speak


def test_doctor_takes_the_shortest_prepared_prompt(prompts: Path) -> None:
    settings, tts = PromptSettings(), TtsSettings()
    assert [c.prompt for c in [shortest(prompts, settings, tts)] if c] == ["en/ready"]
    write_speech(prompts / "en" / "short.wav", 44100, seconds=0.4)
    run(prompts)
    found = shortest(prompts, settings, tts)
    assert found is not None
    assert (found.prompt, (prompts / found.file).is_file()) == ("en/short", True)
    assert found.seconds == pytest.approx(0.4, abs=0.1)
    assert shortest(prompts / "nothing", settings, tts) is None


def test_doctor_says_why_another_user_cannot_read_a_file(tmp_path: Path) -> None:
    file = tmp_path / "shared" / "x.wav"
    assert f"no {tmp_path}/shared on this host" in why_unplayable(file)
    write_speech(file, 8000)
    file.chmod(0o640)
    assert "only its owner may read" in why_unplayable(file)  # a folder above it, or the file itself


def test_without_an_engine_it_says_which_pieces_are_missing(prompts: Path) -> None:
    silent = Renderer(prompts, PromptSettings(), TtsSettings(), media(prompts), Clock())
    with pytest.raises(ConfigError, match=r"num/4, num/2.*prompts pieces"):
        say(silent, *spoken("digits", "42", "en"))
    with pytest.raises(ConfigError, match=r"no text-to-speech engine"):
        say(silent, Text("Ann"))
    assert say(silent) == []


def test_what_the_engine_cannot_say_is_told_to_the_call(renderer: Renderer) -> None:
    with pytest.raises(ConfigError, match="this word I cannot say"):
        say(renderer, Text("please fail"))


def test_one_index_file_tells_all(prompts: Path) -> None:
    run(prompts)
    index = json.loads((prompts / FOLDER / "index.json").read_text())
    assert set(index) == {"prompts"}
    assert all(Prepared(prompts, False).has(key) for key in index["prompts"].values())


def test_every_engine_names_its_voice() -> None:
    """The cache keeps one file a voice, so its name must tell voices apart."""
    several: list[TtsEngine] = [
        *engines(TtsSettings(engine="espeak-ng")),
        *engines(TtsSettings(engine="espeak-ng", voices={"en": "en-gb"})),
        *engines(TtsSettings(engine="command", command="x {text_file} {out_file}", fallback=False)),
        *engines(TtsSettings(engine="kokoro", model=Path("m"), model_voices=Path("v"), fallback=False)),
    ]
    assert len({engine.identity("en") for engine in several}) == 4
    assert isinstance(Piece("num/1", "one"), Piece)


SAY = """- say: {text: {en: "Please hold 24/7"}}
    - say: {text: {en: "Hello {contact.name}"}}"""
FLOW = """
flow: f
languages: [en]
identify: {business: {en: Hello}}
opt_out: {key: "9", phrases: {en: [stop calling]}}
start: a
nodes:
  a:
    - play: greeting
    - hangup
"""


def test_without_the_extra_nothing_is_half_prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "en").mkdir()
    write_speech(tmp_path / "en" / "greeting.wav")
    monkeypatch.setattr(prepare_module, "OF_EXTRA", ("numpy", "no_such_package"))
    with pytest.raises(ConfigError, match=r"lacks no_such_package: install agi-app\[prompts\]"):
        prepare(tmp_path, PromptSettings(), TtsSettings())
    assert not (tmp_path / FOLDER).exists()
