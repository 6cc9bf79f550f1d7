"""Who somebody is by what the issuer says: roles, name, and whether their mail address is in our domains. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agi_app.config.console import OidcSettings
from agi_app.messages import t
from agi_app.model.actors import Role


def claim(said: Mapping[str, Any], path: str) -> Any:
    """A claim by its name, or by names with dots between them, one inside another; None: there is none."""
    if path in said:
        return said[path]
    found: Any = said
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def roles_of(oidc: OidcSettings, said: Mapping[str, Any]) -> frozenset[Role]:
    """The roles that the settings give for the values of the claim; none: nobody who may sign in."""
    found = claim(said, oidc.roles_claim)
    values = found if isinstance(found, list) else [found]
    return frozenset(Role(oidc.roles[one]) for one in values if isinstance(one, str) and one in oidc.roles)


def name_of(oidc: OidcSettings, said: Mapping[str, Any]) -> str:
    """What a new account is to be called; empty: the issuer does not say."""
    found = claim(said, oidc.name_claim)
    return found.strip() if isinstance(found, str) else ""


def stranger(oidc: OidcSettings, said: Mapping[str, Any]) -> str:
    """Why this mail address does not count; empty when it does, or when it need not."""
    if not oidc.email_domains:
        return ""
    email = said.get("email")
    if not isinstance(email, str) or said.get("email_verified") is not True:
        return t("the issuer says no verified mail address of this person")
    if email.rpartition("@")[2].lower() not in oidc.email_domains:
        return t("the mail address is in none of the domains that [console.oidc] email_domains names")
    return ""
