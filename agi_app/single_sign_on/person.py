"""Who somebody is by what the issuer says: roles, name, and whether their mail address is in our domains. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from agi_app.config.console import OidcSettings
from agi_app.messages import t
from agi_app.model.actors import Role

_FITS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")  # what a database with any collation takes
_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]+")
_SURNAMES = {  # which sound otherwise than the same character elsewhere
    "仇": "qiu",
    "区": "ou",
    "单": "shan",
    "尉迟": "yu.chi",
    "曾": "zeng",
    "朴": "piao",
    "查": "zha",
    "缪": "miao",
    "翟": "zhai",
    "解": "xie",
    "長孫": "zhang.sun",
    "长孙": "zhang.sun",
    "單": "shan",
    "區": "ou",
    "繆": "miao",
}


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
    """What a new account is to be called; empty: nothing that the issuer says fits.

    The name claim, Chinese characters as pinyin and full-width signs as plain ones; else the part before the @ of a
    verified mail address. Loads the table of sounds with the first Chinese name (0.2 s).
    """
    found, email = claim(said, oidc.name_claim), said.get("email")
    local = email.partition("@")[0] if isinstance(email, str) and said.get("email_verified") is True else ""
    tried = (_plain(found) if isinstance(found, str) else "", local)
    return next((name for name in tried if _FITS.fullmatch(name)), "")


def _plain(name: str) -> str:
    """王芳 is ``wang.fang``; other scripts stay, and do not fit."""
    text = unicodedata.normalize("NFKC", name).strip()
    if not _HAN.search(text):
        return text
    text = re.sub(r"[\s·・]+", ".", text)
    text = _HAN.sub(lambda found: f".{_sounds(found[0], first=not found.start())}.", text)
    return re.sub(r"\.?([@_-])\.?", r"\1", re.sub(r"\.+", ".", text).strip("."))


def _sounds(characters: str, *, first: bool) -> str:
    """Their syllables with dots between; the characters themselves when one has no sound. ``first``: a surname."""
    from pypinyin import lazy_pinyin  # a large table

    surname = next((one for one in _SURNAMES if first and characters.startswith(one)), "")
    rest = characters.removeprefix(surname)
    syllables = lazy_pinyin(rest, errors="ignore") if rest else []
    return (
        ".".join([*filter(None, [_SURNAMES.get(surname)]), *syllables]) if len(syllables) == len(rest) else characters
    )


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
