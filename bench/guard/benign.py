"""What people and honest machines say in the first half minute of a call, made up: for `scripts/bench guard`.

Sentences by kind of caller, in English and Chinese, with slots that a seeded generator fills and in an order it
chooses. On purpose they say much of what robots say too: "press one", "your account", "this is a call from". Nothing
here is of a person or of a data set.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("benign.yaml")
_SLOT = re.compile(r"\{(\w+)\}")
MONOLOGUE = (4, 9)  # sentences


def monologues(language: str, rng: random.Random) -> Iterator[str]:
    """For ever: the opening of one legitimate call after another."""
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))[language]
    slots, kinds = content["slots"], list(content["kinds"].values())
    while True:
        kind = rng.choice(kinds)
        count = rng.randint(*MONOLOGUE)
        middle = rng.sample(kind["middle"], min(count, len(kind["middle"])))
        chosen = [rng.choice(kind["open"]), *middle, rng.choice(kind["close"])]
        yield " ".join(_filled(sentence, slots, rng) for sentence in chosen)


def windows(texts: Iterator[Sequence[str]], count: int, least: int, most: int, rng: random.Random) -> list[list[str]]:
    """So many windows of ``least`` to ``most`` words, from the start of a text or from anywhere in it."""
    found: list[list[str]] = []
    for words in texts:
        if len(words) < least:
            continue
        length = rng.randint(least, most)
        start = rng.choice((0, rng.randint(0, max(0, len(words) - length))))
        found.append(list(words[start : start + max(least, length)]))
        if len(found) == count:
            break
    return [window for window in found if len(window) >= least]


def _filled(sentence: str, slots: dict[str, list[str]], rng: random.Random) -> str:
    return _SLOT.sub(lambda match: str(rng.choice(slots[match[1]])), sentence)
