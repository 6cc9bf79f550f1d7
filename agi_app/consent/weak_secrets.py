"""Which secrets are refused: too short, or among those that are tried first (NIST SP 800-63B, 5.1.1.2). Pure.

Nobody is asked for digits or signs: they make a secret harder to remember, and not harder to guess.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from agi_app.messages import t

SHORTEST_SECRET = 12  # characters
LONGEST_SECRET = 200
_FEW = 5  # fewer characters than this that are different, or do not follow from the one before, are no secret
_REPEATED = 6  # so long a part, again and again, is none either
_SHORT_NAME = 3  # a shorter name may be within any word
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol",
)
_NEXT = {pair for run in _RUNS for one in (run, run[::-1]) for pair in pairwise(one)}
_LIKE = str.maketrans("@430157$!", "aaeoistsi")  # signs in place of letters
_WORDS = """
abc access admin administrator agiapp api apple asdf asterisk autumn baseball batman boss call callcenter center
change changeme charlie clinic company computer connect console daniel data database default demo dragon enter fire
flower football freepbx freedom god guanliyuan guest hello hockey hunter iloveyou in internet is it jesus jordan
killer kouling let letmein login love lovely manager master me michael mima monkey mustang my new nihao nimda ninja
office open operator pass passphrase passwd passwort password pbx phone please private princess public purple qazwsx
qwer qwerty root secret secure security server service shadow signin spring starwars summer sunshine super superman
supervisor support sys sysadmin system telephone temp temporary test tester testing the this thomas trustno trustnoone
user voip welcome whatever winter woaini wodemima word work world woaiwojia you your zxcv 111111 112233 123123 123321
1234 12345 123456 12345678 123456789 123654 1314 131420 1314520 147258 147258369 159357 159753 168168 1q2w3e 1q2w3e4r
1q2w3e4r5t 2000 2024 2025 2026 520 5201314 521 654321 666666 666888 741852963 789456 789456123 888888 963852741
987654321
"""
_COMMON = frozenset(_WORDS.split())


def fault_in(secret: str, account: str) -> str | None:
    """Why this account may not have this secret, for people; None: it may."""
    if not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET or "\x00" in secret:
        told = "a password has {shortest} to {longest} characters"
        return t(told, shortest=SHORTEST_SECRET, longest=LONGEST_SECRET)
    plain = unicodedata.normalize("NFKC", secret).casefold()
    if _is_monotonous(plain):
        told = "this password repeats itself, or runs along letters, digits or keys; take some words without a pattern"
        return t(told)
    name = _letters(account.casefold())
    without = _letters(plain).replace(name, "") if len(name) >= _SHORT_NAME else _letters(plain)
    if without != _letters(plain) and len(without.strip("0123456789")) < _FEW:
        return t("this password is hardly more than the account's name; take some words without a pattern")
    if _is_common(plain) or _is_common(without):
        return t("this password is among those that are tried first; take some words without a pattern")
    return None


def _is_monotonous(plain: str) -> bool:
    own = 1 + sum(a != b and (a, b) not in _NEXT for a, b in pairwise(plain))
    return min(own, len(set(plain))) < _FEW or (len(_unit(plain)) <= _REPEATED)


def _unit(text: str) -> str:
    """What the text is a repetition of; itself, if there is no shorter one."""
    return text[: (text + text).find(text, 1)]


def _is_common(plain: str) -> bool:
    """Whether it is of common words alone, with digits and signs around it or in place of letters."""
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain).translate(_LIKE)
    return _of_words(_letters(core)) or _of_words(_letters(plain))


def _of_words(text: str) -> bool:
    reached = {0}
    for end in range(1, len(text) + 1):
        if any(text[begin:end] in _COMMON for begin in reached):
            reached.add(end)
    return bool(text) and len(text) in reached


def _letters(text: str) -> str:
    """Its letters and digits."""
    return re.sub(r"[\W_]+", "", text)
