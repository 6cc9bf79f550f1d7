"""Keys as age writes them: Bech32 (BIP 173), five bits a character, with a checksum that finds slips. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agi_app.messages import template

_CHARACTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM = 6  # characters


def encode(prefix: str, content: bytes) -> str:
    """``prefix``, a 1, and the bytes, in small letters."""
    words = _regrouped(content, 8, 5, pad=True)
    rest = _polymod([*_expanded(prefix), *words, *[0] * _CHECKSUM]) ^ 1
    check = [(rest >> 5 * (_CHECKSUM - 1 - place)) & 31 for place in range(_CHECKSUM)]
    return f"{prefix}1{''.join(_CHARACTERS[word] for word in [*words, *check])}"


def decode(prefix: str, text: str) -> bytes:
    """The bytes of such a text; ValueError when it is not one, or has a wrong letter. Capitals alone are right, too."""
    if text not in (text.lower(), text.upper()):
        raise ValueError(template("small and capital letters are mixed"))
    found, _, data = text.lower().rpartition("1")
    if found != prefix or len(data) < _CHECKSUM or any(character not in _CHARACTERS for character in data):
        raise ValueError(template("is not of this kind"))
    words = [_CHARACTERS.index(character) for character in data]
    if _polymod([*_expanded(prefix), *words]) != 1:
        raise ValueError(template("a letter is wrong"))
    return bytes(_regrouped(words[:-_CHECKSUM], 5, 8, pad=False))


def _expanded(prefix: str) -> list[int]:
    return [ord(character) >> 5 for character in prefix] + [0] + [ord(character) & 31 for character in prefix]


def _polymod(words: Iterable[int]) -> int:
    check = 1
    for word in words:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ word
        for place, factor in enumerate(_GENERATOR):
            check ^= factor if top >> place & 1 else 0
    return check


def _regrouped(groups: Sequence[int], bits: int, wanted: int, *, pad: bool) -> list[int]:
    """The same bits in groups of another size."""
    value, have, made = 0, 0, []
    for group in groups:
        value, have = value << bits | group, have + bits
        while have >= wanted:
            have -= wanted
            made.append(value >> have & (1 << wanted) - 1)
    left = value & (1 << have) - 1
    if pad and have:
        made.append(left << wanted - have)
    elif not pad and (have >= bits or left):
        raise ValueError(template("is too long"))
    return made
