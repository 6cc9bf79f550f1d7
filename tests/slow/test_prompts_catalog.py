"""The prompts folder as facts: what is there, what is wrong with it, and how Asterisk is told to play it."""

from __future__ import annotations

import random
import wave
from array import array
from pathlib import Path

import pytest

from agi_app.errors import InputError
from agi_app.flow.check.flow_rules import check_flow
from agi_app.flow.check.prompt_files import unused_prompts
from agi_app.flow.load import parse_flow
from agi_app.prompts.catalog import media_uri, read_catalog

pytestmark = pytest.mark.slow  # reads many recordings: not part of the fast unit tests

EXAMPLES = Path(__file__).parents[2] / "examples"


def write_wav(path: Path, *, seconds: float = 0.5, rate: int = 8000, channels: int = 1, width: int = 2) -> Path:
    """A WAV file of silence, its folder made when needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(width)
        wav.setframerate(rate)
        wav.writeframes(bytes(int(seconds * rate) * channels * width))
    return path


def test_a_recording_and_its_transcript_are_one_prompt(tmp_path: Path) -> None:
    write_wav(tmp_path / "zh-CN/greeting.wav", seconds=1.25)
    (tmp_path / "zh-CN/greeting.txt").write_text("您好，这里是阳光口腔。\n", encoding="utf-8")
    catalog = read_catalog(tmp_path)
    assert list(catalog) == [("zh-CN", "greeting")]
    facts = catalog["zh-CN", "greeting"]
    assert facts.has_audio
    assert facts.transcript == "您好，这里是阳光口腔。"
    assert (facts.sample_rate, facts.channels, facts.sample_width, facts.seconds) == (8000, 1, 2, 1.25)
    assert facts.error is None


def test_the_same_name_in_two_languages_is_two_prompts(tmp_path: Path) -> None:
    write_wav(tmp_path / "en/bye.wav")
    write_wav(tmp_path / "zh-CN/bye.wav")
    assert set(read_catalog(tmp_path)) == {("en", "bye"), ("zh-CN", "bye")}


def test_a_format_asterisk_cannot_play_is_told_not_refused(tmp_path: Path) -> None:
    write_wav(tmp_path / "en/hello.wav", seconds=0.1, rate=44100, channels=2, width=3)
    facts = read_catalog(tmp_path)["en", "hello"]
    assert (facts.sample_rate, facts.channels, facts.sample_width) == (44100, 2, 3)
    assert facts.seconds == pytest.approx(0.1)
    assert facts.error is None  # the flow checker judges the format


def test_text_alone_has_no_audio_and_audio_alone_has_no_transcript(tmp_path: Path) -> None:
    write_wav(tmp_path / "en/spoken.wav")
    (tmp_path / "en/written.txt").write_text("Hello", encoding="utf-8")
    catalog = read_catalog(tmp_path)
    assert (catalog["en", "written"].has_audio, catalog["en", "written"].transcript) == (False, "Hello")
    assert (catalog["en", "spoken"].has_audio, catalog["en", "spoken"].transcript) == (True, None)


def test_a_transcript_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "zh-CN").mkdir()
    (tmp_path / "zh-CN/bye.txt").write_bytes(b"\xef\xbb\xbf" + "再见\r\n".encode())
    assert read_catalog(tmp_path)["zh-CN", "bye"].transcript == "再见"


def test_an_empty_transcript_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en/bye.txt").write_text(" \n", encoding="utf-8")
    assert read_catalog(tmp_path)["en", "bye"].transcript is None


def test_a_transcript_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "zh-CN").mkdir()
    (tmp_path / "zh-CN/bye.txt").write_bytes("再见".encode("gb18030"))
    facts = read_catalog(tmp_path)["zh-CN", "bye"]
    assert facts.transcript is None
    assert facts.error is not None
    assert "bye.txt: the file is not UTF-8" in facts.error


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty; record or copy it again"),
        (b"RIFF", "not a plain PCM WAV file"),
        (b"ID3\x04 this is an MP3", "is an MP3, despite its name"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00", "not a plain PCM WAV file"),
    ],
    ids=["empty", "four bytes", "mp3", "header cut"],
)
def test_a_file_that_is_no_wav_becomes_a_fact(tmp_path: Path, content: bytes, said: str) -> None:
    write_wav(tmp_path / "en/good.wav")
    (tmp_path / "en/bad.wav").write_bytes(content)
    catalog = read_catalog(tmp_path)
    assert catalog["en", "good"].error is None
    error = catalog["en", "bad"].error
    assert error is not None
    assert error.startswith(f"bad.wav: {said}")


def test_a_compressed_wav_is_named(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "en/alaw.wav")
    data = bytearray(path.read_bytes())
    data[20:22] = (6).to_bytes(2, "little")  # format tag: A-law
    path.write_bytes(data)
    assert "unknown format: 6" in (read_catalog(tmp_path)["en", "alaw"].error or "")


def test_a_recording_that_was_cut_short_is_named_with_its_real_length(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "en/cut.wav", seconds=2)
    path.write_bytes(path.read_bytes()[: 44 + 8000])
    facts = read_catalog(tmp_path)["en", "cut"]
    assert facts.seconds == 0.5
    assert "4000 of 16000 frames" in (facts.error or "")


def test_a_recording_without_sound_is_named(tmp_path: Path) -> None:
    write_wav(tmp_path / "en/nothing.wav", seconds=0)
    assert "contains no sound" in (read_catalog(tmp_path)["en", "nothing"].error or "")


def test_a_recording_with_a_sample_rate_of_zero_is_named(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "en/odd.wav")
    data = bytearray(path.read_bytes())
    data[24:28] = bytes(4)  # the header's sample rate
    path.write_bytes(data)
    facts = read_catalog(tmp_path)["en", "odd"]
    assert facts.seconds == 0
    assert "contains no sound" in (facts.error or "")


def test_a_header_that_promises_gigabytes_is_named(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "en/huge.wav", seconds=1)
    data = bytearray(path.read_bytes())
    data[40:44] = (0xFFFFFFFE).to_bytes(4, "little")  # the data chunk's length
    path.write_bytes(data)
    facts = read_catalog(tmp_path)["en", "huge"]
    assert facts.seconds == 1
    assert "8000 of 2147483647 frames" in (facts.error or "")


def test_a_sound_file_that_cannot_be_opened_becomes_a_fact(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en/gone.wav").symlink_to(tmp_path / "nowhere.wav")
    assert "gone.wav: cannot be read" in (read_catalog(tmp_path)["en", "gone"].error or "")


def test_no_damage_to_a_wav_file_raises(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "en/x.wav", seconds=0.01)
    good = path.read_bytes()
    rng = random.Random(7)
    for _ in range(300):
        data = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(48)] = rng.choice((0, 1, 255, rng.randrange(256)))
        path.write_bytes(data[: rng.randrange(len(data) + 1)] if rng.random() < 0.3 else data)
        assert ("en", "x") in read_catalog(tmp_path)


@pytest.mark.parametrize(("file", "hint"), [("greeting.WAV", "greeting.wav"), ("greeting.TXT", "greeting.txt")])
def test_capitals_in_the_extension_are_named_because_asterisk_would_not_find_the_file(
    tmp_path: Path, file: str, hint: str
) -> None:
    write_wav(tmp_path / "en" / file)
    facts = read_catalog(tmp_path)["en", "greeting"]
    assert not facts.has_audio
    assert f"rename it to {hint}" in (facts.error or "")


def test_a_name_no_flow_could_use_is_told(tmp_path: Path) -> None:
    write_wav(tmp_path / "en/greeting v2.wav")
    assert "bad name" in (read_catalog(tmp_path)["en", "greeting v2"].error or "")


def test_other_files_are_ignored(tmp_path: Path) -> None:
    write_wav(tmp_path / "en/bye.wav")
    write_wav(tmp_path / "en/old.wav/bye.wav")  # a folder that looks like a file
    write_wav(tmp_path / ".git/bye.wav")
    write_wav(tmp_path / "en/.bye.wav")
    write_wav(tmp_path / "lonely.wav")
    (tmp_path / "en/notes.md").write_text("recorded on Monday")
    assert set(read_catalog(tmp_path)) == {("en", "bye")}


def test_a_project_without_a_prompts_folder_has_no_prompts(tmp_path: Path) -> None:
    assert read_catalog(tmp_path / "prompts") == {}


def test_a_file_in_place_of_the_folder_is_the_users_fault(tmp_path: Path) -> None:
    (tmp_path / "prompts").write_text("")
    with pytest.raises(InputError, match="cannot list the prompts"):
        read_catalog(tmp_path / "prompts")


def test_the_media_uri_has_no_extension() -> None:
    assert media_uri("/srv/prompts/", "zh-CN", "opted_out") == "sound:/srv/prompts/zh-CN/opted_out"


@pytest.mark.parametrize("bad", ["", "..", "../secret", "a/b", "a,b", "a b", "a.wav", "问候", "a\n", "a&b"])
def test_a_name_cannot_leave_the_folder_or_add_media(bad: str) -> None:
    with pytest.raises(InputError, match="prompt"):
        media_uri("/srv/prompts", "en", bad)
    with pytest.raises(InputError, match="language"):
        media_uri("/srv/prompts", bad, "greeting")


@pytest.mark.parametrize("bad", ["", "/", "prompts", "/srv/../etc", "/srv/a,b", "/srv/a\nb"])
def test_the_folder_must_be_one_plain_absolute_path(bad: str) -> None:
    with pytest.raises(InputError, match="prompts folder"):
        media_uri(bad, "en", "greeting")


@pytest.mark.parametrize("example", ["clinic", "survey", "visit-survey", "whitening", "bulk"])
def test_the_shipped_prompts_suit_the_shipped_flows(example: str) -> None:
    folder = EXAMPLES / example
    catalog = read_catalog(folder / "prompts")
    flows = [parse_flow(path.read_bytes(), path.name) for path in (folder / "flows").glob("*.yaml")]
    assert flows
    assert [problem for flow in flows for problem in check_flow(flow, catalog)] == []
    assert not [*unused_prompts(flows, catalog)]


@pytest.mark.parametrize(
    "path", sorted(EXAMPLES.glob("*/prompts/*/*.wav")), ids=lambda p: f"{p.parts[-4]}-{p.parts[-2]}-{p.stem}"
)
def test_the_shipped_recordings_are_loud_enough_and_never_clip(path: Path) -> None:
    with wave.open(str(path), "rb") as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (8000, 1, 2)
        samples = array("h", wav.readframes(wav.getnframes()))
    assert 0.25 <= max(map(abs, samples)) / 32768 <= 0.708  # -12 to -3 dBFS
    assert len(samples) / 8000 <= 10
