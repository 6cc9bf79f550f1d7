"""The changes that make an Asterisk ready, computed from facts and files; nothing is written here. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agi_app.asterisk_setup.conf_files import FOLDER, RULE, Conf, ConfSource, read_conf
from agi_app.asterisk_setup.facts import SetupFacts
from agi_app.asterisk_setup.host_steps import HostStep, group_steps, recording_steps
from agi_app.asterisk_setup.toml_edits import with_settings
from agi_app.asterisk_setup.wanted_files import DIALPLAN, FILES, GOOD_TO_HAVE, TRUNKS, WantedFiles, want_all
from agi_app.config.settings import SETTINGS_FILE
from agi_app.errors import AuthorError, Problem
from agi_app.messages import t

MARK = "; agi-app: written by `agi-app asterisk setup`, taken away by `agi-app asterisk setup --undo`"
NO_TRUNK = "; No trunk yet: `agi-app trunk add NAME --host …` writes them here.\n"
# FreePBX writes the files themselves anew; these it includes, and leaves alone.
FREEPBX = {
    "http.conf": ("http_custom.conf",),
    "ari.conf": ("ari_additional_custom.conf", "ari_general_custom.conf"),
    "manager.conf": ("manager_custom.conf",),
    "pjsip.conf": ("pjsip_custom_post.conf", "pjsip_custom.conf"),
    "extensions.conf": ("extensions_custom.conf",),
}
NO_ENTITYID = ("", "00:00:00:00:00:00")
FREEPBX_SIGN = "extensions_additional.conf"
RELOADS = {  # by which Asterisk takes up a file
    "http.conf": "module reload http",
    "ari.conf": "module reload res_ari.so",
    "manager.conf": "module reload manager",
    "pjsip.conf": "module reload res_pjsip.so",
    TRUNKS: "module reload res_pjsip.so",
    "extensions.conf": "dialplan reload",
    **dict.fromkeys(DIALPLAN, "dialplan reload"),
}


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file as it is and as it will be; ``before`` None: it is new. ``verbatim``: the file of ours that it copies."""

    file: Path
    before: str | None
    after: str
    verbatim: str = ""
    private: bool = False  # for its owner alone


@dataclass(frozen=True, slots=True)
class SetupPlan:
    """All that setup would do. In this order: our files first, the lines that include them last."""

    changes: tuple[FileChange, ...] = ()
    steps: tuple[HostStep, ...] = ()
    modules: tuple[str, ...] = ()  # that Asterisk loads now
    commands: tuple[str, ...] = ()  # of Asterisk's console, then
    notes: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()  # not to be shown
    freepbx: bool = False

    @property
    def empty(self) -> bool:
        """Nothing would be changed."""
        return not (self.changes or self.steps or self.commands or set(self.modules) - GOOD_TO_HAVE)


def plan_of(facts: SetupFacts, source: ConfSource) -> SetupPlan:
    """What to change. Raises AuthorError with all that setup cannot solve itself, ConfigError."""
    confs = {name: read_conf(source, name) for name in FILES}
    wanted = want_all(facts, confs)
    freepbx = any(one.target.rpartition("/")[2] == FREEPBX_SIGN for one in confs["extensions.conf"].includes)
    problems = list(wanted.problems)
    config = facts.asterisk.config
    changes = [*_ours(config, wanted, source)]
    for name in filter(wanted.texts.__contains__, FILES):
        problems += confs[name].problems
        anchor = _anchor(confs[name], freepbx, problems)
        if anchor and not confs[name].includes_of_ours(name):
            before = source.text(anchor)
            changes.append(FileChange(config / anchor, before, with_include(before, name)))
    if problems:
        raise AuthorError(*dict.fromkeys(problems))
    changes += _of_project(facts, wanted)
    touched = {change.file.name for change in changes} | {base_of(change.file.name) for change in changes}
    commands = dict.fromkeys(RELOADS[name] for name in RELOADS if name in touched)
    (memory, notes), (member, told) = recording_steps(facts), group_steps(facts)
    notes += told
    if facts.asterisk.entityid in NO_ENTITYID:
        notes.append(
            t("this Asterisk has no entityid: write one (as 02:00:00:00:00:01) into asterisk.conf, and restart it")
        )
    return SetupPlan(
        tuple(changes),
        (*memory, *member),
        tuple(wanted.modules),
        tuple(commands),
        (*wanted.notes, *notes),
        tuple(filter(None, (facts.ari_password, facts.ami_password, facts.agi_token))),
        freepbx,
    )


def with_include(before: str | None, name: str) -> str:
    """A file of theirs with the line that includes ours, at its end."""
    text = before or ""
    end = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not text else (end if text.endswith("\n") else end * 2)
    return f'{text}{gap}{MARK}{end}#tryinclude "{FOLDER}/{name}"{end}'


def without_include(text: str) -> str | None:
    """A file without the lines of ``with_include``, wherever they are now; None when they are there more than once."""
    lines = text.split("\n")
    marks = [n for n, line in enumerate(lines) if line.rstrip("\r") == MARK]
    included = [n for n, line in enumerate(lines) if line.startswith(f'#tryinclude "{FOLDER}/')]
    if len(marks) > 1 or len(included) > 1:
        return None
    gone = {*marks, *included}
    if marks and marks[0] and not lines[marks[0] - 1].strip("\r"):
        gone.add(marks[0] - 1)
    return "\n".join(line for n, line in enumerate(lines) if n not in gone)


def base_of(name: str) -> str:
    """The file of Asterisk to which a file for additions belongs; else the file itself."""
    return next((base for base, custom in FREEPBX.items() if name in custom), name)


def _anchor(conf: Conf, freepbx: bool, problems: list[Problem]) -> str:
    """The file that gets the line; "" when there is none."""
    if not freepbx:
        return conf.name
    included = [one.target for one in conf.includes]
    for custom in FREEPBX.get(conf.name, ()):
        if any(target.rpartition("/")[2] == custom for target in included):
            return custom
    if conf.includes_of_ours(conf.name) or (conf.name == "amd.conf" and not conf.there):
        return conf.name
    told = "FreePBX writes this file, and it includes no file for additions of yours, into which agi-app could write"
    problems.append(Problem(conf.name, 1, 1, RULE, t(told)))
    return ""


def _ours(config: Path, wanted: WantedFiles, source: ConfSource) -> Iterator[FileChange]:
    texts = dict(wanted.texts)
    if source.text(f"{FOLDER}/{TRUNKS}") is None:
        texts[TRUNKS] = NO_TRUNK
    for name, text in texts.items():
        before = source.text(f"{FOLDER}/{name}")
        if before != text:
            copied = f"dialplan/{name}" if name in DIALPLAN else ""
            yield FileChange(config / FOLDER / name, before, text, copied)


def _of_project(facts: SetupFacts, wanted: WantedFiles) -> Iterator[FileChange]:
    """Secrets that are new, then the settings that lead to Asterisk."""
    edits: dict[tuple[str, ...], str | int | float | bool] = {}
    for table, secret, usual in (
        ("asterisk", facts.ari_password, "ari-password"),
        ("ami", facts.ami_password, "ami-password"),
    ):
        if {"asterisk": "ari", "ami": "ami"}[table] in facts.secrets_there:
            continue
        name = str(facts.settings.get((table, "password_file"), "")) or usual
        yield FileChange(facts.project / name, None, f"{secret}\n", private=True)
        if not facts.settings.get((table, "password_file")):
            edits[table, "password_file"] = name
    reached: Mapping[tuple[str, str], str | int] = {
        ("asterisk", "url"): wanted.ari_url,
        ("asterisk", "username"): facts.ari_user,
        ("asterisk", "prompts_path"): str(facts.project / "prompts"),
        ("ami", "host"): wanted.ami_host,
        ("ami", "port"): wanted.ami_port,
        ("ami", "username"): facts.ami_user,
    }
    edits |= {path: value for path, value in reached.items() if facts.settings.get(path) != value}
    if edits:
        file = facts.project / SETTINGS_FILE
        after = with_settings(facts.settings_text, edits, str(file))
        if after != facts.settings_text:
            yield FileChange(file, facts.settings_text, after)
