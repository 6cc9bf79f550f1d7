"""Requests that a program may send again because it lost the answer: done once, and answered again for a day."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from agi_app.errors import AgiAppError
from agi_app.installation import Installation
from agi_app.store.service import api_answers as table
from agi_app.store.service.api_answers import KeptAnswer

__all__ = ["InProgress", "KeptAnswer", "OtherRequest", "edited", "once"]


class InProgress(AgiAppError):
    """Another request with this key is being done now."""


class OtherRequest(AgiAppError):
    """The key was used for another request."""


async def once(
    inst: Installation,
    account: str,
    key: str | None,
    request: bytes,
    work: Callable[[], Awaitable[tuple[KeptAnswer, KeptAnswer]]],
) -> KeptAnswer:
    """Do the work, and keep its answer under the key, in one transaction; or give the answer that is kept already.

    ``request`` is the SHA-256 of all that was asked; the work returns the answer, and what of it is kept. Raises
    InProgress, OtherRequest, StoreError, and what the work raises: then nothing of it was done.
    """
    async with inst.store.as_one():
        if key is None:
            return (await work())[0]
        if not await table.take(inst.store, account, key):
            raise InProgress
        if (kept := await table.kept(inst.store, account, key)) is not None:
            if kept.request != request:
                raise OtherRequest
            return kept
        answer, kept = await work()
        await table.keep(inst.store, account, key, kept)
        return answer


async def edited(inst: Installation, path: str, work: Callable[[], Awaitable[KeptAnswer]]) -> KeptAnswer:
    """Do what edits the object of this path, one request after another, each in one transaction. Raises as ``once``."""
    async with inst.store.as_one():
        await table.lock_object(inst.store, path)
        return await work()
