"""Asks an issuer over HTTP: its own hosts alone, with TLS, no redirects, some seconds, and no long answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from agi_app.config.console import OidcSettings, is_this_machine
from agi_app.messages import t
from agi_app.single_sign_on.faults import ProviderFault

WITHIN_S = 5.0
MOST_BYTES = 256 * 1024
AGENT = "agi-app"


def checked(oidc: OidcSettings, url: object, what: str) -> str:
    """An address of the issuer's that may be asked, or to which a browser may be sent. Raises ProviderFault."""
    text = url if isinstance(url, str) else ""
    parts = urlsplit(text)
    local = oidc.issuer.startswith("http://") and is_this_machine(parts.hostname)
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ProviderFault(t("the issuer's {what} is {url!r}, which has no TLS", what=what, url=text[:200]))
    if parts.hostname not in oidc.may_have or parts.username is not None or not text.isprintable() or " " in text:
        told = "the issuer's {what} is on {host!r}, no host of the issuer; [console.oidc] hosts may name it"
        raise ProviderFault(t(told, what=what, host=str(parts.hostname)[:200]))
    return text


async def ask(
    oidc: OidcSettings,
    url: str,
    what: str,
    *,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    """Status and JSON object of what is at an address of the issuer's; ``form`` is posted. Raises ProviderFault."""
    address = checked(oidc, url, what)
    try:
        async with (
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=WITHIN_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": AGENT, "Accept": "application/json"},
            ) as session,
            session.request(
                "GET" if form is None else "POST", address, data=form, headers=headers, allow_redirects=False
            ) as answer,
        ):
            content = await _read(answer)
            status = answer.status
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        why = str(error) or type(error).__name__
        raise ProviderFault(t("the issuer does not answer at {url}: {why}", url=address, why=why)) from error
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ProviderFault(t("{url} answers {status} and no JSON object", url=address, status=status))
    return status, found


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    content = b""
    async for part in answer.content.iter_chunked(16384):
        content += part
        if len(content) > MOST_BYTES:
            raise ProviderFault(t("{url} answers with more than {most} bytes", url=answer.url, most=MOST_BYTES))
    return content
