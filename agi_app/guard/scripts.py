"""Known scripts: whether the opening words of a call are those of a recording that was heard before. Pure.

A recognizer over a telephone line gets one word in six wrong, so neither a hash nor equal pairs of words find a
repeat. Here pairs of words only choose candidates; then the words are laid beside the script so that as many as
possible agree in their order, and each that is wrong, missing or too many costs. Rare words count more than "the" and
"you". Digits, amounts and numbers are masked: they change from call to call.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

MIN_WORDS = 12  # fewer say too little
MOST_WORDS = 60  # the opening; more cost time and tell nothing new
MOST_OF_SCRIPT = 400
CANDIDATES = 6
LEAST_PAIRS = 0.15  # of the pairs heard, for a script to be a candidate at all
# Of the weight of the words heard, the part that must agree: less of many words, for chance agrees in a few.
SHARE_OF_FEW = 0.40  # of MIN_WORDS
SHARE_OF_MANY = 0.28
LESS_A_WORD = 0.006
WRONG = 0.5  # what a word costs that does not agree
SKIPPED = 0.4  # what a word of the script costs that was not heard, or one that was heard and is not there
COMMON_WEIGHT = 0.35  # of a word that most scripts and most talk have
_MASK = "#"
_WORDS = re.compile(r"<[a-z]+>|[^\W\d_]+(?:['’][^\W\d_]+)*|\d[\d.,:/\-]*", re.IGNORECASE)
_HAN = re.compile(r"([\u3400-\u9fff])")
_NUMBER_WORDS = "zero oh one two three four five six seven eight nine ten 零 〇 一 二 三 四 五 六 七 八 九 十"
# What every talk has, and what every menu says.
_COMMON_WORDS = """
a about again an and any are as at back be been by call called calling can choose customer did do for from get good
goodbye has have hear hello hi hold i if in is it just know like line may me message my need no not now number of on or
other otherwise our out please press representative service so speak speaking stay stop thank thanks that the there this
time to today up us want was we will with would yes you your
的 了 是 我 您 你 这 那 里 在 有 请 好 不 们 个 人 到 就 和 吗 呢 吧 啊 喂 按 键 再 见 谢 来 电 话 给
"""
_NUMBERS = frozenset(_NUMBER_WORDS.split())
_COMMON = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True, slots=True)
class Match:
    """The script that the words are of."""

    script: str
    share: float  # 1.0: every word agrees, in its order
    words: int  # how many were compared


def words(text: str) -> list[str]:
    """Words in lower case, each Han character for itself, numbers masked."""
    found: list[str] = []
    for token in _WORDS.findall(unicodedata.normalize("NFKC", text).lower()):
        for word in filter(None, _HAN.split(token.replace("’", "'"))):
            if word[0] != "<" and not word[0].isdigit() and word not in _NUMBERS:
                found.append(word)
            elif not found or found[-1] != _MASK:
                found.append(_MASK)
    return found


class ScriptBook:
    """All known scripts. ``match`` costs about a millisecond: it is for after a call, or while one is recorded."""

    def __init__(self, scripts: Iterable[tuple[str, str]]) -> None:
        self._scripts = [(name, words(text)[:MOST_OF_SCRIPT]) for name, text in scripts]
        self._where: dict[tuple[str, str], list[int]] = defaultdict(list)  # pair -> scripts that have it
        for number, (_, said) in enumerate(self._scripts):
            for pair in set(pairwise(said)):
                self._where[pair].append(number)

    def __len__(self) -> int:
        return len(self._scripts)

    def match(self, text: str) -> Match | None:
        """The script that the opening words are of; None: of none, or too few words."""
        return self.match_words(words(text))

    def match_words(self, heard: Sequence[str]) -> Match | None:
        """The same for words that ``words`` made."""
        heard = heard[:MOST_WORDS]
        if len(heard) < MIN_WORDS:
            return None
        weights = [_weight(word) for word in heard]
        most = sum(weights)
        best, name = least_share(len(heard)), None
        for number in self._candidates(heard):
            share = _agreement(heard, weights, self._scripts[number][1]) / most
            if share > best:
                best, name = share, self._scripts[number][0]
        return None if name is None else Match(name, best, len(heard))

    def _candidates(self, heard: Sequence[str]) -> list[int]:
        """The scripts that share the most pairs, and enough of them; of equals the earlier in the book."""
        pairs = set(pairwise(heard))
        votes = Counter(number for pair in pairs for number in self._where.get(pair, ()))
        enough = [(-shared, number) for number, shared in votes.items() if shared >= LEAST_PAIRS * len(pairs)]
        return [number for _, number in sorted(enough)[:CANDIDATES]]


def least_share(count: int) -> float:
    """What so many words must agree at least."""
    return max(SHARE_OF_MANY, SHARE_OF_FEW - LESS_A_WORD * (count - MIN_WORDS))


def _weight(word: str) -> float:
    return COMMON_WEIGHT if word in _COMMON or word == _MASK else 1.0


def _agreement(heard: Sequence[str], weights: Sequence[float], said: Sequence[str]) -> float:
    """The best local alignment: weight of words that agree in order, less the costs of what does not."""
    best = 0.0
    above = [0.0] * (len(said) + 1)
    for word, weight in zip(heard, weights, strict=True):
        wrong, skipped = WRONG * weight, SKIPPED * weight
        row = [0.0]
        left = 0.0
        for column, other in enumerate(said, start=1):
            value = above[column - 1] + (weight if word == other else -wrong)
            if above[column] - skipped > value:
                value = above[column] - skipped
            if left - SKIPPED > value:
                value = left - SKIPPED
            left = value if value > 0.0 else 0.0
            row.append(left)
        best = max(best, *row)
        above = row
    return best
