"""The manual page agi-app(1), of the commands' own help; ``scripts/docs`` writes it in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from agi_app.messages import current, template

Say = Callable[[str], str]
DESCRIPTION = template(
    "agi-app makes automated calls through Asterisk, but only to people who agreed to them. A project is a folder with"
    " the settings (agi-app.toml), campaigns, call flows and recordings. `agi-app docs` shows the documents."
)
STATUS = (
    ("0", template("Done.")),
    ("1", template("The input is wrong; the message says what, where and how to fix it.")),
    ("2", template("The environment is wrong: Asterisk, the database, a file that cannot be written.")),
    ("3", template("Another worker drives this Asterisk already.")),
)
ENVIRONMENT = (
    ("AGI_APP_PROJECT", template("The project folder, where --project is not given.")),
    ("AGI_APP_LANG", template("The language of what is printed: en or zh.")),
    ("DATABASE_URL", template("The database, where agi-app.toml names none.")),
)
TITLES = ("Name", "Synopsis", "Description", "Commands", "Exit status", "Environment")
TEXTS = (*TITLES, DESCRIPTION, *(text for _, text in (*STATUS, *ENVIRONMENT)))


def page(commands: Iterable[tuple[str, Any]], say: Say) -> str:
    """The page in the current language, as man-pages(7) has its sections."""
    return "\n".join(line for line in _lines(list(commands), say) if line) + "\n"


def _lines(commands: list[tuple[str, Any]], say: Say) -> Iterator[str]:
    yield '.\\" Made by scripts/docs from the code; change it there.'
    yield ".TH AGI\\-APP 1"
    yield from (_head(say(TITLES[0])), f"agi\\-app \\- {_plain(say('Consent-first automated calling for Asterisk.'))}")
    yield from (_head(say(TITLES[1])), ".B agi\\-app", "[\\-\\-lang en|zh]", ".I COMMAND", r"\&...")
    yield from (_head(say(TITLES[2])), _plain(say(DESCRIPTION)))
    yield _head(say(TITLES[3]))
    for name, command in commands:
        yield f".SS agi\\-app {_plain(name)}"
        yield _paragraphs(say(command.help))
        for one in command.params:
            names = one.opts if one.param_type_name == "option" else [one.name.upper()]
            if names[0] not in ("--project", "--help"):
                yield from _item(", ".join(names), say(one.help or ""))
    for title, rows in ((TITLES[4], STATUS), (TITLES[5], ENVIRONMENT)):
        yield _head(say(title))
        for name, text in rows:
            yield from _item(name, say(text))


def _head(title: str) -> str:
    return f".SH {_plain(title if current() == 'zh' else title.upper())}"


def _item(name: str, text: str) -> tuple[str, str, str]:
    return ".TP", f".B {_plain(name)}", _plain(text)


def _paragraphs(text: str) -> str:
    return "\n.PP\n".join(_plain(part) for part in text.split("\n\n"))


def _plain(text: str) -> str:
    """Text that troff takes as it is: no request at the start of a line, no escape."""
    words = " ".join(text.replace("`", "").split()).replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", words)
