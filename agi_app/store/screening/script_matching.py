"""What opening words do: they are kept, compared with known scripts, and learned when people reported who said them.

A script becomes known by hand, by a complaint or a report about the call in which it was said, or when two people
reported its caller. Then everything that was said before is compared with it, so that callers who said the same from
other numbers are known at their next call. An appeal takes back what was learned from a caller.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from agi_app import log
from agi_app.guard.scripts import MIN_WORDS, MOST_WORDS, Match, ScriptBook, words
from agi_app.store.database.pool import Store
from agi_app.store.screening import guard_changes, guard_scripts
from agi_app.store.screening.guard_changes import ChangedBy
from agi_app.store.screening.guard_scripts import KnownScript, OpeningWords

LONGEST_S = 25.0  # of a call are its opening words
RECOGNISED_WITHIN_S = 60.0
MOST_CHARACTERS = 12 * MOST_WORDS  # of what is kept: the opening

_log = log.get("guard.scripts")


async def take(store: Store, opening: OpeningWords, entered_by: str) -> str | None:
    """Keep opening words; the known script that they are of. Fewer than a match needs are not kept. StoreError."""
    text = " ".join(opening.text.split())[:MOST_CHARACTERS]
    if len(words(text)) < MIN_WORDS:
        return None
    if (transcript_id := await guard_scripts.keep(store, replace(opening, text=text))) is None:
        return None
    if found := await asyncio.to_thread(_match, await guard_scripts.book(store), [(transcript_id, text)]):
        await guard_scripts.mark(store, found)
        _log.info("a caller said a known script", script=found[0][1].name, call=opening.call_id)
        return found[0][1].name
    if not await guard_scripts.reported(store, transcript_id=transcript_id):
        return None
    learned = await learn(store, transcript_id, entered_by)
    return learned.name if learned else None


async def voted(store: Store, call_id: str, nuisance: bool, said: ChangedBy) -> bool:
    """Somebody says of a call's caller that it was a nuisance, or none; False: no such call. Raises StoreError."""
    if not await guard_changes.vote(store, call_id, nuisance, said):
        return False
    if not nuisance:
        await guard_scripts.forget(store, call_id)
        return True
    for transcript_id in await guard_scripts.reported(store, call_id=call_id):
        await learn(store, transcript_id, said.entered_by)
    return True


async def learn(store: Store, transcript_id: int, entered_by: str) -> KnownScript | None:
    """Make what was said a known script, and find who else said it. Raises StoreError."""
    if (script := await guard_scripts.learn(store, transcript_id, entered_by)) is not None:
        await compare(store, script)
        _log.info("learned a script of a caller who was reported", script=script.name)
    return script


async def compare(store: Store, script: KnownScript) -> int:
    """Find a new script in what was said before; how many calls. Raises StoreError."""
    found = await asyncio.to_thread(_match, [script], await guard_scripts.unknown(store))
    await guard_scripts.mark(store, found)
    return len(found)


def _match(known: list[KnownScript], said: list[tuple[int, str]]) -> list[tuple[int, KnownScript, Match]]:
    """Which of what was said is of which script; takes some milliseconds each."""
    by_name = {script.name: script for script in known}
    book = ScriptBook((script.name, script.text) for script in known)
    pairs = ((number, book.match(text)) for number, text in said)
    return [(number, by_name[match.script], match) for number, match in pairs if match is not None]
