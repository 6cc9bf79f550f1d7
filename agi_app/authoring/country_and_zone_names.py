"""Names of countries and time zones as people write them -> the right ones. Pure."""

from __future__ import annotations

from functools import lru_cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec
from pathlib import Path
from zoneinfo import available_timezones

import phonenumbers

from agi_app.authoring.suggestions import nearest
from agi_app.messages import t

_LOCALES = str(Path(phonenumbers.__file__).with_name("geodata") / "locale.py")
_COUNTRIES = {"UK": "GB", "EN": "GB", "USA": "US", "CHN": "CN", "DEU": "DE", "ENGLAND": "GB", "AMERICA": "US"}
_ZONES = (
    ("beijing peking china cn prc asia/beijing 中国 北京 上海 北京时间 东八区 utc+8 gmt+8 +8", "Asia/Shanghai"),
    ("london uk bst england 伦敦 英国", "Europe/London"),
    ("berlin germany cest cet+1 gmt+1 德国", "Europe/Berlin"),
    ("eastern et edt 纽约", "America/New_York"),
    ("central ct cdt", "America/Chicago"),
    ("mountain mt mdt", "America/Denver"),
    ("pacific pt pst pdt california", "America/Los_Angeles"),
    ("hongkong 香港 hkt", "Asia/Hong_Kong"),
    ("ist india 印度", "Asia/Kolkata"),
    ("jst 东京 日本", "Asia/Tokyo"),
    ("france 巴黎 法国", "Europe/Paris"),
)  # fmt: skip

_ALIKE = 0.85  # how much a name must be alike to be taken for a misspelt one

_zones = lru_cache(maxsize=1)(available_timezones)


def is_zone(name: str) -> bool:
    """Whether a time zone has this name."""
    return name in _zones()


def zone_meant(name: str) -> str:
    """``; did you mean "Asia/Shanghai"?`` for a name that no time zone has."""
    small = " ".join(name.strip().casefold().split())
    city = small.replace(" ", "_").rpartition("/")[2]
    known = next((zone for words, zone in _ZONES if small in words.split()), None)
    found = known or next((z for z in sorted(_zones()) if z.casefold().rpartition("/")[2] == city), None)
    found = found or nearest(name.strip(), sorted(_zones()), _ALIKE)
    if found is not None:
        return t('; did you mean "{found}"?', found=found)
    return t("; write a name of the IANA list, continent and city: Asia/Shanghai, Europe/London, America/New_York")


def country_meant(name: str) -> str | None:
    """The code (ISO 3166) of a country that is named or has another code; None: no country has that name."""
    upper = name.strip().upper()
    return _COUNTRIES.get(upper) or _by_name().get(upper)


@lru_cache(maxsize=1)
def _by_name() -> dict[str, str]:
    """Names in English and Chinese; read only when somebody has written one.

    Of the file alone: its package would load the places of all numbers, too, which takes 0.3 s.
    """
    loader = SourceFileLoader("phonenumbers.geodata.locale", _LOCALES)
    locales = module_from_spec(ModuleSpec(loader.name, loader))
    loader.exec_module(locales)
    found: dict[str, str] = {}
    for code, names in locales.LOCALE_DATA.items():
        for language in ("en", "zh"):
            name = names.get(language, "")
            found.setdefault(names.get(name[1:], "").upper() if name.startswith("*") else name.upper(), code)
    return found
