"""Both languages are equal: each message has its Chinese text, with the same values, and none is left over or mixed."""

from __future__ import annotations

import errno
import os
import re
import ssl
import threading
from collections import defaultdict

import pytest

from agi_app.cli.service.doctor import named
from agi_app.messages import CATALOGUES, _asked, choose, current, of_system, speak, speak_to, speaking, t
from agi_app.printable import count_of
from tests import message_templates as source

FOLDERS = ("agi_app", "sandbox")
INSTALLED = (*FOLDERS, "release")  # of release one file is installed; the rest is for maintainers, in English
PROGRAMS = {"Asterisk", "app_queue", "worker", "webhooks"}  # called so in both languages
OWN_FILES = {"agi_app/audit/standalone_verifier.py"}  # an outsider has it alone, without catalogues
HELP = "help"  # the catalogue of help texts: tests/unit/cli/test_language.py
REFERENCE = "reference"  # of texts that reference pages have: tests/test_docs.py
# Words that a Chinese text may have in English: names of programs, formats and protocols, and what is code.
NAMES = {
    *(
        "agi",
        "Asterisk",
        "asterisk",
        "Bearer",
        "cron",
        "Ctrl",
        "Ed25519",
        "Excel",
        "FastAGI",
        "FFmpeg",
        "ffmpeg",
        "GiB",
    ),
    *("Git", "gzip", "kB", "Kokoro", "Linux", "MiB", "Office", "Ogg", "Postgres", "PostgreSQL", "psql", "Python"),
    *("SIPp", "SQLite", "Token", "Unicode", "unixodbc", "VoIP", "WebSocket", "Whisper", "Windows", "Word", "worker"),
}


def test_a_text_is_rendered_in_the_language_of_the_moment() -> None:
    with speaking("zh"):
        assert current() == "zh"
        assert t("(dynamic)") == "（动态）"
        assert count_of(2, "no such thing") == "2 no such things"
    assert t("no such template {x!r}", x="a") == "no such template 'a'"
    assert (current(), t("(dynamic)")) == ("en", "(dynamic)")


def test_what_the_operating_system_says_is_a_value_in_the_language_too() -> None:
    missing, full = os.strerror(errno.ENOENT), os.strerror(errno.ENOSPC)
    with speaking("zh"):
        assert t("{file}: {why}", file="x", why=missing) == "x: 没有这个文件或文件夹"
        fault = FileNotFoundError(errno.ENOENT, missing, "x")
        assert t("{file}: {why}", file="y", why=fault) == "y: 没有这个文件或文件夹：x"
        assert t("{file}: {why}", file=missing + "!", why=full) == f"{missing}!: 磁盘已满"
    assert t("{file}: {why}", file="x", why=missing) == f"x: {missing}"


def test_a_thread_speaks_as_its_process_does() -> None:
    heard = []
    speak("zh")
    try:
        thread = threading.Thread(target=lambda: heard.append(current()))
        thread.start()
        thread.join()
    finally:
        speak("en")
    assert heard == ["zh"]


@pytest.mark.parametrize(
    ("argument", "environment", "account", "language"),
    [
        (None, {}, None, "en"),
        (None, {"LANG": "zh_CN.UTF-8"}, None, "zh"),
        (None, {"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, None, "en"),
        (None, {"LANG": "en_US.UTF-8", "LC_ALL": "", "LC_MESSAGES": "zh_CN"}, None, "zh"),
        (None, {"LANG": "zh_CN.UTF-8"}, "en", "en"),
        (None, {"LANG": "C", "AGI_APP_LANG": "zh-CN"}, "en", "zh"),
        ("en", {"LANG": "zh_CN.UTF-8", "AGI_APP_LANG": "zh"}, "zh", "en"),
        (None, {"LANG": "zho", "AGI_APP_LANG": "fr"}, None, "en"),
    ],
)
def test_who_reads_chooses(argument: str | None, environment: dict[str, str], account: str, language: str) -> None:
    assert choose(argument, environment, account) == language


def _catalogues() -> dict[str, dict[str, str]]:
    import json

    return {p.stem: json.loads(p.read_text(encoding="utf-8")) for p in sorted((CATALOGUES / "zh").glob("*.json"))}


def _used() -> dict[str, dict[str, str]]:
    """Package -> template -> where it stands."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for module in source.modules(*INSTALLED):
        for text, line in source.templates(module):
            place = f"{module.path.relative_to(source.ROOT)}:{line}"
            found[source.package_of(module.path)].setdefault(text, place)
    for text, place in source.of_pages():
        found["console"].setdefault(text, place)
    return found


def test_each_template_has_its_chinese_text_and_no_text_is_left_over() -> None:
    used, there = _used(), _catalogues()
    there.pop(HELP, None)
    there.pop(REFERENCE, None)
    missing = [
        f"{place}: {text!r} is not in zh/{package}.json"
        for package, texts in used.items()
        for text, place in texts.items()
        if text not in there.get(package, {}) and re.search("[A-Za-z]", re.sub(r"\{[^}]*\}", "", text))
    ]
    unused = [
        f"zh/{package}.json: {text!r} is used nowhere in {package}"
        for package, texts in there.items()
        for text in texts
        if text not in used.get(package, {})
    ]
    assert missing + unused == []


def test_a_chinese_text_has_the_values_of_the_english_one() -> None:
    for package, texts in _catalogues().items():
        for english, chinese in texts.items():
            assert source.placeholders(chinese) == source.placeholders(english), f"zh/{package}.json: {english!r}"


def test_one_template_has_one_chinese_text() -> None:
    known: dict[str, str] = {}
    for package, texts in _catalogues().items():
        for english, chinese in texts.items():
            assert known.setdefault(english, chinese) == chinese, f"zh/{package}.json: {english!r}"


def test_catalogues_are_sorted_with_one_text_a_line() -> None:
    import json

    for path in (CATALOGUES / "zh").glob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=1, sort_keys=True) + "\n", path.name


def test_a_chinese_text_is_chinese() -> None:
    """But for names, code in backquotes, commands, files, what stands for a value, and words of code in both."""
    mixed = []
    for package, texts in _catalogues().items():
        for english, chinese in texts.items():
            bare = re.sub(r"`[^`]*`|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\[[\w.-]+\]", " ", chinese)
            bare = re.sub(r"agi-app(?: [a-z-]+)*|--?[a-z][\w-]*|[\w*~-]*[./_@=][\w./*-]*|\b[A-Z_]{2,}\b", " ", bare)
            strange = words = [w for w in re.findall(r"[A-Za-z][A-Za-z]+\d*", bare) if w not in NAMES]
            sentence = re.search(r"[A-Za-z]+(?: [A-Za-z]+){2}", bare)
            words = [
                w for w in words if sentence or not re.search(rf"(?<![A-Za-z]){w}s?(?![A-Za-z])", english)
            ]  # a key or a value
            if words or (chinese == english and strange):
                mixed.append(f"zh/{package}.json: {words} in {chinese!r}, for {english!r}")
    assert mixed == []


def test_a_new_message_goes_through_t() -> None:
    bare = []
    for module in source.modules(*FOLDERS):
        name = str(module.path.relative_to(source.ROOT))
        if name not in OWN_FILES:
            bare += [f"{name}:{line}: {text!r}" for line, text in source.untranslated(module)]
    assert bare == []


def test_each_part_that_doctor_looks_at_has_a_chinese_name() -> None:
    known = {check for module in source.modules("agi_app") for check in source.checks(module)}
    assert {"speech", "audit witness", "destination x", "trunk x can carry calls", "prompts play"} <= known
    with speaking("zh"):
        english = [check for check in known if re.search("[a-z]{2,}", named(check)) and named(check) not in PROGRAMS]
    assert english == []


def test_the_language_of_an_account_counts_unless_another_was_asked_for() -> None:
    try:
        speak_to({"LANG": "en_GB.UTF-8"})
        speak_to({"LANG": "en_GB.UTF-8"}, account="zh")
        assert current() == "zh"
        speak_to({"AGI_APP_LANG": "en"}, account="zh")
        assert current() == "en"
        speak_to({}, "en")
        speak_to({}, account="zh")
        assert current() == "en"
    finally:
        _asked[0] = None
        speak("en")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED)), "连接遭拒"),
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 5038)"),
            "连接遭拒（Connect call failed ('127.0.0.1', 5038)）",
        ),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), "[SSL: WRONG_VERSION_NUMBER]"),  # 1 is no number of the system
        (OSError("Multiple exceptions"), "Multiple exceptions"),
    ],
)
def test_why_the_system_refused_is_told_in_our_words_with_a_librarys_in_brackets(error: OSError, told: str) -> None:
    with speaking("zh"):
        assert of_system(error) == told
    assert of_system(error) == (error.strerror or str(error))
