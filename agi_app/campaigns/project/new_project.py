"""Makes a new project folder that checks clean and runs: the clinic example with a few sample people, or a template."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from agi_app.audit.signing_key import load_or_make
from agi_app.campaigns.project import chinese_words
from agi_app.campaigns.project.business_name import names_of, write_names
from agi_app.campaigns.project.project_templates import CALLEES, business_of, businesses, known, lay_out, write_renamed
from agi_app.config.settings import SETTINGS_FILE
from agi_app.consent.project_identity import make as make_identity
from agi_app.errors import InputError
from agi_app.file_kinds import why
from agi_app.messages import current, spoken, t, template
from agi_app.shared_files import shared

EXAMPLE = "clinic"
_COPIED = ("flows", "prompts", "simulations")
_CAMPAIGN, _FLOW = "campaigns/march-checkup.yaml", "checkup.yaml"
_DATA_FOLDER = "var"  # that of starter_files/agi-app.toml

_SETTINGS = template("  agi-app.toml    settings: Asterisk and trunks")
_FOLDERS = (
    template("  campaigns/      why, whom, when, how fast, from which number"),
    template("  flows/          what happens in a call, and what answers who calls back"),
    template("  prompts/        recordings with their transcripts"),
    template("  simulations/    calls that the flow must lead to; `agi-app simulate --expect` runs them"),
)
_THREE = template("  contacts.csv, consent.csv    three sample people (test numbers)")
_FOUR = template("  contacts.csv, consent.csv    four sample people (test numbers)")
_CALLEES = template("  callees.toml    what these people do in the sandbox")
_KEPT = (
    template("  caller-id-letter.txt         a sample of the carrier's letter that a number is yours (test number)"),
    template("  var/            data: var/suppression.key and var/audit/key.pem cannot be made again; back them up"),
)
_PAGE = template("  README.md       what the call says and what to change; README.zh-CN.md: the same in Chinese")
_YOURS = template("to make it your own: docs/how-to/a-whole-script.md says which files to change, delete and keep")
_TO_RECORD = template(
    "  not there: the recordings that say the name ({files}); record them, or let a program speak them ([tts])"
)
_READ = template("then: README.md leads on to calls in the sandbox, and says how to make it your own")


def make_project(folder: Path, of: str | None = None, names: Sequence[str] = ()) -> list[str]:
    """Fill ``folder`` (new or empty) and return lines that say what was made and what comes next.

    ``of``: the name of a template; without it the project is the clinic's. ``names``: of the business, ``NAME`` or
    ``LANGUAGE=NAME``; none: the sample's. Raises InputError.
    """
    chosen = None if of is None else known(of)
    sample = business_of(shared("examples") / EXAMPLE / "flows" / _FLOW) if chosen is None else businesses(chosen)
    named = names_of(names, [*sample])
    try:
        was_there = folder.exists()
        if was_there and not folder.is_dir():
            raise InputError(t("{folder}: is a file; `agi-app init` makes a new folder", folder=folder))
        if was_there and any(folder.iterdir()):
            raise InputError(t("{folder}: is not empty; `agi-app init` makes a new folder", folder=folder))
    except OSError as error:
        raise InputError(t("{folder}: cannot be read: {strerror}", folder=folder, strerror=why(error))) from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _fill(folder, shared("examples") / EXAMPLE, chosen)
        unsaid = write_names(folder, {sample[language]: name for language, name in named.items()}) if named else []
    except OSError as error:  # also copytree's own error, which has a list and no strerror
        _empty(folder, was_there)
        raise InputError(t("{folder}: cannot be written: {strerror}", folder=folder, strerror=why(error))) from error
    return _told(folder, chosen, unsaid)


def _told(folder: Path, chosen: str | None, unsaid: Sequence[str]) -> list[str]:
    made: tuple[str, ...]
    if chosen is None:
        what = t("{folder}: a project with one campaign, two flows and their prompts in two languages", folder=folder)
        flow, last, made = "checkup-reminder", _YOURS, (_SETTINGS, *_FOLDERS, _THREE, *_KEPT)
    else:
        what = t("{folder}: a project of the template {name}, in Chinese and English", folder=folder, name=chosen)
        flow, last = chosen, _READ
        called = (_CALLEES,) if (folder / CALLEES).exists() else ()
        made = (_PAGE, _SETTINGS, *_FOLDERS, _FOUR, *called, *_KEPT)
    return [
        what,
        *map(spoken, made),
        *([spoken(_TO_RECORD).format(files=", ".join(unsaid))] if unsaid else []),
        t("next: cd {folder}; agi-app check; agi-app simulate {flow}", folder=folder, flow=flow),
        spoken(last),
    ]


def _fill(folder: Path, example: Path, chosen: str | None) -> None:
    renamed = _clinic(folder, example) if chosen is None else lay_out(folder, chosen, example)
    for file in resources.files("agi_app.campaigns").joinpath("starter_files").iterdir():
        if not (folder / file.name).exists():
            write_renamed(file.read_bytes(), folder / file.name, renamed)
    if current() == "zh":
        chinese_words.translate(folder)
    load_or_make(folder / _DATA_FOLDER)
    with (folder / SETTINGS_FILE).open("a", encoding="utf-8") as settings:
        settings.write(f"\n{make_identity(folder / _DATA_FOLDER).toml}")
    ignored = "var/\nbackups/\nconsole/\nprompts/.prepared/\nari-password\n*.rejects.csv\n"
    (folder / ".gitignore").write_text(ignored, encoding="utf-8")
    for file in folder.iterdir():
        if file.is_file():  # lists of people and passwords: for the owner and the group, as that of the console
            file.chmod(file.stat().st_mode & ~0o007)


def _clinic(folder: Path, example: Path) -> dict[str, str]:
    for part in _COPIED:
        shutil.copytree(example / part, folder / part)
    (folder / "campaigns").mkdir()
    shutil.copy(example / _CAMPAIGN, folder / _CAMPAIGN)
    return {}


def _empty(folder: Path, was_there: bool) -> None:
    """Take a half-made project away, so that init can be run again; the folder stays if it was there."""
    for made in folder.iterdir() if folder.is_dir() else ():
        if made.is_dir():
            shutil.rmtree(made, ignore_errors=True)
        else:
            made.unlink(missing_ok=True)
    if not was_there and folder.is_dir():
        folder.rmdir()
