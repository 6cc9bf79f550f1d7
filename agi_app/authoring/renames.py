"""Names that users have and that changed: the old one works for one release, with a warning. Pure.

Nothing else knows the old names; in the release ``GONE_IN`` the rows go, and with them the names.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from agi_app.messages import t

GONE_IN = "0.4"

# A command as its words, what must be among its options for this row to be meant, and the command of today.
COMMANDS = (
    ("consent revoke", "--purpose", "consent withdraw"),
    ("consent revoke", "", "stop"),
    ("suppression add", "", "stop"),
)
OPTIONS = {  # command of today, or "" for all -> old option -> the one of today
    "": {"--out": "--output"},
    "callerid prove": {"--show": "--caller-id"},
    "complaint export": {"--lang": "--language"},
    "consent show": {"--lang": "--language"},
    "diagram": {"--lang": "--language"},
    "prompts pieces": {"--lang": "--language"},
    "rehearse": {"--show": "--caller-id"},
}
SETTINGS = {  # table, * for a name of the user's -> old setting -> the one of today
    ("speech",): {"taps": "snoop_channels"},
    ("trunks", "*"): {"lines": "ports"},
}
IN_SETTINGS = {("trunks", "*", "endpoint"): {"{line}": "{port}"}}  # what stands in the text of a setting

IN_JSON = {  # command -> old name in what --json prints -> the one of today; both are there
    "campaign status": {"held_back_by": "waiting_reasons"},
    "doctor": {"well": "ok", "mend": "fix"},
}


class OldName(FutureWarning):
    """Somebody uses a name that goes in the next release but one."""


def told(old: str, new: str) -> str:
    """The warning for an old name."""
    return t("{old} is called {new} now; the old name works until agi-app {gone_in}", old=old, new=new, gone_in=GONE_IN)


def command_line(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of a command line with the names of today, and a warning for each that was an old one."""
    found, said = list(words), []
    options = {word.partition("=")[0] for word in words}
    for old, needed, new in COMMANDS:
        length = len(old.split())
        if found[:length] == old.split() and (not needed or needed in options):
            found[:length] = new.split()
            said.append(told(f"`agi-app {old}`", f"`agi-app {new}`"))
    end = found.index("--") if "--" in found else len(found)
    for command, names in OPTIONS.items():
        if found[: len(command.split())] == command.split():
            for at, word in enumerate(found[:end]):
                name, equals, value = word.partition("=")
                if name in names:
                    found[at] = f"{names[name]}{equals}{value}"
                    said.append(told(name, names[name]))
    return _without_names(found, said), said


def _without_names(words: list[str], said: list[str]) -> list[str]:
    """Without --entered-by: who acts is the account of the operating system's user, and no option says otherwise."""
    left: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            return [*left, word, *rest]
        name, equals, _ = word.partition("=")
        if name != "--entered-by":
            left.append(word)
            continue
        if not equals:
            next(rest, None)
        said.append(
            "--entered-by no longer says who acted: that is the account of your user of the operating system"
            f" (`agi-app account list`); the option goes in agi-app {GONE_IN}"
        )
    return left


def is_old(words: Sequence[str], option: str) -> bool:
    """Whether an option behind these words of a command line is an old name."""
    return any(
        option in names for command, names in OPTIONS.items() if [*words][: len(command.split())] == command.split()
    )


def in_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with the names of today; warns of each old one. An old one beside its new one stays: a fault."""
    found = dict(values)
    for path, names in SETTINGS.items():
        found = _changed(found, path, partial(_keys_today, names=names))
    for (*table, name), words in IN_SETTINGS.items():
        found = _changed(found, table, partial(_text_today, name=name, words=words))
    return found


def _keys_today(table: Mapping[str, Any], where: str, names: Mapping[str, str]) -> dict[str, Any]:
    old_ones = {old: new for old, new in names.items() if old in table and new not in table}
    for old, new in old_ones.items():
        _warn(t("{old} in [{where}]", old=old, where=where), new)
    return {old_ones.get(key, key): value for key, value in table.items()}


def _text_today(table: Mapping[str, Any], where: str, name: str, words: Mapping[str, str]) -> dict[str, Any]:
    text = table.get(name)
    for old, new in words.items():
        if isinstance(text, str) and old in text:
            _warn(t("{old} in {name} of [{where}]", old=old, name=name, where=where), new)
            text = text.replace(old, new)
    return {**table, name: text} if name in table else dict(table)


def in_json(command: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a command prints for programs, which cannot read a warning: with the old names, too."""
    return {**values, **{old: values[new] for old, new in IN_JSON[command].items()}}


def paths_today(known: Mapping[tuple[str, ...], Any]) -> dict[tuple[str, ...], Any]:
    """Places of settings, by the names of today, too."""
    also = {}
    for path, place in known.items():
        for table, names in SETTINGS.items():
            at = len(table)
            if len(path) > at and all(one in ("*", part) for one, part in zip(table, path, strict=False)):
                also[(*path[:at], names.get(path[at], path[at]), *path[at + 1 :])] = place
    return also | dict(known)


def _changed(values: Any, path: Sequence[str], change: Callable[[Mapping[str, Any], str], Any], at: str = "") -> Any:
    """The values with each table at a path changed; what has another shape stays for those who judge it."""
    if not isinstance(values, Mapping):
        return values
    if not path:
        return change(values, at.removeprefix("."))
    names = [*values] if path[0] == "*" else [name for name in path[:1] if name in values]
    return {**values, **{name: _changed(values[name], path[1:], change, f"{at}.{name}") for name in names}}


def _warn(old: str, new: str) -> None:
    warnings.warn(told(old, new), OldName, stacklevel=2)
