"""The page on what is stored about whom: made from agi_app/store/database/stored_data.toml, in either language."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[2] / "agi_app" / "store" / "database" / "stored_data.toml"
Table = Callable[[Sequence[str], list[tuple[str, ...]]], list[str]]
WORDS = {
    "en": {
        "title": "# Stored data",
        "other": "中文：[保存的数据](stored-data.zh-CN.md)",
        "intro": (
            "What agi-app stores about whom, in which table of its database and for how long. A test compares this page"
            " with the database: every table and every column is either here or has nothing about a person. How to"
            " [erase a person](../how-to/erase-a-person.md), where it says how to give somebody a copy."
        ),
        "columns": ("table", "what", "columns", "how long"),
        "files_title": "Files in the data folder",
        "files_columns": ("file", "what", "how long"),
        "none_title": "Tables without data about persons",
        "erase": (
            "An erasure takes a person out of the tables of the first two sections; keyed hashes on the suppression"
            " list stay."
        ),
    },
    "zh": {
        "title": "# 保存的数据",
        "other": "English: [Stored data](stored-data.md)",
        "intro": (
            "agi-app 保存哪些人的哪些数据、存在数据库的哪张表、保存多久。"
            "有测试把本页与数据库逐列比对：每张表、每一列不是列在这里，就是不含个人数据。另见[删除个人数据](../how-to/erase-a-person.zh-CN.md)，那里也说明如何向本人提供副本。"
        ),
        "columns": ("表", "内容", "列", "保存多久"),
        "files_title": "数据文件夹里的文件",
        "files_columns": ("文件", "内容", "保存多久"),
        "none_title": "不含个人数据的表",
        "erase": "删除个人数据时，此人会从前两节的各表中删去；禁呼名单上带密钥的哈希保留。",
    },
}
FILES: tuple[tuple[str, dict[str, str], dict[str, str]], ...] = (
    (
        "dialled/",
        {"en": "each call that was made, by the keyed hash of its number", "zh": "每次呼叫，只有号码的带密钥的哈希"},
        {"en": "15 days", "zh": "15 天"},
    ),
    (
        "evidence/",
        {
            "en": "proofs of consents and stops, encrypted; letters of carriers about your own numbers, in clear",
            "zh": "同意和停呼的证据，已加密；运营商关于您自己号码的证明函，明文",
        },
        {"en": "as the rules of the country say", "zh": "按所在国规则的期限"},
    ),
    (
        "recordings/",
        {"en": "recorded answers and calls, encrypted", "zh": "回答和通话的录音，已加密"},
        {"en": "as the rules of the country say", "zh": "按所在国规则的期限"},
    ),
    (
        "refusals.jsonl",
        {"en": "each stop, by the keyed hash of its number", "zh": "每次停呼，只有号码的带密钥的哈希"},
        {"en": "for good", "zh": "长期保存"},
    ),
    (
        "reports/",
        {"en": "reports that were asked for as jobs", "zh": "作为任务提交的报表"},
        {"en": "seven days", "zh": "七天"},
    ),
)


def page(language: str, made: str, table: Table) -> str:
    """stored-data.md in a language."""
    words: Any = WORDS[language]
    told = tomllib.loads(FILE.read_text(encoding="utf-8"))
    lines = [words["title"], made, "", words["other"], "", words["intro"]]
    for whose, title in told["whose"].items():
        name = title[language]
        lines += ["", f"## {name[0].upper()}{name[1:]}", "", *table(words["columns"], [*_rows(told, whose, language)])]
    lines += ["", words["erase"], "", f"## {words['files_title']}", ""]
    lines += table(
        words["files_columns"], [(f"`{name}`", what[language], kept[language]) for name, what, kept in FILES]
    )
    none = ", ".join(f"`{name}`" for name, one in told["table"].items() if "whose" not in one)
    return "\n".join([*lines, "", f"## {words['none_title']}", "", none]) + "\n"


def _rows(told: dict[str, Any], whose: str, language: str) -> Iterator[tuple[str, ...]]:
    for name, one in told["table"].items():
        if one.get("whose") == whose:
            columns = " ".join(f"`{column}`" for column in one["personal"].split())
            yield f"`{name}`", one["what"][language], columns, told["kept"][one["kept"]][language]
