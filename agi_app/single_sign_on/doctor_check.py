"""What `agi-app doctor` says of single sign-on."""

from __future__ import annotations

import asyncio

from agi_app.config.settings import Settings
from agi_app.errors import AgiAppError
from agi_app.messages import t
from agi_app.model.finding import Finding
from agi_app.single_sign_on.asking import ask
from agi_app.single_sign_on.discovery import asked
from agi_app.single_sign_on.exchange import require_libraries

CHECK = "single sign-on"


async def look(settings: Settings) -> list[Finding]:
    """One line when it is set up: whether the issuer can be asked, and what is wrong with it."""
    if (oidc := settings.console.oidc) is None:
        return []
    mend = t("see the message; docs/how-to/single-sign-on.md")
    try:
        require_libraries()
        secret = await asyncio.to_thread(settings.sign_on_secret)
        document = await asked(oidc)
        _, found = await ask(oidc, document.jwks_uri, "jwks_uri")
    except AgiAppError as error:
        return [Finding(CHECK, str(error), mend)]
    keys = found.get("keys")
    if not isinstance(keys, list) or not keys:
        return [Finding(CHECK, t("{url} answers {status} and no keys", url=document.jwks_uri, status=200), mend)]
    told = t("{name}: {issuer} answers", name=oidc.name, issuer=oidc.issuer)
    admins = ", ".join(value for value, role in oidc.roles.items() if role == "admin")
    notes = [t("admins are who has {values}", values=admins)] if admins else []
    notes += [] if secret else [t("without a client secret")]
    return [Finding(CHECK, "; ".join([told, *notes]))]
