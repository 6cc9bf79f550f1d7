"""The table of meanings: what ships, and what a project adds to it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agi_app.campaigns.project.meanings_files import load_meanings, parse_meanings, shipped_files, shipped_meanings
from agi_app.campaigns.project.read_project import find_project, read_project
from agi_app.errors import AuthorError
from agi_app.flow.answers.phrase_cover import phrase_of
from agi_app.flow.check.alike_meanings import alike, means_less
from tests.unit.spoken import YES_NO, asking, meant

OWN = """\
meanings:
  "yes": {zh-CN: [约吧]}
  reschedule: {zh-CN: [换个时段], en: [a different slot]}
opt_out: {zh-CN: [莫再来烦], en: [no more robots]}
fillers: {en: [lovely]}
"""


def project_with(tmp_path: Path, **files: str) -> Path:
    """A project folder with these files in meanings/."""
    (tmp_path / "meanings").mkdir()
    for name, text in files.items():
        (tmp_path / "meanings" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_both_languages_have_every_meaning() -> None:
    shipped = shipped_meanings()
    for name in shipped.meanings:
        for language in ("zh-CN", "en"):
            assert len(shipped.phrases(name, language)) >= 20, (name, language)


def test_a_phrase_ships_once_in_a_list() -> None:
    for file in shipped_files():
        lists = [*file.meanings.values(), file.opt_out, file.not_stop, file.fillers, file.negations, file.doubts]
        for language, phrases in ((tag, texts) for by_language in lists for tag, texts in by_language.items()):
            assert sorted(phrases) == sorted(set(phrases)), language
            assert all(phrase_of(phrase).units for phrase in phrases)


@pytest.mark.slow
def test_no_shipped_answer_asks_to_stop() -> None:
    """Else people who only say no would never be called again."""
    shipped = shipped_meanings()
    for language in ("zh-CN", "en"):
        found = {stop: means_less(stop, language, shipped) for stop in shipped.list_of("opt_out", language)}
        assert {stop: other for stop, other in found.items() if other} == {}


def test_yes_and_no_do_not_sound_alike() -> None:
    for language in ("zh-CN", "en"):
        assert list(alike(asking(language, *YES_NO))) == []


def test_what_sounds_alike_is_found() -> None:
    wanted = shipped_meanings().wanted("zh-CN", {"buy": {"zh-CN": ["报名"]}, "name": {"zh-CN": ["報名"]}, "other": {}})
    assert list(alike(wanted)) == [("buy", "报名", "name", "報名")]


def test_a_project_adds_names_and_phrases(tmp_path: Path) -> None:
    meanings = load_meanings(project_with(tmp_path, clinic=OWN))
    wanted = meanings.wanted("zh-CN", {"yes": "yes", "other": "reschedule"})
    assert [meant(wanted, text) for text in ("约吧", "好的", "换个时段", "莫再来烦我", "别打了")] == [
        "yes",
        "yes",
        "other",
        "opt_out",
        "opt_out",
    ]
    english = meanings.wanted("en-GB", {"other": "reschedule"})
    assert [meant(english, text) for text in ("A different slot, lovely.", "No more robots!")] == ["other", "opt_out"]
    assert meant(asking("en", *YES_NO), "no more robots") != "opt_out"


def test_a_flow_adds_its_own_stops() -> None:
    wanted = shipped_meanings().wanted("en", {"yes": "yes"}, opt_out={"en": ["no more robots"], "zh-CN": ["走开"]})
    assert meant(wanted, "yes, but no more robots") == "opt_out"
    assert meant(wanted, "stop calling me") == "opt_out"


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    folder = project_with(
        tmp_path,
        a="meanings:\n  cross: {en: [stop calling]}\nopt_out:\n  zh-CN:\n    - 不要了\n",
        b="meaning: {}\n",
        c="fillers: {zh-CN: [不太]}\n",
    )
    with pytest.raises(AuthorError) as caught:
        load_meanings(folder)
    assert [f"{p.file}:{p.line}:{p.column}: {p.rule}" for p in caught.value.problems] == [
        "meanings/a.yaml:2:16: meanings/stop",
        "meanings/a.yaml:5:7: meanings/opt-out",
        "meanings/b.yaml:1:1: schema/unknown-key",
        "meanings/c.yaml:1:19: meanings/filler",
    ]


def test_a_project_with_faulty_meanings_is_checked_with_the_shipped_ones(tmp_path: Path) -> None:
    project = read_project(project_with(tmp_path, a="meanings: 3\n"), None)
    assert [p.rule for p in project.errors] == ["schema/value"]
    assert project.meanings is shipped_meanings()


def test_a_file_of_meanings_can_be_checked_alone(tmp_path: Path) -> None:
    folder = project_with(tmp_path, a=OWN)
    assert find_project(folder / "meanings" / "a.yaml") == (folder, "meanings/a.yaml")


def test_a_shipped_stop_cannot_be_taken_away() -> None:
    with pytest.raises(AuthorError, match="unknown-key"):
        parse_meanings("not_stop: {en: [stop calling]}\n", "m")


@pytest.mark.slow
def test_the_table_of_sounds_waits_until_it_is_needed() -> None:
    """It takes 0.2 s and 50 MB that a project without Mandarin never needs."""
    code = (
        "import sys; import agi_app.campaigns.project.meanings_files as m;"
        "from agi_app.flow.answers.understanding import understand;"
        "from agi_app.flow.answers.recognition import Heard;"
        "print(understand(m.shipped_meanings().wanted('en', {'a': 'yes'}), Heard('yes', 1.0)).value);"
        "print('pypinyin' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert found.stdout.split() == ["a", "False"]
