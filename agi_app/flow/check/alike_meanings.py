"""The rules about meanings: what a file of a project may say, and which answers of a question sound alike."""

from __future__ import annotations

from collections.abc import Iterator

from agi_app.authoring.yaml_lines import Document, Path
from agi_app.errors import Problem
from agi_app.flow.answers.grammar import Grammar
from agi_app.flow.answers.meanings import Meanings, MeaningsFile
from agi_app.flow.answers.phrase_cover import phrase_of, word_of
from agi_app.flow.answers.phrase_spotting import asks_to_stop
from agi_app.flow.answers.tokens import SAME_SOUND, cut, likeness
from agi_app.flow.language.asking_steps import GatherStep
from agi_app.flow.language.definition import FlowDocument
from agi_app.messages import t

_LISTS = ("opt_out", "fillers")


def check_file(file: MeaningsFile, document: Document, shipped: Meanings) -> list[Problem]:
    """Every fault of one file of a project."""
    found = [
        document.problem(
            ("meanings", name),
            "meanings/name",
            t('"{name}" is not a meaning; write {name}: beside meanings:', name=name),
        )
        for name in file.meanings
        if name in _LISTS
    ]
    for path, language, text in _phrases(file):
        found += [document.problem(path, rule, message) for rule, message in _faults(path[0], text, language, shipped)]
    return found


def check_words(source: FlowDocument, meanings: Meanings) -> list[Problem]:
    """What is wrong with the words of a flow beside all that has a meaning already."""
    return [*_own_stops(source, meanings), *_answers(source, meanings)]


def _own_stops(source: FlowDocument, meanings: Meanings) -> Iterator[Problem]:
    """``flow/opt-out-wide``: what means stop here is not said by people who mean less."""
    for language, phrases in source.flow.opt_out.phrases.items():
        for index, phrase in enumerate(phrases):
            less = means_less(phrase, language, meanings)
            if less is not None:
                where = ("opt_out", "phrases", language, index)
                yield source.document.problem(where, "flow/opt-out-wide", _too_wide(phrase, *less))


def _answers(source: FlowDocument, meanings: Meanings) -> Iterator[Problem]:
    """``flow/speech-stop`` and ``flow/speech-alike``: what an answer of a gather says may come, and be told apart."""
    for path, step in source.flow.steps_of(GatherStep):
        where, speech = (*path, "gather", "speech"), step.gather.speech
        if isinstance(speech, dict):
            for language in source.flow.languages:
                wanted = meanings.wanted(language, speech, opt_out=source.flow.opt_out.phrases)
                yield from _never_heard(source, where, wanted)
                yield from _told_apart(source, where, wanted)


def _never_heard(source: FlowDocument, where: Path, wanted: Grammar) -> Iterator[Problem]:
    for label, phrases in wanted.answers.items():
        for phrase in phrases:
            if asks_to_stop(wanted, cut(phrase)):
                message = t(
                    '{label}: "{phrase}" asks to stop the calls, and a stop comes first: it is never this answer',
                    label=label,
                    phrase=phrase,
                )
                yield source.document.problem((*where, label), "flow/speech-stop", message)


def _told_apart(source: FlowDocument, where: Path, wanted: Grammar) -> Iterator[Problem]:
    pairs: dict[tuple[str, str], list[str]] = {}
    for label, phrase, other, heard in alike(wanted):
        pairs.setdefault((label, other), []).append(phrase if phrase == heard else f"{phrase}/{heard}")
    for (label, other), same in pairs.items():
        message = t(
            "{other}: a person who says {some} may also mean {label}, and is asked again",
            other=other,
            some=_some(same),
            label=label,
        )
        yield source.document.problem((*where, other), "flow/speech-alike", message, "warning")


def _some(phrases: list[str]) -> str:
    shown = ", ".join(f'"{phrase}"' for phrase in phrases[:3])
    return t("{shown} and {count} more", shown=shown, count=len(phrases) - 3) if len(phrases) > 3 else shown


def _too_wide(stop: str, name: str, phrase: str) -> str:
    return t(
        '"{stop}" is also said by people who mean {name} ("{phrase}"); they would never be called again',
        stop=stop,
        name=name,
        phrase=phrase,
    )


def means_less(stop: str, language: str, shipped: Meanings) -> tuple[str, str] | None:
    """The meaning, and one phrase of it, whose speakers would be taken to ask for a stop by this phrase; None: none."""
    wanted = Grammar(language, opt_out=(stop,))
    said = ((name, text) for name in shipped.meanings for text in shipped.phrases(name, language))
    return next(((name, text.removeprefix("=")) for name, text in said if asks_to_stop(wanted, cut(text))), None)


def alike(wanted: Grammar) -> Iterator[tuple[str, str, str, str]]:
    """Pairs of answers with a phrase each that sound the same: label, phrase, label, phrase."""
    said = [(label, text, phrase_of(text).units) for label, texts in wanted.answers.items() for text in texts]
    return (
        (other, earlier.removeprefix("="), label, text.removeprefix("="))
        for index, (label, text, units) in enumerate(said)
        for other, earlier, before in said[:index]
        if other != label and len(before) == len(units) and all(map(_same, before, units))
    )


def _same(first: str, second: str) -> bool:
    return likeness(first, second) >= SAME_SOUND


def _phrases(file: MeaningsFile) -> Iterator[tuple[Path, str, str]]:
    """Place, language and text of every phrase."""
    lists = [(("meanings", name), phrases) for name, phrases in file.meanings.items()]
    return (
        ((*path, language, index), language, text)
        for path, phrases in (*lists, (("opt_out",), file.opt_out), (("fillers",), file.fillers))
        for language, texts in phrases.items()
        for index, text in enumerate(texts)
    )


def _faults(where: str | int, text: str, language: str, shipped: Meanings) -> Iterator[tuple[str, str]]:
    units, wanted = cut(text), shipped.wanted(language)
    if not units.all:
        yield "meanings/no-words", t('"{text}" has no word in it, so nobody can say it', text=text)
    elif where == "opt_out":
        less = means_less(text, language, shipped)
        if less is not None:
            yield "meanings/opt-out", _too_wide(text, *less)
    elif asks_to_stop(wanted, units):
        yield (
            "meanings/stop",
            t('"{text}" asks to stop the calls, and a stop comes first: it would never be heard here', text=text),
        )
    elif where == "fillers":
        loaded = {unit for word in (*wanted.words.negations, *wanted.words.doubts) for unit in word_of(word).units}
        word = next((unit for unit in units.all if unit in loaded), None)
        if word is not None:
            yield (
                "meanings/filler",
                t(
                    '"{text}" may not be left out: "{word}" turns an answer round or puts it in doubt',
                    text=text,
                    word=word,
                ),
            )
