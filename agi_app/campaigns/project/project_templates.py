"""The templates of `agi-app init --template`: whole small projects in Chinese and English, each for one campaign.

``templates/NAME/`` has what is a template's own: its flow, campaign, expected calls, prompts, people and page.
``templates/common/`` has the words that several of them say and the end of their pages; the flow for people who call
back is the one of the example, with the template's name of the business in it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from agi_app.authoring.suggestions import nearest
from agi_app.campaigns.project import chinese_words
from agi_app.errors import InputError
from agi_app.flow.check.graph import prompt_uses, said_prompts
from agi_app.flow.check.recorded_pieces import needed_pieces
from agi_app.flow.language.definition import Flow
from agi_app.flow.load import parse_flow
from agi_app.messages import current, spoken, t, template

TEMPLATES = {
    "appointment": template("reminds of an appointment: confirm it, ask for another time, hear it again"),
    "delivery": template("says when the courier comes: somebody is there, a safe place, another day"),
    "recall": template("recalls a product: understood, or be called back"),
    "survey": template("three questions by keys; the list says to which group a person belongs"),
    "closing-notice": template("says from when a shop is closed and when it opens again"),
    "school-notice": template("tells parents when lessons end; says that it is no emergency system"),
    "payment-reminder": template(
        "reminds of a payment, once the person has keyed a birthday; can transfer to the staff"
    ),
}
CALLEES = "callees.toml"  # who is called in the sandbox
_LINE = "who-called"  # the flow for people who call back, and its expected calls
_ABOUT, _STEPS = "about{}.md", "steps{}.md"
_PAGES = {"README.md": "", "README.zh-CN.md": ".zh-CN"}  # how the two parts of each end
_NAME = "TEMPLATE"  # in common/steps.md


def known(name: str) -> str:
    """``name`` if there is such a template. Raises InputError that names all of them."""
    if name in TEMPLATES:
        return name
    better = nearest(name, [*TEMPLATES])
    near = t('; did you mean "{better}"?', better=better) if better else ""
    raise InputError(
        t("there is no template {name!r}{near} (all: {known})", name=name, near=near, known=", ".join(TEMPLATES))
    )


def listed() -> list[str]:
    """Each template on a line, with what it is for, in the language of who reads."""
    wide = max(map(len, TEMPLATES))
    return [f"{name:{wide}}  {spoken(about)}" for name, about in TEMPLATES.items()]


def businesses(name: str) -> dict[str, str]:
    """The name of a template's sample business in each of its languages."""
    return business_of(_folder() / name / "flows" / f"{name}.yaml")


def business_of(flow: Path) -> dict[str, str]:
    """The name of the business in each language of a flow's file."""
    return dict(_flow(flow).identify.business)


def lay_out(folder: Path, name: str, example: Path) -> dict[str, str]:
    """Fill a new project with a template; returns the names of the example's business and what stands for them here.

    ``example``: the project that `agi-app init` alone makes, whose flow for who calls back is used. Raises OSError.
    """
    own, common = _folder() / name, _folder() / "common"
    left_out = (_ABOUT.format("*"), *(() if _has_sandbox() else (CALLEES,)))
    shutil.copytree(own, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*left_out))
    flow = _flow(own / "flows" / f"{name}.yaml")
    line = _flow(example / "flows" / f"{_LINE}.yaml")
    renamed = {line.identify.business[language]: told for language, told in flow.identify.business.items()}
    for page, ending in _PAGES.items():
        parts = (own / _ABOUT.format(ending), common / _STEPS.format(ending))
        write_renamed(b"\n".join(part.read_bytes() for part in parts), folder / page, {**renamed, _NAME: name})
    for kind in ("flows", "simulations"):
        write_renamed((example / kind / f"{_LINE}.yaml").read_bytes(), folder / kind / f"{_LINE}.yaml", renamed)
    for language, prompt in sorted(_prompts(flow) | _prompts(line)):
        _copy_prompt(f"{language}/{prompt}", folder / "prompts", [common / "prompts", example / "prompts"])
    return renamed


def flow_text(name: str, called: str) -> str:
    """The flow of a template under another name, its comments in the language of who reads. Raises InputError."""
    return _text(name, "flows", {"flow": called})


def campaign_text(name: str, fields: Mapping[str, str]) -> str:
    """The campaign of a template with other values of these fields, which are YAML. Raises InputError."""
    return _text(name, "campaigns", fields)


def _text(name: str, kind: str, fields: Mapping[str, str]) -> str:
    text = (_folder() / known(name) / kind / f"{name}.yaml").read_text(encoding="utf-8")
    for field, value in fields.items():
        line = f"{field}: {value}".replace("\\", r"\\")
        text = re.sub(rf"^{field}: .*$", line, text, count=1, flags=re.MULTILINE)
    return chinese_words.translated(text, chinese_words.words()) if current() == "zh" else text


def recordings(name: str, example: Path) -> dict[str, Sequence[Path]]:
    """The files of each prompt that a template's flow plays, by its id ``LANGUAGE/NAME``. Raises InputError.

    ``example``: the project that `agi-app init` alone makes, which has what values are made of.
    """
    own = _folder() / known(name)
    shelves = [own / "prompts", _folder() / "common" / "prompts", example / "prompts"]
    found = dict[str, Sequence[Path]]()
    for language, prompt in sorted(_prompts(_flow(own / "flows" / f"{name}.yaml"))):
        files = [_from_shelf(f"{language}/{prompt}{ending}", shelves) for ending in (".txt", ".wav")]
        found[f"{language}/{prompt}"] = files
    return found


def write_renamed(text: bytes, to: Path, renamed: dict[str, str]) -> None:
    """Write a text with other names in it: each key's value in place of the key. Raises OSError."""
    words = text.decode("utf-8")
    for old, new in renamed.items():
        words = words.replace(old, new)
    to.write_text(words, encoding="utf-8")


def _has_sandbox() -> bool:
    """Whether the package that reads ``callees.toml`` is there: it is part of a clone, not of the installed package."""
    try:
        return find_spec("sandbox.callees") is not None
    except ImportError:
        return False


def _flow(file: Path) -> Flow:
    return parse_flow(file.read_bytes(), file.name).flow


def _prompts(flow: Flow) -> set[tuple[str, str]]:
    """Language and name of each recording that the flow plays or makes values of."""
    played = {(language, use.prompt) for language in flow.languages for use in prompt_uses(flow)}
    pieces = {(language, name) for language in flow.languages for name in needed_pieces(flow, language)}
    return (played - said_prompts(flow).keys()) | pieces


def _copy_prompt(name: str, into: Path, shelves: list[Path]) -> None:
    """Copy a recording and its words from the first shelf that has them, unless the project has its own."""
    for file in (f"{name}.txt", f"{name}.wav"):
        to = into / file
        if not to.exists():
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(_from_shelf(file, shelves), to)


def _from_shelf(file: str, shelves: Sequence[Path]) -> Path:
    return next((shelf / file for shelf in shelves if (shelf / file).exists()), shelves[0] / file)


def _folder() -> Path:
    return Path(str(resources.files("agi_app.campaigns"))) / "templates"
