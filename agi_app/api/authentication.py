"""Who asks: the owner of the token in ``Authorization: Bearer``. There is no other way in, and no cookie."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from agi_app.api.problems import RequestRefused
from agi_app.api.proxies import address_of
from agi_app.installation import Installation
from agi_app.model.actors import Actor
from agi_app.operations.service import tokens

NOTED_EVERY_S = 60.0  # that a token was used


class Doorkeeper:
    """Tells whose a token is, and in which roles they are now."""

    def __init__(self, inst: Installation) -> None:
        self._inst = inst
        self._noted: dict[str, float] = {}

    async def actor(self, request: web.Request) -> Actor:
        """Who makes this request. Raises RequestRefused without a good token of an enabled account, StoreError."""
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        text = text.strip()
        owner = await tokens.owner_of(self._inst, text) if kind.lower() == "bearer" else None
        if owner is None:
            raise RequestRefused("no_token", headers={"WWW-Authenticate": 'Bearer realm="agi-app"'})
        await self._note(owner.token_id)
        where = {"address": address_of(request), "token": owner.token_id}
        return Actor(owner.account, owner.roles, "api", scopes=owner.scopes, shown=text, **where)

    async def _note(self, token_id: str) -> None:
        now = self._inst.clock.monotonic()
        if now - self._noted.get(token_id, -NOTED_EVERY_S) >= NOTED_EVERY_S:
            self._noted[token_id] = now
            await tokens.used(self._inst, token_id)


def acting(inst: Installation, actor: Actor) -> Installation:
    """The installation in which this actor acts."""
    return dataclasses.replace(inst, actor=actor)
