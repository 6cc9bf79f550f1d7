"""Whether questions of the dialplan reach us: the server listens, Asterisk has the modules and the same token."""

from __future__ import annotations

import asyncio
import hmac
from urllib.parse import quote

import msgspec

from agi_app.config.screening import AgiSettings
from agi_app.messages import t
from agi_app.model.finding import Finding
from agi_app.pbx.ari.http import HttpPool

PAGE = "docs/how-to/screen-incoming-calls.md"
CHECK = "screening"
MODULES = ("res_agi.so", "app_stack.so", "func_timeout.so")
ASK_SOUND = "vm-press"  # what the dialplan plays before the digits, if nothing else is named
CONNECT_S = 2.0


class _Spoken(msgspec.Struct):
    language: str


class _Sound(msgspec.Struct):
    formats: list[_Spoken]


class _Config(msgspec.Struct):
    default_language: str = ""


class _Info(msgspec.Struct):
    config: _Config


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
    if missing := await _missing_sounds(pool):
        told = "Asterisk has no sounds {missing} in {language}: nobody can be challenged, so such calls ring"
        mend = t("install Asterisk's sounds, such as the package asterisk-core-sounds-en; {page}", page=t(PAGE))
        return Finding(CHECK, t(told, missing=" ".join(missing[1:]), language=missing[0]), mend)
    return Finding(CHECK, t("answers on {where}, and Asterisk has its token", where=where))


async def _missing_sounds(pool: HttpPool) -> list[str]:
    """The language of calls, and which sounds of a challenge it lacks; empty: none, or nobody can say.

    The sound before the digits may be another one: it is asked for by its name.
    """
    if await pool.read("asterisk/modules/res_ari_sounds.so", timeout=CONNECT_S) is None:
        return []
    info = await pool.read("asterisk/info", {"only": "config"}, timeout=CONNECT_S)
    language = (info.decode(_Info).config.default_language if info else "") or "en"
    named = await pool.read("asterisk/variable", {"variable": "AGI_APP_ASK_SOUND"}, timeout=CONNECT_S)
    ask = (named.decode(dict[str, str]).get("value", "") if named else "") or ASK_SOUND
    spoken = {language, language.partition("_")[0], "en"}  # where Asterisk looks, one after another
    missing = []
    for sound in (ask, *(f"digits/{digit}" for digit in range(10))):
        found = await pool.read(f"sounds/{quote(sound, safe='')}", timeout=CONNECT_S)
        if found is None or not spoken & {one.language for one in found.decode(_Sound).formats}:
            missing.append(sound)
    return [language, *missing] if missing else []
