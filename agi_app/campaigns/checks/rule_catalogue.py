"""Every rule that a check can report: its reason in one line, a bad and a good example.

The files of ``agi_app/check_rules`` hold them; ``agi-app check --explain`` and docs/reference/check-rules.md are made
from them, and a test tries every example. The code that finds a fault names the rule by its id.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from agi_app.authoring.schema import Authored, validate
from agi_app.authoring.suggestions import suggest
from agi_app.authoring.yaml_lines import Severity, load
from agi_app.errors import InputError
from agi_app.messages import current, spoken, t, template

EXAMPLES = {  # what an example leaves out
    "flow": """\
flow: example
languages: [en]
identify: {business: {en: Sunshine Dental}}
opt_out: {key: "9"}
start: greeting
nodes:
  greeting:
    - play: greeting
    - goto: ask
  ask:
    - gather: {prompt: question, keys: {"1": yes, "2": no}, save: answer}
      on: {yes: bye, no: bye, no_input: bye}
  bye:
    - hangup
""",
    "campaign": """\
campaign: example
purpose: transactional
jurisdictions: [CN]
flow: example
trunk: carrier-a
caller_id: "+999862155500001"
""",
    "simulation": """\
flow: example
cases:
  - name: says yes
    input: ["1"]
    expect: {answers: {answer: "yes"}}
""",
}

ExampleOf = Literal[
    "flow", "spoken flow", "flow with prompts", "campaign", "prompts", "simulation", "rules", "two rules", "meanings",
    "contacts", "consent", "stop list", "guard list", "file", "windows-1252", "message", "words",
]  # fmt: skip


_WORD = re.compile(r"`[^`]*`|[!-~]+|.")
_NEVER_FIRST = "，。；：、）”"
_MARKS = {"warning": template("warning"), "error": template("error")}
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


Stripped = Annotated[str, StringConstraints(strip_whitespace=True)]


class LintRule(Authored):
    """One rule, in both languages; ``example_of`` says what the examples are, else its section does."""

    id: str = ""  # its key in the file
    reason: Annotated[Stripped, Field(min_length=1)]
    more: Stripped = ""
    zh: Annotated[Stripped, Field(min_length=1)]  # both in Chinese
    severity: Severity = "error"
    example_of: ExampleOf = "words"
    bad: str
    good: str
    bad_zh: str = ""  # of examples in words, where they are English
    good_zh: str = ""

    @property
    def said(self) -> list[str]:
        """Its text, in the language of who reads."""
        return [self.zh] if current() == "zh" else [text for text in (self.reason, self.more) if text]

    @property
    def examples(self) -> tuple[str, str]:
        """The bad and the good one, in the language of who reads."""
        chinese = current() == "zh"
        return (chinese and self.bad_zh) or self.bad, (chinese and self.good_zh) or self.good


class CatalogueSection(Authored):
    """Rules about one kind of thing, by their ids, in the order of the documents."""

    title: str
    title_zh: str
    about: Stripped = ""
    about_zh: Stripped = ""
    example_of: ExampleOf
    rules: dict[str, LintRule]


@lru_cache(maxsize=1)
def sections() -> tuple[CatalogueSection, ...]:
    """The rules by section."""
    folder = resources.files("agi_app") / "check_rules"
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".yaml"))
    return tuple(_section((folder / name).read_bytes(), name) for name in names)


def catalogue() -> Mapping[str, LintRule]:
    """Every rule by its id."""
    return {rule_id: rule for section in sections() for rule_id, rule in section.rules.items()}


def find_rule(rule_id: str) -> LintRule:
    """The rule of this id; InputError with the nearest one when there is none."""
    known = catalogue()
    if rule_id not in known:
        raise InputError(t("there is no rule {rule_id!r}{suggest}", rule_id=rule_id, suggest=suggest(rule_id, known)))
    return known[rule_id]


def explanation(rule: LintRule) -> str:
    """The rule for a terminal, in the language of who reads."""
    mark = "" if rule.severity == "error" else f" ({spoken(_MARKS[rule.severity])})"
    said = "\n".join(_LINK.sub(r"\1", text) for text in rule.said)
    lines = [f"{rule.id}{mark}", "", *(textwrap.indent(_filled(text), "  ") for text in said.splitlines())]
    bad, good = rule.examples
    for title, example in ((t("bad:"), bad), (t("good:"), good)):
        lines += ["", f"  {title}", *(f"    {line}".rstrip() for line in example.splitlines())]
    return "\n".join(lines)


def _filled(text: str) -> str:
    """In lines of at most 100 columns; between Chinese characters, which take two, a line may end anywhere."""
    if current() == "en":
        return textwrap.fill(text, 100)
    lines, width = [""], 0
    for word in _WORD.findall(text):
        columns = sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in word)
        if width + columns > 100 and word not in _NEVER_FIRST:
            lines, width = [*lines, ""], 0
        lines[-1], width = lines[-1] + (word if width else word.lstrip()), width + columns
    return "\n".join(lines)


def _section(text: bytes, name: str) -> CatalogueSection:
    content = validate(CatalogueSection, load(text, name))
    usual = {"example_of": content.example_of}
    rules = {
        rule_id: rule.model_copy(update={"id": rule_id} | ({} if "example_of" in rule.model_fields_set else usual))
        for rule_id, rule in content.rules.items()
    }
    return content.model_copy(update={"rules": rules})
