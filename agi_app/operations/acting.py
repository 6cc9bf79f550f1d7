"""Who may do an operation, and the note of who did: every operation on an installation has one of these two marks.

Deny by default: an operation without a mark fails a test. A change, an export and a look at whole numbers is noted
before it is made and at its end, so that one which was cut short shows.
"""

from __future__ import annotations

import functools
import inspect
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Concatenate, ParamSpec, TypeVar

from agi_app.errors import StoreError
from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.model.phone import NotANumber, parse, shown_number
from agi_app.store.ledger import accounts, actions
from agi_app.store.people import imported_files
from agi_app.store.people.imported_files import FileSeen, ImportedBy

P = ParamSpec("P")
T = TypeVar("T")
Look = Callable[[Installation, Any], Awaitable[Any]]
ALONE = "alone"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OperationMark:
    """What an operation takes; ``verb`` None: it only shows figures and masked numbers, and is not noted.

    ``scope`` None: it is about one's own account or session alone, and everybody may.
    """

    scope: Scope | None
    verb: str | None = None


def reads(
    scope: Scope | None,
) -> Callable[[Callable[Concatenate[Installation, P], T]], Callable[Concatenate[Installation, P], T]]:
    """An operation that shows figures or masked numbers; Forbidden without the scope."""

    def mark(function: Callable[Concatenate[Installation, P], T]) -> Callable[Concatenate[Installation, P], T]:
        wrapped: Any
        if inspect.isasyncgenfunction(function):

            @functools.wraps(function)
            async def wrapped(inst: Installation, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
                _require(inst, scope)
                async for each in function(inst, *args, **kwargs):
                    yield each

        else:

            @functools.wraps(function)
            async def wrapped(inst: Installation, *args: Any, **kwargs: Any) -> Any:
                _require(inst, scope)
                return await function(inst, *args, **kwargs)  # type: ignore[misc]

        wrapped.acting = OperationMark(scope)
        return wrapped  # type: ignore[no-any-return]

    return mark


def noted(
    scope: Scope | None, verb: str, of: str = "", *, number: str = "", state: Look | None = None
) -> Callable[
    [Callable[Concatenate[Installation, P], Awaitable[T]]],
    Callable[Concatenate[Installation, P], Coroutine[Any, Any, T]],
]:
    """A change, an export or a look at whole numbers; Forbidden without the scope, noted as ``verb`` of its object.

    ``of`` names the argument that is the object; ``number`` one that is a telephone number, of which the keyed hash is
    noted. ``state`` reads the object, whose SHA-256 is noted before and after. An argument ``reason``, or that
    of an object which carries one, is noted; that of a number is in the row that the operation makes, where an erasure
    can empty it.
    """

    def mark(
        function: Callable[Concatenate[Installation, P], Awaitable[T]],
    ) -> Callable[Concatenate[Installation, P], Coroutine[Any, Any, T]]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        async def wrapped(inst: Installation, *args: P.args, **kwargs: P.kwargs) -> T:
            _require(inst, scope)
            given = signature.bind(inst, *args, **kwargs).arguments
            obj = given.get(of or number, "")
            named = _number(inst, obj) if number else getattr(obj, "name", None) or str(obj)
            before = None if state is None else fingerprint(await state(inst, obj))
            reason = None if number else given.get("reason") or getattr(obj, "reason", None) or None
            action = await actions.begin(inst.store, inst.actor, verb, named, before, reason)
            try:
                result = await function(inst, *args, **kwargs)
            except BaseException as error:
                await _end(inst, action, type(error).__name__, None)
                raise
            await _end(inst, action, None, None if state is None else fingerprint(await state(inst, obj)))
            return result

        wrapped.acting = OperationMark(scope, verb)  # type: ignore[attr-defined]
        return wrapped  # type: ignore[return-value]

    return mark


async def works_alone(inst: Installation) -> bool:
    """Whether the rule is ``alone`` and holds: exactly one account is enabled, and it is the one that asks."""
    return inst.settings.approval == ALONE and await accounts.enabled_names(inst.store) == [inst.actor.account]


def imported_by(inst: Installation) -> ImportedBy:
    """Who imports a file now."""
    return ImportedBy(inst.actor.account, inst.actor.os_user, inst.clock.now())


async def note_import(inst: Installation, file: FileSeen, added: int, updated: int = 0, unchanged: int = 0) -> None:
    """Note a file that was imported as a whole, and what was stored of it. Raises StoreError."""
    number = await imported_files.begin(inst.store, file, imported_by(inst))
    await imported_files.stored(inst.store, number, added, updated, unchanged)


def _require(inst: Installation, scope: Scope | None) -> None:
    if scope is None:
        inst.actor.require_own()
    else:
        inst.actor.require(scope)


async def _end(inst: Installation, action: int, fault: str | None, after: bytes | None) -> None:
    """What was done is done: that its end cannot be noted is logged, and the row of its beginning stays open."""
    try:
        await actions.end(inst.store, action, done=fault is None, fault=fault, after=after)
    except StoreError as error:
        _log.warning("the end of action %d could not be noted: %s", action, error)


def _number(inst: Installation, given: object) -> str:
    """A telephone number as its keyed hash; anything else, such as a range, with its middle hidden."""
    try:
        return inst.store.hash_number(getattr(given, "e164", None) or parse(str(given)).e164).hex()
    except (NotANumber, ValueError):
        return shown_number(str(given))


def fingerprint(value: Any) -> bytes:
    """SHA-256 of a value as sorted JSON."""
    return sha256(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str).encode()).digest()
