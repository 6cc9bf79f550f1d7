"""Every prompt that flows play or that is recorded: in which languages it is there, what it says, how it sounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_app.campaigns.checks.machine_message import message_of
from agi_app.campaigns.project.read_project import Project
from agi_app.errors import InputError
from agi_app.flow.check.graph import prompt_uses
from agi_app.messages import t
from agi_app.prompts.measure import measure
from agi_app.prompts.prepare import look
from agi_app.prompts.settings import voice_settings
from agi_app.prompts.sources import NAME, PART

FOLDER = "prompts"
_measured: dict[tuple[Path, int, int], float | None] = {}
_MOST_MEASURED = 20_000


@dataclass(frozen=True, slots=True)
class PromptOf:
    """A prompt in one language."""

    language: str
    called: str  # greeting, or num/20

    @property
    def name(self) -> str:
        """In asks and notes, and below the folder of prompts."""
        return f"{self.language}/{self.called}"

    @classmethod
    def named(cls, name: str) -> PromptOf:
        """What an ask is about, which the service wrote; InputError for what can be no prompt."""
        language, _, called = name.partition("/")
        if not (PART.fullmatch(language) and NAME.fullmatch(called)):
            raise InputError(t("there is no prompt {name}", name=name))
        return cls(language, called)

    @classmethod
    def whole(cls, language: str, called: str) -> PromptOf:
        """One that is played whole, no piece of spoken values; InputError for what can be none."""
        if not (PART.fullmatch(language) and PART.fullmatch(called)):
            raise InputError(t("there is no prompt {name}", name=f"{language}/{called}"))
        return cls(language, called)


@dataclass(frozen=True, slots=True)
class PromptLine:
    """One prompt in one language. ``flows``: that play it; ``campaigns``: that leave it to machines.

    ``heard``: the file that a call plays, below the folder of prompts; None: there is none yet. ``loudness``: LUFS.
    """

    of: PromptOf
    flows: Sequence[str]
    campaigns: Sequence[str]
    there: bool
    by_engine: bool
    prepared: str | None
    heard: str | None
    seconds: float
    loudness: float | None
    text: str | None
    error: str | None


def listed(project: Project, only: PromptOf | None = None, *, loud: bool = False) -> list[PromptLine]:
    """All of them, or one; ``loud``: with the loudness of what is played as it was recorded. Blocks. Raises InputError,
    ConfigError."""
    folder = project.folder / FOLDER
    played, left = _played(project), _left(project)
    languages = _languages(project)
    wanted = set(project.prompts) | {
        (language, name) for name in {*played, *left} for language in languages.get(name, ())
    }
    chosen = sorted(key for key in wanted if only is None or key == (only.language, only.called))
    looks = {one.prompt: one for one in look(folder, *voice_settings(project.folder))} if folder.exists() else {}
    heard = {key: looks[f"{key[0]}/{key[1]}"].file for key in chosen if f"{key[0]}/{key[1]}" in looks}
    levels = _levels([folder / file for key, file in heard.items() if file]) if loud else {}
    found = []
    for key in chosen:
        facts, made = project.prompts.get(key), looks.get(f"{key[0]}/{key[1]}")
        file = heard.get(key) or None
        level = None if made is None else made.facts.get("loudness")
        found.append(
            PromptLine(
                PromptOf(*key),
                played.get(key[1], ()),
                left.get(key[1], ()),
                facts is not None and (facts.has_audio or facts.by_engine),
                facts is not None and facts.by_engine,
                None if made is None else made.state,
                file if file is not None and (folder / file).is_file() else None,
                0.0 if facts is None else facts.seconds,
                level if level is not None else levels.get(folder / file) if file else None,
                None if facts is None else facts.transcript,
                (made.error if made is not None else None) or (None if facts is None else facts.error),
            )
        )
    return found


def one(project: Project, of: PromptOf, *, loud: bool = False) -> PromptLine:
    """One of them, which may be missing yet. Blocks. Raises InputError when no flow has it and none is recorded."""
    found = listed(project, of, loud=loud)
    if not found:
        raise InputError(t("there is no prompt {name}", name=of.name))
    return found[0]


def new(of: PromptOf) -> PromptLine:
    """One of which there is nothing yet."""
    return PromptLine(of, (), (), False, False, None, None, 0.0, None, None, None)


def heard_file(project: Path, of: PromptOf, below: str = FOLDER) -> Path | None:
    """The file that a call plays, in the project's prompts or in another folder of prompts in it; None: there is none
    that can be. Blocks. Raises InputError, ConfigError."""
    folder = project / below
    found = look(folder, *voice_settings(project)) if folder.exists() else []
    file = next((folder / one.file for one in found if one.prompt == of.name and one.file), None)
    return file if file is not None and file.is_file() else None


def _played(project: Project) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, source in sorted(project.flows.items()):
        for prompt in {use.prompt for use in prompt_uses(source.parsed.flow) if NAME.fullmatch(use.prompt)}:
            found.setdefault(prompt, []).append(name)
    return found


def _left(project: Project) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, source in sorted(project.campaigns.items()):
        if (message := message_of(source.parsed.campaign)) is not None:
            found.setdefault(message, []).append(name)
    return found


def _languages(project: Project) -> Mapping[str, set[str]]:
    """In which languages each prompt must be there."""
    found: dict[str, set[str]] = {}
    for source in project.flows.values():
        for use in prompt_uses(source.parsed.flow):
            if NAME.fullmatch(use.prompt):
                found.setdefault(use.prompt, set()).update(source.parsed.flow.languages)
    for campaign in project.campaigns.values():
        flow, message = project.flows.get(campaign.parsed.campaign.flow), message_of(campaign.parsed.campaign)
        if flow is not None and message is not None:
            found.setdefault(message, set()).update(flow.parsed.flow.languages)
    return found


def _levels(files: Sequence[Path]) -> Mapping[Path, float]:
    """LUFS of each file; measured once for each state of a file."""
    keys = {}
    for file in files:
        try:
            seen = file.stat()
        except OSError:
            continue
        keys[file] = (file, seen.st_size, seen.st_mtime_ns)
    new = [file for file, key in keys.items() if key not in _measured]
    if len(_measured) > _MOST_MEASURED:
        _measured.clear()
    levels = measure(new)
    _measured.update({keys[file]: levels.get(file) for file in new})
    return {file: level for file, key in keys.items() if (level := _measured.get(key)) is not None}
