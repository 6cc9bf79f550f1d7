"""E2: is a repeated recording found by its opening words, though a sixth of them is heard wrong?

A book holds one clean copy of each script. A label can cover several scripts, so a script is what the calls of one
label have in common: calls whose clean texts share a good part of their pairs of words. The copy is the call that
shares most with the others; each of the others is a repeat call, heard with word errors of which half are wrong
words, a quarter missing and a quarter added, drawn from the words of the file. It is caught when the book knows it.
``label_only`` takes the labels as they are: one copy a label, every other call of it a repeat.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agi_app.guard.scripts import ScriptBook, words
from bench.guard import benign as guard_benign
from bench.guard.intervals import Figure, data_file, share
from sandbox.errors import SandboxError

FILES = "ftc_transcripts_dev.csv", "ftc_transcripts*.csv"
WER = 0.15
TARGETS = {12: 0.93, 30: 0.975}
REPEATS = 5  # noisy hearings of each call
BENIGN = 10_000  # windows
BENIGN_WORDS, FEW_WORDS = (20, 60), (12, 19)
SAME_SCRIPT = 0.3  # of the pairs of the shorter call
SEED = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One transcript."""

    label: str
    said: tuple[str, ...]


def run(folder: Path) -> list[Figure]:
    """All figures of E2."""
    calls = _read(folder)
    labelled = [call for call in calls if call.label]
    vocabulary = sorted({word for call in calls for word in call.said})
    scripts = list(_scripts(labelled))
    copies, repeats = _copies(scripts)
    label_copies, label_repeats = _copies(list(_by_label(labelled)))
    book, label_book = _book(copies), _book(label_copies)
    figures = []
    for count, target in TARGETS.items():
        name = f"recall_{count}_words"
        figures.append(_recall(name, book, repeats, vocabulary, count, WER, target))
        for wer in (0.0, 0.25):
            figures.append(_recall(f"{name}_wer_{wer:.0%}", book, repeats, vocabulary, count, wer))
        figures.append(_recall(f"{name}_label_only", label_book, label_repeats, vocabulary, count, WER))
    figures += _false_matches(ScriptBook((f"{n}", " ".join(call.said)) for n, call in enumerate(labelled)), folder)
    return figures


def heard(said: Sequence[str], wer: float, vocabulary: Sequence[str], rng: random.Random) -> list[str]:
    """The words as a recognizer gets them: of the errors half wrong, a quarter missing, a quarter added."""
    found = []
    for word in said:
        draw = rng.random()
        if draw < wer / 2:
            found.append(rng.choice(vocabulary))
        elif draw >= wer * 3 / 4:
            found.append(word)
        if rng.random() < wer / 4:
            found.append(rng.choice(vocabulary))
    return found


def _read(folder: Path) -> list[Call]:
    file = data_file(folder, *FILES)
    with file.open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    try:
        return [Call((row["campaign"] or "").strip(), tuple(words(row["transcript"] or ""))) for row in rows]
    except KeyError as error:
        raise SandboxError(f"{file}: there is no column {error}") from None


def _by_label(calls: Iterable[Call]) -> Iterator[list[Call]]:
    """The calls of each label that has at least two."""
    labels: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        labels[call.label].append(call)
    return (group for group in labels.values() if len(group) > 1)


def _scripts(calls: Iterable[Call]) -> Iterator[list[Call]]:
    """Calls of one label whose clean texts hang together, at least two."""
    for group in _by_label(calls):
        waiting = list(group)
        while waiting:
            script = [waiting.pop(0)]
            for member in script:  # grows while it is read
                near = [call for call in waiting if _alike(member, call) >= SAME_SCRIPT]
                script += near
                waiting = [call for call in waiting if call not in near]
            if len(script) > 1:
                yield script


def _copies(scripts: Sequence[list[Call]]) -> tuple[list[Call], list[Call]]:
    """(The clean copy of each script, all other calls)."""
    copies, repeats = [], []
    for script in scripts:
        best = max(range(len(script)), key=lambda n: (sum(_alike(script[n], other) for other in script), -n))
        copies.append(script[best])
        repeats += script[:best] + script[best + 1 :]
    return copies, repeats


def _alike(one: Call, other: Call) -> float:
    pairs = [set(zip(call.said, call.said[1:], strict=False)) for call in (one, other)]
    return len(pairs[0] & pairs[1]) / max(1, min(map(len, pairs)))


def _book(copies: Iterable[Call]) -> ScriptBook:
    return ScriptBook((call.label, " ".join(call.said)) for call in copies)


def _recall(
    name: str,
    book: ScriptBook,
    repeats: Sequence[Call],
    vocabulary: Sequence[str],
    count: int,
    wer: float,
    target: float | None = None,
) -> Figure:
    """Each call ``REPEATS`` times; the interval counts the calls, for its hearings are not independent."""
    rng = random.Random(SEED)
    long_enough = [call for call in repeats if len(call.said) >= count]
    hearings = [heard(call.said, wer, vocabulary, rng)[:count] for call in long_enough for _ in range(REPEATS)]
    found = sum(book.match_words(hearing) is not None for hearing in hearings)
    interval = share(name, round(found / REPEATS), len(long_enough))
    return Figure(name, found / max(1, len(hearings)), interval.low, interval.high, len(long_enough), target)


def _false_matches(book: ScriptBook, folder: Path) -> list[Figure]:
    """Against a book of all labelled calls, which is harder than one copy each."""
    rng = random.Random(SEED)
    english, chinese = ((words(text) for text in guard_benign.monologues(tongue, rng)) for tongue in ("en", "zh"))
    texts = guard_benign.windows(english, BENIGN * 3 // 4, *BENIGN_WORDS, rng)
    texts += guard_benign.windows(chinese, BENIGN // 4, *BENIGN_WORDS, rng)
    found = sum(book.match_words(window) is not None for window in texts)
    short = guard_benign.windows(english, BENIGN // 5, *FEW_WORDS, rng)
    few = sum(book.match_words(window) is not None for window in short)
    figures = [
        share("false_matches_generated", found, len(texts), 0.0, at_most=True),
        share("false_matches_12_to_19_words", few, len(short)),
    ]
    if (file := folder / "benign.txt").exists():
        lines = file.read_text(encoding="utf-8").splitlines()
        own = [window for line in lines for window in _all_windows(words(line))] or _all_windows(words(" ".join(lines)))
        matched = sum(book.match_words(window) is not None for window in own)
        figures.append(share("false_matches_benign_txt", matched, len(own), 0.0, at_most=True))
    return figures


def _all_windows(said: Sequence[str]) -> list[Sequence[str]]:
    """Windows of 20 words one after another, half over each other, and the whole."""
    least = BENIGN_WORDS[0]
    if len(said) < least:
        return []
    starts = range(0, len(said) - least + 1, least // 2)
    return [said[start : start + least] for start in starts] + [said]
