"""The words by which nuisance callers are known, whatever number they show.

The audit records each script that is entered by hand, with who entered it.
"""

from __future__ import annotations

from agi_app.authoring.suggestions import no_such
from agi_app.errors import InputError
from agi_app.guard.scripts import MIN_WORDS, words
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted, reads
from agi_app.store.screening import guard_scripts as table
from agi_app.store.screening.guard_changes import ChangedBy
from agi_app.store.screening.script_matching import compare

LONGEST_NAME = 60


def script_of(name: str, text: str) -> tuple[str, str]:
    """A script's name and words, without spaces around them; InputError when they will not do."""
    if (count := len(words(text))) < MIN_WORDS:
        raise InputError(
            t(
                "a script of {count} words would match too many calls: write {min_words} or more",
                count=count,
                min_words=MIN_WORDS,
            )
        )
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise InputError(
            t("the name of a script is one line of {longest_name} characters at most", longest_name=LONGEST_NAME)
        )
    return name.strip(), text.strip()


@noted(Scope.GUARD_CHANGE, "guard script add", "name")
async def add(inst: Installation, name: str, text: str) -> int:
    """Enter a script by hand, in place of one of that name; in how many calls it was said before. StoreError."""
    script = await table.put(inst.store, name, text, ChangedBy(inst.actor.account, inst.clock.now()))
    return await compare(inst.store, script)


@reads(Scope.GUARD_READ)
async def scripts(inst: Installation) -> list[table.StoredScript]:
    """The known scripts, and how often each was heard while calls are kept. Raises StoreError."""
    return await table.scripts(inst.store)


@noted(Scope.GUARD_CHANGE, "guard script remove", "name")
async def remove(inst: Installation, name: str) -> None:
    """Forget a script; callers who said it are no longer known by it. InputError: there is none of that name."""
    if not await table.remove(inst.store, name):
        raise no_such("script", name, [script.name for script in await table.scripts(inst.store)])
