"""A small client for Python programs: ``async with Client("http://127.0.0.1:8080", token) as api: await api.stop(…)``.

What it sends and gets are the models of the routes themselves.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, TypeVar

import aiohttp
from pydantic import BaseModel
from yarl import URL

from agi_app.api.problems import ProblemAnswer
from agi_app.api.resources.campaigns import CampaignAnswer, CampaignPage, FiguresAnswer, HeldBackAnswer
from agi_app.api.resources.service import SelfAnswer
from agi_app.api.resources.stops import StopGiven, StoppedAnswer
from agi_app.api.routes import BASE

A = TypeVar("A", bound=BaseModel)


class ApiProblem(Exception):
    """The API refused; ``answer`` says why."""

    def __init__(self, answer: ProblemAnswer) -> None:
        self.answer = answer
        super().__init__(": ".join(filter(None, [answer.title, answer.detail])))


class Client:
    """One connection to an installation, as the owner of a token. All methods raise ApiProblem and aiohttp's errors."""

    def __init__(self, url: str, token: str, *, language: str = "en") -> None:
        self._url = URL(url)
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}

    async def __aenter__(self) -> Client:
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=aiohttp.ClientTimeout(total=60))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def me(self) -> SelfAnswer:
        """Whose token this is, and what it may."""
        return await self._ask("GET", "/self", SelfAnswer)

    async def campaigns(self) -> AsyncIterator[CampaignAnswer]:
        """All campaigns, page by page."""
        query: dict[str, str] = {"limit": "200"}
        while True:
            found = await self._ask("GET", "/campaigns", CampaignPage, query=query)
            for one in found.data:
                yield one
            if found.next is None:
                return
            query["after"] = found.next

    async def figures(self, campaign: str) -> FiguresAnswer:
        """How far a campaign is."""
        return await self._ask("GET", f"/campaigns/{campaign}/figures", FiguresAnswer)

    async def held_back(self, campaign: str) -> HeldBackAnswer:
        """Why nobody is called, or not more."""
        return await self._ask("GET", f"/campaigns/{campaign}/held-back", HeldBackAnswer)

    async def stop(self, stop: StopGiven, *, key: str | None = None) -> StoppedAnswer:
        """Never call a number again; it is in force when this returns."""
        return await self._ask("POST", "/stops", StoppedAnswer, body=stop, key=key)

    async def _ask(
        self,
        method: str,
        path: str,
        answer: type[A],
        *,
        query: Mapping[str, str] | None = None,
        body: BaseModel | None = None,
        key: str | None = None,
    ) -> A:
        """``key``: an Idempotency-Key; a POST without one gets a random one, so that aiohttp may send it again."""
        more: dict[str, Any] = {}
        if body is not None:
            headers = {"Content-Type": "application/json", "Idempotency-Key": key or secrets.token_urlsafe(16)}
            more = {"data": body.model_dump_json(exclude_none=True).encode(), "headers": headers}
        async with self._session.request(method, self._url / (BASE + path).lstrip("/"), params=query, **more) as got:
            raw = await got.read()
            if got.status >= 400:
                raise ApiProblem(ProblemAnswer.model_validate_json(raw))
            return answer.model_validate_json(raw)
