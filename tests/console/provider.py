"""A provider of OpenID Connect on this machine, which signs in whom a test says and can be made to lie."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from joserfc import jwk, jwt

CLIENT, SECRET = "agi-app", "client secret of the tests"
Claims = dict[str, Any]


class Provider:
    """Signs ``person`` in. ``lie`` changes what a token says, ``sign`` how it is signed."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.key: Any = jwk.RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.person: Claims = {}
        self.signed_in_at: float | None = None  # None: now, at each sign-in
        self.lie: Callable[[Claims], Claims] = lambda claims: claims
        self.sign: Callable[[Claims], str] = self.signed
        self.document: Mapping[str, Any] = {}  # in place of what the document says
        self.asked: list[Mapping[str, str]] = []  # the queries of browsers
        self.given: list[str] = []  # codes and tokens
        self.jwks_asked = 0
        self._codes: dict[str, tuple[Mapping[str, str], Claims]] = {}

    def app(self) -> web.Application:
        """What it serves."""
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/token", self._token)
        app.router.add_get("/keys", self._keys)
        return app

    def signed(self, claims: Claims) -> str:
        """A token by its own key."""
        return jwt.encode({"alg": self.key["alg"], "kid": self.key.kid}, claims, self.key, algorithms=[self.key["alg"]])

    def be_honest(self) -> None:
        """Undo what a test has changed."""
        self.lie, self.sign, self.document, self.signed_in_at = (lambda claims: claims), self.signed, {}, None

    async def _discovery(self, _request: web.Request) -> web.Response:
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
        return web.json_response(found | dict(self.document))

    async def _authorize(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        self.asked.append(query)
        assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
        assert (query["client_id"], "openid" in query["scope"].split()) == (CLIENT, True)
        code = secrets.token_urlsafe(24)
        self.given.append(code)
        self._codes[code] = query, self._claims(query)
        back = urlencode({"code": code, "state": query["state"], "iss": self.issuer})
        return web.Response(status=302, headers={"Location": f"{query['redirect_uri']}?{back}"})

    def _claims(self, query: Mapping[str, str]) -> Claims:
        now = time.time()
        about = {"iss": self.issuer, "aud": CLIENT, "nonce": query["nonce"], "iat": int(now), "exp": int(now) + 300}
        return about | {"auth_time": int(self.signed_in_at or now)} | self.person

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        kind, _, both = request.headers["Authorization"].partition(" ")
        shown = base64.b64decode(both).decode()
        assert (kind, shown) == ("Basic", f"{CLIENT}:{SECRET.replace(' ', '+')}")  # as in a form
        query, claims = self._codes.pop(str(form["code"]), ({}, {}))
        proved = base64.urlsafe_b64encode(hashlib.sha256(str(form["code_verifier"]).encode()).digest())
        good = query and proved.decode().rstrip("=") == query["code_challenge"]
        if not good or form["redirect_uri"] != query["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.given += [token := self.sign(self.lie(claims)), str(form["code_verifier"])]
        return web.json_response({"id_token": token, "access_token": "unused", "token_type": "Bearer"})

    async def _keys(self, _request: web.Request) -> web.Response:
        self.jwks_asked += 1
        return web.json_response({"keys": [self.key.as_dict(private=False)]})
