"""The words that are harmless in a support bundle: of our messages, our code and tables, and of programs' logs."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from pathlib import Path

from agi_app import messages
from agi_app.support.scrubber import Vocabulary

PACKAGE = Path(__file__).parents[1]
_NAMED = re.compile(r"^\s*(?:async def|def|class) (\w+)", re.M)
_TABLE = re.compile(r"\bTABLE (?:IF NOT EXISTS )?(\w+)")
_COLUMN = re.compile(r"^    (\w+) +[a-z]", re.M)
_VALUE = re.compile(r"\{[^{}]*\}")
_WORD = re.compile(r"[A-Za-z]+|(?<!\d)\d++[A-Za-z]+")
_LEAST_SENTENCE = 12  # characters; a shorter one could be somebody's name
# What PostgreSQL, Python and Asterisk say in their logs, and how versions and systems are called.
_OTHERS = """
aarch64 abort accept access address ami amd64 arg args argument arm64 asyncio attribute autovacuum await backend
bool buffers busy bytes cause channel chan checkpoint checkpoints cli close closed cluster code column com commit
complete config connect connected connection connections conn context cpython current data database db dead debian
debug default detail dict dir disk dns done down duration during encoding end endpoint entry env eof err error
errors estimate exc exception exit false fatal fault file files finished fsync func get gnu halt handler hint host
http https idle id index info init input int invalid io ip ipv4 ipv6 ivr json kernel key kib kill killed lib limit
line linux listen listening local localhost lock locks log longest lost main mb mib mode module name network new no
node none not null object offline ok on open operation out output part password path peer pid pjsip pool port
postgres postgresql process python query queue read ready recent received recovered recovery recycled redo refused
registered removed request requested reset response restart result return role root row rows run running scheduled
self server session set shut shutdown signal sip size socket sql src ssl start started starting state statement
status stop stopped str sync system table tag target task tcp temporary terminated thread time timeout tls total
traceback transaction true trunk tuple type ubuntu udp unable unix unreachable up user usr utc value var version wal
wait warning worker write written x86 x86_64 yes
"""


def vocabulary() -> Vocabulary:
    """All of them. Blocks for some tenths of a second."""
    chinese = messages.catalogue("zh")
    words = {word.lower() for text in chinese for word in _WORD.findall(_VALUE.sub(" ", text))}
    words |= set(_OTHERS.split()) | {word.lower() for word in _of_code()}
    phrases = "\n".join(_VALUE.sub("\n", text) for text in chinese.values())
    whole = (one for pair in chinese.items() for one in pair if "{" not in one and len(one) >= _LEAST_SENTENCE)
    return Vocabulary(frozenset(words), phrases, frozenset(whole))


def _of_code() -> Iterator[str]:
    for file in sorted(PACKAGE.rglob("*.py")):
        yield from _WORD.findall(str(file.relative_to(PACKAGE).with_suffix("")))
        for name in _NAMED.findall(file.read_text(encoding="utf-8")):
            yield from _WORD.findall(name)
    for file in sorted((PACKAGE / "store" / "database" / "schema").glob("*.sql")):
        text = file.read_text(encoding="utf-8")
        for name in (*_TABLE.findall(text), *_COLUMN.findall(text)):
            yield from _WORD.findall(name)
    yield from (name for name in dir(builtins) if name.endswith(("Error", "Exception", "Exit", "Interrupt", "Warning")))
