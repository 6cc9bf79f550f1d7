"""Files and folders of a project that nobody reads, since they are called otherwise than somebody meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from agi_app.authoring.shape_hints import language_named
from agi_app.config.settings import SETTINGS_FILE
from agi_app.errors import Problem
from agi_app.messages import t

_COUNTRY = re.compile(r"([A-Za-z]{2,3})[-_]([A-Za-z]{2})")
_RULE = "yaml/not-read"
_TAG = re.compile(r"[A-Za-z]{2,3}(_[A-Za-z0-9]{2,8})+")


def not_looked_at(folder: Path, kind: str) -> Iterator[Problem]:
    """Files of ``kind`` (flows …) that somebody put where they are not read, or with another ending."""
    ends = t("a file that is read ends in .yaml")
    for path in sorted((folder / kind).glob("*")) if (folder / kind).is_dir() else ():
        if path.is_dir() and any(path.glob("*.y*ml")):
            text = t("this folder is not read; put its files into {kind}/ itself", kind=kind)
            yield Problem(f"{kind}/{path.name}/", 1, 1, _RULE, text, "warning")
        elif path.is_file() and path.suffix.lower() in (".txt", ".json", ".docx", ".csv", ".yalm", ".ymal"):
            yield Problem(f"{kind}/{path.name}", 1, 1, _RULE, t("this file is not read; {ends}", ends=ends), "warning")


def misnamed_folders(folder: Path) -> Iterator[Problem]:
    """Folders whose names lack the s."""
    for kind in ("campaigns", "flows", "meanings", "prompts", "rules", "simulations"):
        if (folder / kind[:-1]).is_dir():
            text = t("this folder is not read; its name must be {kind}", kind=kind)
            yield Problem(f"{kind[:-1]}/", 1, 1, _RULE, text, "warning")


def twins(folder: Path) -> dict[str, str]:
    """Languages of prompts whose folder is called otherwise: zh-CN -> zh_CN, zh-cn or 中文."""
    prompts = folder / "prompts"
    names = sorted(path.name for path in prompts.iterdir() if path.is_dir()) if prompts.is_dir() else []
    found = {tag: name for name in names if (tag := _language_of(name)) is not None and tag != name}
    return {tag: name for tag, name in found.items() if not (prompts / tag).exists()}


def _language_of(name: str) -> str | None:
    """The language that the name of a folder means; None: it means none."""
    if found := _COUNTRY.fullmatch(name):
        return f"{found[1].lower()}-{found[2].upper()}"
    return name.replace("_", "-") if _TAG.fullmatch(name) else language_named(name)


def twin_folders(folder: Path) -> Iterator[Problem]:
    """Such folders of prompts, each once in place of every recording that is not found."""
    for tag, name in twins(folder).items():
        yield Problem(f"prompts/{name}/", 1, 1, _RULE, t("this folder is not read; its name must be {kind}", kind=tag))


def no_settings(folder: Path) -> Iterator[Problem]:
    """That the settings are missing, with the file that may be meant; only this makes it an error."""
    if (folder / SETTINGS_FILE).exists():
        return
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))[:1000]
    near = [name for name in names if name.casefold().startswith(SETTINGS_FILE)]
    near = near or difflib.get_close_matches(SETTINGS_FILE, names, n=1, cutoff=0.75)
    hint = (
        t("is it {near}? Then name that file {settings_file}", near=near[0], settings_file=SETTINGS_FILE)
        if near
        else t("trunks and destinations are not checked")
    )
    yield Problem(
        SETTINGS_FILE, 1, 1, "settings", t("this file is missing; {hint}", hint=hint), "error" if near else "warning"
    )
