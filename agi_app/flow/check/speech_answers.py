"""The rules about what may be said: every answer has words in each language, and no words have two meanings."""

from __future__ import annotations

from collections.abc import Iterator

from agi_app.authoring.suggestions import suggest_or
from agi_app.authoring.yaml_lines import Path
from agi_app.errors import Problem
from agi_app.flow.answers.meanings import Meanings
from agi_app.flow.check.names_and_keys import not_as_spoken
from agi_app.flow.language.asking_steps import Gather, GatherStep
from agi_app.flow.language.definition import Flow, FlowDocument
from agi_app.messages import t, template


def speech_language(source: FlowDocument) -> Iterator[Problem]:
    """``flow/speech-language``: phrases are there in each language of the flow, and in no other."""
    for path, label, phrases in _written(source.flow):
        for key, message in not_as_spoken(label, template("phrases"), phrases, source.flow.languages):
            yield source.document.problem((*path, *key), "flow/speech-language", message)


def speech_twice(source: FlowDocument) -> Iterator[Problem]:
    """``flow/speech-twice``: a phrase belongs to one answer of a gather, and those that mean stop to none."""
    taken: dict[tuple[Path, str, str], str] = {}
    for path, label, phrases in _written(source.flow):
        for language, said in phrases.items():
            for index, phrase in enumerate(said):
                key = (path[:-1], language, _plain(phrase))
                stops = {_plain(stop) for stop in source.flow.opt_out.phrases.get(language, ())}
                other = t("the opt-out") if key[2] in stops else taken.setdefault(key, label)
                if other != label:
                    message = t('{label}: "{phrase}" means {other} already', label=label, phrase=phrase, other=other)
                    yield source.document.problem((*path, language, index), "flow/speech-twice", message)


_OWN = {"zh": "改时间", "en": "another time"}  # an example of words of one's own, by language


def check_meanings(source: FlowDocument, meanings: Meanings) -> list[Problem]:
    """``flow/unknown-meaning``: every meaning that is named exists, in each language of the flow."""
    found = []
    for path, gather in _gathers(source.flow):
        for label, said in gather.speech.items() if isinstance(gather.speech, dict) else ():
            if not isinstance(said, str):
                continue
            message = None
            if said not in meanings.meanings:
                own = ", ".join(f"{tag}: [{_OWN.get(tag.partition('-')[0], '…')}]" for tag in source.flow.languages)
                hint = suggest_or(
                    said, meanings.meanings, t("your own words: {label}: {{{own}}}", label=label, own=own)
                )
                message = t('there is no meaning "{said}"{hint}', said=said, hint=hint)
            elif missing := [one for one in source.flow.languages if not meanings.phrases(said, one)]:
                message = t(
                    '"{said}" has no phrases in "{missing}"; write some in meanings/ or here',
                    said=said,
                    missing=missing[0],
                )
            if message:
                where = (*path, "gather", "speech", label)
                found.append(source.document.problem(where, "flow/unknown-meaning", f"{label}: {message}"))
    return found


def check_recognizer(source: FlowDocument) -> list[Problem]:
    """What does not work in this flow when nobody understands speech: the settings name no engine."""
    found = [
        source.document.problem(
            (*path, "gather", "speech"),
            "flow/no-recognizer",
            t(
                "speech: this can be answered by voice alone, and no speech engine is set up; write keys beside it, "
                "or set [speech] engine in agi-app.toml"
            ),
        )
        for path in by_voice_alone(source.flow)
    ]
    if source.flow.listens and not found:
        message = t(
            "no speech engine is set up ([speech] engine in agi-app.toml; docs/how-to/spoken-answers.md): only "
            "keys count, spoken words are not heard"
        )
        found.append(source.document.problem(("flow",), "flow/not-heard", message, "warning"))
    for path, label in _answers_without_key(source.flow):
        message = t(
            "{label}: this answer can only be said, and without an engine nobody hears words; give it a key, too",
            label=label,
        )
        found.append(source.document.problem(path, "flow/not-heard", message, "warning"))
    return found


def check_scripted(source: FlowDocument) -> list[Problem]:
    """``flow/not-heard``: the engine of trials hears whatever its file says, and nobody's words."""
    if not source.flow.listens:
        return []
    message = t(
        '[speech] engine = "scripted" is for trials: it takes the next line of its file for what was said, '
        "and hears no words; for real calls install an engine (docs/how-to/spoken-answers.md)"
    )
    return [source.document.problem(("flow",), "flow/not-heard", message, "warning")]


def by_voice_alone(flow: Flow) -> list[Path]:
    """The steps that can only be answered by voice."""
    return [path for path, gather in _gathers(flow) if gather.speech and not (gather.keys or gather.digits)]


def _answers_without_key(flow: Flow) -> Iterator[tuple[Path, str]]:
    """The answers of a question with keys that no key gives."""
    return (
        ((*path, "gather", "speech", label), label)
        for path, gather in _gathers(flow)
        if gather.keys and isinstance(gather.speech, dict)
        for label in sorted(gather.speech.keys() - set(gather.keys.values()))
    )


def _gathers(flow: Flow) -> Iterator[tuple[Path, Gather]]:
    return ((path, step.gather) for path, step in flow.steps_of(GatherStep))


def _written(flow: Flow) -> Iterator[tuple[Path, str, dict[str, list[str]]]]:
    """The answers whose phrases the author wrote, with their place."""
    return (
        ((*path, "gather", "speech", label), label, said)
        for path, gather in _gathers(flow)
        if isinstance(gather.speech, dict)
        for label, said in gather.speech.items()
        if isinstance(said, dict)
    )


def _plain(phrase: str) -> str:
    return "".join(phrase.casefold().split())
