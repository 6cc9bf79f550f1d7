"""Makes the pages of docs/reference that the code itself can tell (see ``pages``).

``scripts/docs`` writes them, ``scripts/docs --check`` and tests/test_docs.py compare them.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import re
import runpy
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from agi_app.api import all_routes
from agi_app.api.collection import collection
from agi_app.api.openapi import document
from agi_app.campaigns.calling_rules.rule_files import RuleBook, load_rulebook
from agi_app.campaigns.calling_rules.rule_texts import in_force, lines_of
from agi_app.campaigns.checks.rule_catalogue import EXAMPLES, LintRule, sections
from agi_app.cli.main import build
from agi_app.config.console import ConsoleSettings, OidcSettings
from agi_app.config.destinations import DestinationSettings
from agi_app.config.feeds import FeedSettings
from agi_app.config.identity import IdentitySettings
from agi_app.config.lines import InboundLineSettings
from agi_app.config.results import ResultsSettings
from agi_app.config.settings import SandboxSettings, Settings
from agi_app.config.trunks import PortSettings, TrunkSettings
from agi_app.gate.case import Rule
from agi_app.gate.decide import ALL_RULES
from agi_app.gate.ruleset import Jurisdiction
from agi_app.messages import current, speaking, spoken
from agi_app.model.reason_catalogue import GATE

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
FLOW_LANGUAGE = Path(__file__).with_name("flow_language.py")  # loaded by path, as the tests load this file
API = document(all_routes.ROUTES)
MAN_PAGE = Path(__file__).with_name("man_page.py")
STORED_DATA = Path(__file__).with_name("stored_data.py")
PROSE = Path(__file__).with_name("pages")
MADE = "<!-- Made by scripts/docs from the code; change it there. -->"


def pages() -> dict[str, str]:
    """File name -> content of every page that is made from the code."""
    return {
        "agi-app.1": man_page(),
        "agi-app.zh-CN.1": _in_chinese(man_page),
        "cli.md": command_page(),
        "stored-data.md": stored_data_page("en"),
        "stored-data.zh-CN.md": stored_data_page("zh"),
        "flow-language.md": flow_page(),
        "flow-language.zh-CN.md": _in_chinese(flow_page),
        "settings.md": settings_page(),
        "settings.zh-CN.md": _in_chinese(settings_page),
        "gate-rules.md": gate_page(),
        "gate-rules.zh-CN.md": _in_chinese(gate_page),
        "check-rules.md": check_page(),
        "check-rules.zh-CN.md": _in_chinese(check_page),
        "openapi.json": json.dumps(API, ensure_ascii=False, indent=1) + "\n",
        "agi-app.postman_collection.json": json.dumps(collection(API), ensure_ascii=False, indent=1) + "\n",
    }


def stored_data_page(language: str) -> str:
    """stored-data.md: what is stored about whom, in which table and how long."""
    return str(runpy.run_path(str(STORED_DATA))["page"](language, MADE, _table))


def flow_page() -> str:
    """flow-language.md, in the current language."""
    return str(runpy.run_path(str(FLOW_LANGUAGE))["page"](_text("flow-language"), _table, in_reference))


def in_reference(text: str) -> str:
    """A text of a reference page in the current language; messages/zh/reference.json has the Chinese ones."""
    return spoken(text)


def _in_chinese(page: Callable[[], str]) -> str:
    with speaking("zh"):
        return page()


# ---- the command line


def commands() -> Iterator[tuple[str, Any]]:
    """Every command as people type it (``campaign start``), with its typer object."""
    yield from _below(typer.main.get_command(build()), ())


def _below(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if path and (not hasattr(command, "commands") or command.invoke_without_command):
        yield " ".join(path), command
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        yield from _below(inner, (*path, name))


def man_page() -> str:
    """agi-app.1, in the current language."""
    return str(runpy.run_path(str(MAN_PAGE))["page"](commands(), spoken))


def command_page() -> str:
    """cli.md."""
    lines = [
        "# Command line",
        MADE,
        "",
        "中文：[命令行](cli.zh-CN.md)",
        "",
        "Every command ends with one of the [exit codes](exit-codes.md). `--project DIR` (`-p`, or the environment",
        "variable `AGI_APP_PROJECT`) names the project folder; without it the current folder is one.",
        "`agi-app COMMAND --help` shows the same in a terminal.",
    ]
    for name, command in commands():
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option"]
        lines += ["", f"## agi-app {name}", "", command.help, "", "```", _usage(name, arguments, options), "```"]
        rows = [(_argument(p), p.help) for p in arguments] + [
            (", ".join(f"`{o}`" for o in (*p.opts, *p.secondary_opts)), _with_default(p))
            for p in options
            if p.name != "project"
        ]
        if rows:
            lines += ["", *_table(("argument or option", "meaning"), rows)]
    return "\n".join(lines) + "\n"


def _argument(parameter: Any) -> str:
    return f"`{_shown(parameter)}`"


def _shown(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper()).replace("|", " or ")


def _usage(name: str, arguments: list[Any], options: list[Any]) -> str:
    words = []
    for parameter in arguments:
        word = _shown(parameter) + ("..." if parameter.nargs == -1 else "")
        words.append(word if parameter.required else f"[{word}]")
    needed = [f"{p.opts[0]} {p.name.upper()}" for p in options if p.required]
    rest = ["[OPTIONS]"] if any(not p.required for p in options) else []
    return " ".join(["agi-app", name, *words, *needed, *rest])


def _with_default(parameter: Any) -> str:
    text = parameter.help or ""
    default = parameter.default
    if parameter.is_flag or default is None or str(default) == "" or callable(default):
        return text
    return f"{text} Default: `{default}`."


# ---- the settings


PORTS_TABLE = "trunks.NAME.ports.PORT"
OIDC_TABLE = "console.oidc"
NAMED: dict[str, type[BaseModel]] = {  # [trunks.NAME]
    "trunks": TrunkSettings,
    "destinations": DestinationSettings,
    "lines": InboundLineSettings,
    "feeds": FeedSettings,
    "results": ResultsSettings,
}


def settings() -> Iterator[tuple[str, str, Any]]:
    """Every setting: its table (``asterisk``, ``trunks.NAME`` …), its name and its pydantic field."""
    for name, field in Settings.model_fields.items():
        if name == "project":
            continue
        model = IdentitySettings if name == "identity" else NAMED.get(name, field.annotation)
        if isinstance(model, type) and issubclass(model, BaseModel):
            table = f"{name}.NAME" if name in NAMED else name
            yield from ((table, inner, found) for inner, found in model.model_fields.items())
            if model is ConsoleSettings:
                yield from ((OIDC_TABLE, inner, found) for inner, found in OidcSettings.model_fields.items())
            if model is TrunkSettings:
                yield from ((PORTS_TABLE, inner, found) for inner, found in PortSettings.model_fields.items())
        else:
            yield "", name, field


_SETTINGS = {"en": ("At the top of the file", ("setting", "meaning")), "zh": ("文件开头", ("设置", "含义"))}


def settings_page() -> str:
    """settings.md, in the current language."""
    top, head = _SETTINGS[current()]
    lines: list[str] = []
    for table, group in itertools.groupby(settings(), key=lambda found: found[0]):
        rows = [(f"`{name}`", _meaning(field)) for _, name, field in group]
        lines += ["", f"## {'[' + table + ']' if table else top}", *_about(table), "", *_table(head, rows)]
    return _text("settings").replace("@settings", "\n".join(lines))


def _text(name: str) -> str:
    """The prose of a page in the current language, with marks where the code says something."""
    suffix = ".zh-CN" if current() == "zh" else ""
    return (PROSE / f"{name}{suffix}.txt").read_text(encoding="utf-8").replace("@made", MADE)


def _meaning(field: Any) -> str:
    required = field.default is PydanticUndefined and field.default_factory is None
    default = _default(field)
    if current() == "zh":
        more = "必填。" if required else f"默认 `{default}`。" if default else ""
        return f"{in_reference(field.description)}。{more}"
    more = "Required." if required else f"Default: `{default}`." if default else ""
    return f"{_sentence(field.description)} {more}".rstrip()


def _about(table: str) -> list[str]:
    return ["", in_reference(about)] if (about := about_of(table)) else []


def about_of(table: str) -> str:
    """What the code says of a table of the settings."""
    model = {
        **{f"{name}.NAME": named for name, named in NAMED.items()},
        "sandbox": SandboxSettings,
        "identity": IdentitySettings,
        PORTS_TABLE: PortSettings,
        OIDC_TABLE: OidcSettings,
    }.get(table)
    if table == "asterisk":
        model = type(Settings.model_fields["asterisk"].default)
    return " ".join((inspect.getdoc(model) or "").replace("``", "`").split()) if model else ""


def _sentence(text: str | None) -> str:
    text = text or ""
    return text + "." if "://" in text.partition(" ")[0] else text[:1].upper() + text[1:] + "."


def _default(field: Any) -> str:
    default = field.default
    if default is PydanticUndefined or default in ("", None, ()):
        return ""
    if isinstance(default, bool):
        return f"{default}".lower()
    return f"{default}" if isinstance(default, int | float) else f'"{default}"'


# ---- the gate


def reasons(rule: Rule) -> list[tuple[str, str, bool]]:
    """What a rule function may answer: (id, text with placeholders, whether time alone can mend it)."""
    found = []
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(rule)))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reason":
            case = [ast.literal_eval(more.value) for more in node.keywords if more.arg == "case"]
            rule_id = ast.literal_eval(node.args[0])
            sentence = getattr(GATE["/".join([rule_id, *case])], current())
            found.append((rule_id, re.sub(r"{\w+}(?: {\w+})*", "…", sentence), len(node.args) > 2))
    return list(dict.fromkeys(found))


_GATE = {
    "en": (("rule id", "what must be true", "what a refusal says", "ends with time"), ("yes", "no"), "What holds:"),
    "zh": (("规则", "必须成立的", "拒绝时说什么", "自行解决"), ("会", "不会"), "实际生效的："),
}
_FROM = {
    "en": ("Where it comes from:", ("place", "rule", "value", "basis", "source", "as of"), "rule"),
    "zh": ("从哪里来：", ("地方", "规则", "数值", "依据", "出处", "查证日期"), "规则"),
}


def gate_page() -> str:
    """gate-rules.md, in the current language."""
    head, (yes, no), _ = _GATE[current()]
    rows = []
    for rule in ALL_RULES:
        doc = in_reference(" ".join((inspect.getdoc(rule) or "").split()))
        rows += [(f"`{rule_id}`", doc, text, yes if soon else no) for rule_id, text, soon in reasons(rule)]
    book = load_rulebook()
    places = [
        line for region, country in book.ruleset.jurisdictions.items() for line in _jurisdiction(region, country, book)
    ]
    page = _text("gate-rules").replace("@rules", "\n".join(_table(head, rows)))
    return page.replace("@jurisdictions", "\n".join(places))


def _jurisdiction(region: str, country: Jurisdiction, book: RuleBook) -> list[str]:
    parts = {f"{region}-{name}": in_force(part.rules) for name, part in country.parts.items()}
    whole = in_force(country.rules)
    holds = [(f"`{name}`", value, *(part[name] for part in parts.values())) for name, value in whole.items()]
    title, head, rule = _FROM[current()]
    made = [(v.place, f"`{v.rule}`", v.value, v.basis, v.source, str(v.as_of)) for v in lines_of(book, region)]
    return [
        *("", f"### {region}", "", _GATE[current()][2], ""),
        *_table((rule, region, *parts), holds),
        *("", title, ""),
        *_table(head, made),
    ]


# ---- the check rules


_OF = {"en": ("of this campaign:", "and of these expected calls:"), "zh": ("与这个活动相同：", "与这些通话用例相同：")}
_BAD_GOOD = {"en": ("Bad: ", "Good: ", "."), "zh": ("错误：", "正确：", "。")}


def check_page() -> str:
    """check-rules.md, in the current language."""
    language = current()
    campaign, simulation = _OF[language]
    lines = [
        *_text("check-rules").splitlines(),
        *("", *_example("yaml base", EXAMPLES["flow"])),
        *("", campaign, "", *_example("yaml base", EXAMPLES["campaign"])),
        *("", simulation, "", *_example("yaml base", EXAMPLES["simulation"])),
    ]
    for section in sections():
        title, about = (section.title_zh, section.about_zh) if language == "zh" else (section.title, section.about)
        lines += ["", f"## {title}", *(["", about] if about else [])]
        for rule in section.rules.values():
            lines += ["", *_check_rule(rule, language)]
    return "\n".join(lines) + "\n"


def _check_rule(rule: LintRule, language: str) -> list[str]:
    severity = {"zh": {"warning": "提醒"}}.get(language, {}).get(rule.severity, rule.severity)
    mark = "" if rule.severity == "error" else f"*{severity}*{'：' if language == 'zh' else ': '}"
    said = rule.said
    lines = [f"### {rule.id}", f"{mark}{said[0]}", *said[1:], ""]
    (bad_title, good_title, end), (bad, good) = _BAD_GOOD[language], rule.examples
    if rule.example_of == "words":
        return [*lines, f"{bad_title}{bad.strip()}{end}{' ' if end == '.' else ''}{good_title}{good.strip()}{end}"]
    kind = {"contacts": "csv", "consent": "csv", "stop list": "text"}.get(rule.example_of, "yaml")
    bad_lines, good_lines = _example(f"{kind} bad", bad), _example(f"{kind} good", good)
    return [*lines, bad_title.strip(), "", *bad_lines, "", good_title.strip(), "", *good_lines]


def _example(kind: str, text: str) -> list[str]:
    return [f"```{kind}", *text.rstrip("\n").splitlines(), "```"]


# ---- pages


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    lines = [head, tuple("---" for _ in head), *(tuple(cell.replace("|", r"\|") for cell in row) for row in rows)]
    return [f"| {' | '.join(line)} |".replace("| --- ", "|---").replace("--- |", "---|") for line in lines]


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check only compare them."""
    stale = [name for name, text in pages().items() if not _same(FOLDER / name, text)]
    if "--check" in arguments:
        for name in stale:
            print(f"docs/reference/{name} is not what the code says: run scripts/docs")
        return 1 if stale else 0
    for name in stale:
        (FOLDER / name).write_text(pages()[name], encoding="utf-8")
        print(f"docs/reference/{name}: written")
    return 0


def _same(file: Path, text: str) -> bool:
    return file.exists() and file.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
