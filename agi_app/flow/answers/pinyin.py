"""How Chinese characters sound: recognisers write homophones, and Traditional characters for Simplified ones.

The table of sounds (pypinyin) costs 0.2 s and 50 MB, so it is loaded when the first unlike characters are compared;
``warm`` loads it before.
"""

from __future__ import annotations

from functools import lru_cache

_NEAR_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"))  # many speakers make no difference


@lru_cache(maxsize=8192)
def toned(character: str) -> tuple[str, ...]:
    """All readings with tone, the usual one first: 好 is ``hao3``, ``hao4``. A sign without sound has none."""
    from pypinyin import Style, pinyin  # noqa: PLC0415  # see above

    found = pinyin(character, style=Style.TONE3, heteronym=True, errors="ignore", neutral_tone_with_five=True)
    return tuple(found[0]) if found else ()


@lru_cache(maxsize=8192)
def plain(character: str) -> frozenset[str]:
    """All readings without tone."""
    return frozenset(reading.rstrip("12345") for reading in toned(character))


@lru_cache(maxsize=8192)
def near(character: str) -> frozenset[str]:
    """All readings without tone and without what southern speakers blur: zh and z, n and l, ing and in."""
    return frozenset(_blurred(reading) for reading in plain(character))


def warm() -> None:
    """Load the table of sounds now."""
    toned("是")


def _blurred(syllable: str) -> str:
    clear, blurred = next((pair for pair in _NEAR_INITIALS if syllable.startswith(pair[0])), ("", ""))
    syllable = blurred + syllable.removeprefix(clear)
    return syllable.removesuffix("g") if syllable.endswith("ng") else syllable
