"""The name of the office that a new project is made for, in each kind of file so that it is read as that name again."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from agi_app.errors import InputError
from agi_app.messages import t

MOST_CHARACTERS = 80
_PLAIN_IN_YAML = re.compile(r"[^\W\d_][\w -]*\w|[^\W\d_]")  # needs no quotes, but for the words below
_OTHER_IN_YAML = {"yes", "no", "true", "false", "on", "off", "null", "none", "y", "n"}


def names_of(given: Sequence[str], languages: Sequence[str]) -> dict[str, str]:
    """The name in each language, from ``NAME`` for all of them or ``LANGUAGE=NAME`` for one. Raises InputError."""
    names = dict[str, str]()
    for one in given:
        before, is_said, rest = one.partition("=")
        said = next((tag for tag in languages if is_said and before.strip().casefold() == tag.casefold()), None)
        names |= dict.fromkeys(languages, _judged(one)) if said is None else {said: _judged(rest)}
    for language in languages:
        if names and language not in names:
            example = f'--name "{language}=…"'
            raise InputError(
                t("--name: the name in {language} is missing; write {example}, too", language=language, example=example)
            )
    return names


def write_names(folder: Path, names: Mapping[str, str]) -> list[str]:
    """Write the new names of a project in place of the old ones; returns the recordings that said an old one, removed.

    ``names``: old to new. Raises OSError.
    """
    unsaid = list[str]()
    for file in sorted(folder.rglob("*")):
        if file.suffix not in _RENAME or not file.is_file():
            continue
        old = file.read_text(encoding="utf-8")
        new = _RENAME[file.suffix](old, names)
        if new != old:
            file.write_text(new, encoding="utf-8")
            recording = file.with_suffix(".wav")
            if file.suffix == ".txt" and recording.exists():
                recording.unlink()
                unsaid.append(recording.relative_to(folder).as_posix())
    return unsaid


def _judged(name: str) -> str:
    told = " ".join(name.split())
    if not any(c.isalnum() for c in told) or not told.isprintable():
        raise InputError(t("--name: {name!r} is no name that a call can say", name=name))
    if len(told) > MOST_CHARACTERS:
        raise InputError(
            t("--name: at most {most} characters; this has {length}", most=MOST_CHARACTERS, length=len(told))
        )
    return told


def _in_text(text: str, names: Mapping[str, str]) -> str:
    """All at once, so that a new name may have an old one in it; a name that is the same in both languages once."""
    renamed = re.sub("|".join(map(re.escape, names)), lambda found: names[found[0]], text)
    for name in {name for name in names.values() if [*names.values()].count(name) > 1}:
        renamed = re.sub(rf"({re.escape(name)})\s+\({re.escape(name)}\)", r"\1", renamed)
    return renamed


def _in_yaml(text: str, names: Mapping[str, str]) -> str:
    return _in_text(text, {old: _scalar(new) for old, new in names.items()})


def _in_csv(text: str, names: Mapping[str, str]) -> str:
    out = io.StringIO()
    rows = csv.reader(io.StringIO(text, newline=""))
    csv.writer(out, lineterminator="\n").writerows([_in_text(cell, names) for cell in row] for row in rows)
    return out.getvalue()


def _scalar(name: str) -> str:
    """A YAML scalar that is this text and nothing else."""
    plain = _PLAIN_IN_YAML.fullmatch(name) and name.casefold() not in _OTHER_IN_YAML
    return name if plain else json.dumps(name, ensure_ascii=False)


_RENAME = {".yaml": _in_yaml, ".csv": _in_csv, ".txt": _in_text}
