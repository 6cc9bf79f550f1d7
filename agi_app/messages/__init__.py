"""What people read, in their language: ``t("no campaign {name!r}", name=name)``.

The English template is the key; ``zh/<package>.json`` beside this file has the Chinese ones of a package. A text is
rendered where it is made, in the language of that moment. What is stored, sealed, compared or read by programs is never
rendered here: it would differ by who looked first.
"""

from __future__ import annotations

import errno
import functools
import json
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

LANGUAGES = ("en", "zh")
VARIABLE = "AGI_APP_LANG"
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")  # as POSIX has it: the first that is set decides
CATALOGUES = Path(__file__).parent
_spoken: ContextVar[str] = ContextVar("language")
_asked: list[str | None] = [None]  # the language that the command line asks for
_of_process = ["en"]  # for threads, which begin without the values of their maker


# What the operating system says of a fault, by its number: values of many texts.
_WORDS = {
    os.strerror(number): words
    for number, words in (
        (errno.EACCES, "没有权限"),
        (errno.EADDRINUSE, "地址已在使用"),
        (errno.ECONNREFUSED, "连接遭拒"),
        (errno.ECONNRESET, "连接中断"),
        (errno.EEXIST, "文件已存在"),
        (errno.EHOSTUNREACH, "到不了主机"),
        (errno.EINVAL, "参数无效"),
        (errno.EIO, "读写出错"),
        (errno.EISDIR, "是文件夹"),
        (errno.ENAMETOOLONG, "文件名太长"),
        (errno.ENOENT, "没有这个文件或文件夹"),
        (errno.ENOEXEC, "不能运行"),
        (errno.ENOSPC, "磁盘已满"),
        (errno.ENOTDIR, "不是文件夹"),
        (errno.ENOTEMPTY, "文件夹不是空的"),
        (errno.EPERM, "不允许这样做"),
        (errno.EROFS, "文件系统只读"),
        (errno.ETIMEDOUT, "超时"),
    )
}


def t(template: str, /, **values: object) -> str:
    """The template in the current language, with its values as ``str.format`` puts them in."""
    if current() != "en":
        values = {name: _in_words(value) for name, value in values.items()}
    return spoken(template).format(**values)


def _in_words(value: object) -> object:
    if isinstance(value, OSError) and value.strerror in _WORDS:
        return _WORDS[value.strerror] + (f"：{value.filename}" if value.filename else "")
    return _WORDS.get(value, value) if isinstance(value, str) else value


def of_system(error: OSError) -> str:
    """Why the system refused, in our words; behind them, in brackets, those of a library that has other ones."""
    words = error.strerror or str(error)
    if current() == "en":
        return words
    if words in _WORDS or isinstance(error, ssl.SSLError):  # whose numbers mean something else
        return _WORDS.get(words, words)
    ours = _WORDS.get(os.strerror(error.errno)) if error.errno else None
    return f"{ours}（{words}）" if ours else words


def spoken(template: str) -> str:
    """The template itself in the current language; in English where there is no other."""
    language = current()
    return template if language == "en" else catalogue(language).get(template, template)


def template(text: str) -> str:
    """Marks a template that is rendered later, by ``t(…)`` of a variable: for tests that look for all of them."""
    return text


def current() -> str:
    """The language in which texts are rendered now."""
    return _spoken.get(_of_process[0])


def of_process() -> str:
    """The language of this process, also where it speaks English inside: of files that it writes for people."""
    return _of_process[0]


def speak(language: str) -> None:
    """Render all texts of this process in a language from now on."""
    _of_process[0] = known(language) or "en"


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Render texts in a language within the block, in this thread or task and those it starts."""
    before = _spoken.set(known(language) or "en")
    try:
        yield
    finally:
        _spoken.reset(before)


def known(language: str) -> str | None:
    """``zh`` for zh, zh-CN, zh_CN.UTF-8 …; None for a language without texts."""
    short = language[:2].casefold()
    return short if short in LANGUAGES and not language[2:3].isalnum() else None


def choose(argument: str | None, environment: Mapping[str, str], account: str | None = None) -> str:
    """The language of who reads: as asked for, by AGI_APP_LANG, of the account, of the locale; else English."""
    for given in (argument, environment.get(VARIABLE), account):
        if given and (language := known(given)):
            return language
    locale = next((environment[name] for name in _LOCALE if environment.get(name)), "")
    return known(locale) or "en"


def speak_to(environment: Mapping[str, str], argument: str | None = None, account: str | None = None) -> None:
    """Speak as ``choose`` says from now on; an ``argument`` given once holds when the account is known later, too."""
    _asked[0] = argument or _asked[0]
    speak(choose(_asked[0], environment, account))


@functools.cache
def catalogue(language: str) -> Mapping[str, str]:
    """All texts of a language by their English templates; read when the first one is needed."""
    found: dict[str, str] = {}
    for file in sorted((CATALOGUES / language).glob("*.json")):
        found |= json.loads(file.read_text(encoding="utf-8"))
    return found
