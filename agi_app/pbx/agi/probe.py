"""Whether questions of the dialplan reach us: the server listens, Asterisk has the modules and the same token."""

from __future__ import annotations

import asyncio
import hmac

from agi_app.config.screening import AgiSettings
from agi_app.messages import t
from agi_app.model.finding import Finding
from agi_app.pbx.ari.http import HttpPool

PAGE = "docs/how-to/screen-incoming-calls.md"
CHECK = "screening"
MODULES = ("res_agi.so", "app_stack.so", "func_timeout.so")
CONNECT_S = 2.0


async def try_screening(agi: AgiSettings, token: str | None, pool: HttpPool, *, idle: bool) -> Finding | None:
    """The first thing that is wrong; None when calls that come in are not to be screened. Raises RequestFailed.

    ``idle``: no worker runs, which is reported already; then nothing is said of it when nobody listens.
    """
    if token is None:
        return None
    where = f"{agi.host}:{agi.port}"
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(agi.host, agi.port)
            writer.close()
    except (OSError, TimeoutError):
        if idle:
            return None
        return Finding(
            CHECK, t("nobody listens on {where}: calls ring unscreened", where=where), t("start `agi-app run`")
        )
    for module in MODULES:
        if await pool.read(f"asterisk/modules/{module}", timeout=CONNECT_S) is None:
            return Finding(
                CHECK,
                t("Asterisk has not loaded {module}", module=module),
                t("load = {module} in modules.conf", module=module),
            )
    found = await pool.read("asterisk/variable", {"variable": "AGI_APP_TOKEN"}, timeout=CONNECT_S)
    shown = found.decode(dict[str, str]).get("value", "") if found else ""
    if not shown:
        return Finding(CHECK, t("the dialplan has no AGI_APP_TOKEN: calls ring unscreened"), t(PAGE))
    if not hmac.compare_digest(shown.encode(), token.encode()):
        return Finding(
            CHECK,
            t("the dialplan's AGI_APP_TOKEN is another one: calls ring unscreened"),
            t("{page}, step 2", page=t(PAGE)),
        )
    return Finding(CHECK, t("answers on {where}, and Asterisk has its token", where=where))
