"""Makes the pages of docs/reference that the code itself can tell (see ``pages``).

``scripts/docs`` writes them, ``scripts/docs --check`` and tests/test_docs.py compare them.
"""

from __future__ import annotations

import ast
import inspect
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
from agi_app.config.destinations import DestinationSettings
from agi_app.config.identity import IdentitySettings
from agi_app.config.lines import InboundLineSettings
from agi_app.config.settings import SandboxSettings, Settings
from agi_app.config.trunks import PortSettings, TrunkSettings
from agi_app.gate.case import Rule
from agi_app.gate.decide import ALL_RULES
from agi_app.gate.ruleset import Jurisdiction
from agi_app.messages import current, speaking
from agi_app.model.reason_catalogue import GATE

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
FLOW_LANGUAGE = Path(__file__).with_name("flow_language.py")  # loaded by path, as the tests load this file
API = document(all_routes.ROUTES)
MADE = "<!-- Made by scripts/docs from the code; change it there. -->"


def pages() -> dict[str, str]:
    """File name -> content of every page that is made from the code."""
    return {
        "cli.md": command_page(),
        "flow-language.md": runpy.run_path(str(FLOW_LANGUAGE))["page"](MADE, _table),
        "settings.md": settings_page(),
        "gate-rules.md": gate_page(),
        "check-rules.md": check_page(),
        "check-rules.zh-CN.md": _in_chinese(check_page),
        "openapi.json": json.dumps(API, ensure_ascii=False, indent=1) + "\n",
        "agi-app.postman_collection.json": json.dumps(collection(API), ensure_ascii=False, indent=1) + "\n",
    }


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
            (", ".join(f"`{o}`" for o in p.opts), _with_default(p)) for p in options if p.name != "project"
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
NAMED: dict[str, type[BaseModel]] = {  # [trunks.NAME]
    "trunks": TrunkSettings,
    "destinations": DestinationSettings,
    "lines": InboundLineSettings,
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
            if model is TrunkSettings:
                yield from ((PORTS_TABLE, inner, found) for inner, found in PortSettings.model_fields.items())
        else:
            yield "", name, field


def settings_page() -> str:
    """settings.md."""
    lines = [
        "# Settings",
        MADE,
        "",
        "中文：[设置](settings.zh-CN.md)",
        "",
        "`agi-app.toml` in the project folder. Every setting can also come from the environment, which wins:",
        "`AGI_APP_ASTERISK__PASSWORD` sets `password` of `[asterisk]`; two underscores go between a table and",
        "its setting. `DATABASE_URL` sets `database_url`. A setting that does not exist is an error, also in the",
        "environment. They are read once, when a command starts.",
    ]
    seen = None
    rows: list[tuple[str, str]] = []
    for table, name, field in settings():
        if table != seen:
            lines += _flushed(rows)
            lines += ["", f"## {'[' + table + ']' if table else 'At the top of the file'}", *_about(table), ""]
            seen, rows = table, []
        rows.append((f"`{name}`", f"{_sentence(field.description)} {_default(field)}".rstrip()))
    return "\n".join([*lines, *_flushed(rows), "", *_SETTINGS_END]) + "\n"


_SETTINGS_END = (
    "## Only in the environment",
    "",
    *(
        "| variable | meaning |",
        "|---|---|",
        "| `AGI_APP_PROJECT` | The project folder of a command that has no `--project`. |",
        "| `AGI_APP_SUPPRESSION_KEY` | The key of the suppression list, 64 hex digits, instead of the file "
        "`suppression.key` in the data folder. |",
    ),
)


def _about(table: str) -> list[str]:
    model = {
        **{f"{name}.NAME": named for name, named in NAMED.items()},
        "sandbox": SandboxSettings,
        "identity": IdentitySettings,
        PORTS_TABLE: PortSettings,
    }.get(table)
    if table == "asterisk":
        model = type(Settings.model_fields["asterisk"].default)
    return ["", " ".join((inspect.getdoc(model) or "").replace("``", "`").split())] if model else []


def _flushed(rows: list[tuple[str, str]]) -> list[str]:
    return _table(("setting", "meaning"), rows) if rows else []


def _sentence(text: str | None) -> str:
    text = text or ""
    return text + "." if "://" in text.partition(" ")[0] else text[:1].upper() + text[1:] + "."


def _default(field: Any) -> str:
    if field.default is PydanticUndefined:
        return "Required." if field.default_factory is None else ""
    default = field.default
    if default in ("", None, ()):
        return ""
    shown = str(default).lower() if isinstance(default, bool) else f'"{default}"'
    return f"Default: `{default if isinstance(default, int | float) and not isinstance(default, bool) else shown}`."


# ---- the gate


def reasons(rule: Rule) -> list[tuple[str, str, bool]]:
    """What a rule function may answer: (id, text with placeholders, whether time alone can mend it)."""
    found = []
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(rule)))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reason":
            case = [ast.literal_eval(more.value) for more in node.keywords if more.arg == "case"]
            rule_id = ast.literal_eval(node.args[0])
            sentence = GATE["/".join([rule_id, *case])].en
            found.append((rule_id, re.sub(r"{\w+}(?: {\w+})*", "…", sentence), len(node.args) > 2))
    return list(dict.fromkeys(found))


def gate_page() -> str:
    """gate-rules.md."""
    lines = [
        "# Gate rules",
        MADE,
        "",
        "中文：[闸门规则](gate-rules.zh-CN.md)",
        "",
        "The gate answers one question for one contact at one instant: may we call now? It runs every rule below,",
        "in this order, and keeps every reason. One reason is enough to refuse, and what is not known is a reason.",
        "Every answer is stored with the facts it was judged by, the version of the rules and the clock.",
        "",
        "*Ends with time* means that time alone can change the answer; agi-app then automatically looks at the contact"
        " again.",
        "All other refusals wait until somebody fixes the reason: a new consent, a proof, another number.",
    ]
    rows = []
    for rule in ALL_RULES:
        doc = " ".join((inspect.getdoc(rule) or "").split())
        rows += [(f"`{rule_id}`", doc, text, "yes" if soon else "no") for rule_id, text, soon in reasons(rule)]
    lines += ["", *_table(("rule id", "what must be true", "what a refusal says", "ends with time"), rows)]
    lines += ["", "The need for consent is code: no file and no setting can switch it off.", "", "## Jurisdictions", ""]
    lines += [
        "What the shipped files say; `agi-app rules show` shows the same with the project's own files. Hours are in",
        "the called person's own time; a number that may be in several time zones must be inside the hours in all of"
        " them. A",
        "campaign's `window` can only narrow them. Of several values the strictest holds. *law* is what the named",
        "source says, *house* is our own default where it says less or nothing. This is not legal advice. A country"
        " that is not",
        "here is refused unless the project adds it: [calling rules](../explanation/calling-rules.md).",
    ]
    book = load_rulebook()
    for region, country in book.ruleset.jurisdictions.items():
        lines += _jurisdiction(region, country, book)
    return "\n".join(lines) + "\n"


def _jurisdiction(region: str, country: Jurisdiction, book: RuleBook) -> list[str]:
    parts = {f"{region}-{name}": in_force(part.rules) for name, part in country.parts.items()}
    whole = in_force(country.rules)
    holds = [(f"`{rule}`", value, *(part[rule] for part in parts.values())) for rule, value in whole.items()]
    made = [(v.place, f"`{v.rule}`", v.value, v.basis, v.source, str(v.as_of)) for v in lines_of(book, region)]
    return [
        *("", f"### {region}", "", "What holds:", ""),
        *_table(("rule", region, *parts), holds),
        *("", "Where it comes from:", ""),
        *_table(("place", "rule", "value", "basis", "source", "as of"), made),
    ]


# ---- the check rules


_CHECK_HEAD = {
    "en": """\
# Check rules
{made}

中文：[检查规则](check-rules.zh-CN.md)

`agi-app check` reads campaigns, flows, prompts, calling rules and expected calls, and prints every fault
that it finds as `file:line:column: RULE message`. `campaign start` runs the same checks and refuses to start
a campaign that has one. A rule marked *warning* does not count as an error: exit 1 with an error, else 0.

- `agi-app check --explain RULE` shows the entry of a rule in the terminal.
- `agi-app check --format github` prints annotations for GitHub Actions, `--format json` one array.

Every example is run by a test: the *bad* one gives exactly this rule, the *good* one gives none. An example
shows only the keys or prompts it is about. All others are those of this flow:""",
    "zh": """\
# 检查规则
{made}

English: [Check rules](check-rules.md)

`agi-app check` 读取活动、流程、提示音、外呼规则和通话用例，把找到的每个错误写成 `file:line:column: RULE message`。
`campaign start` 做同样的检查，活动有一处错误就不启动。标了 *提醒* 的不算错误：有错误以 1 退出，没有以 0 退出。

- `agi-app check --explain RULE` 在终端里说明一条规则。
- `agi-app check --format github` 输出 GitHub Actions 的标注，`--format json` 输出一个数组。

每个例子都由测试运行过：*错误* 的正好得到这条规则，*正确* 的一条也没有。例子只写出与规则有关的键或提示音，其余的
与这个流程相同：""",
}
_OF = {"en": ("of this campaign:", "and of these expected calls:"), "zh": ("与这个活动相同：", "与这些通话用例相同：")}
_BAD_GOOD = {"en": ("Bad: ", "Good: ", "."), "zh": ("错误：", "正确：", "。")}


def check_page() -> str:
    """check-rules.md, in the current language."""
    language = current()
    campaign, simulation = _OF[language]
    lines = [
        *_CHECK_HEAD[language].format(made=MADE).splitlines(),
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
