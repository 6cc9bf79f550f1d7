"""The rules about the files of prompts: each has a recording that Asterisk plays, and a transcript; none is unused."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from agi_app.authoring import full_width
from agi_app.authoring.suggestions import suggest
from agi_app.errors import Problem
from agi_app.flow.check.graph import PromptUse, prompt_uses
from agi_app.flow.check.prompt_facts import PromptFacts, Prompts, transcript_of
from agi_app.flow.language.definition import FlowDocument
from agi_app.messages import t

_TAG = re.compile(r"[a-z]{2,3}(-[A-Z0-9][A-Za-z0-9]{1,7})*")  # a language as the names of folders write it
SAMPLE_RATE = 8000  # Hz; Asterisk plays no other in a file that ends in .wav (docs/decisions/0021-prompt-files.md)


def prompt_missing(source: FlowDocument, prompts: Prompts) -> Iterator[Problem]:
    """``flow/prompt-missing``: each prompt is recorded in each language of the flow."""
    uses, languages, folders = list(prompt_uses(source.flow)), source.flow.languages, {tongue for tongue, _ in prompts}
    meant = {language: _folder_meant(language, folders - {*languages}) for language in {*languages} - folders}
    for at, language in enumerate(languages if uses else ()):
        if folder := meant.get(language):
            message = t(
                "there is no folder prompts/{language}; prompts/{folder} is there: write {folder} in place of "
                "{language} in the whole file",
                language=language,
                folder=folder,
            )
            yield source.document.problem(("languages", at), "flow/prompt-missing", message)
    for use in uses:
        for language in languages:
            if not meant.get(language) and (hint := _missing(use.prompt, language, source, prompts)) is not None:
                message = t(
                    '"{prompt}" has no recording {prompt_file}{hint}',
                    prompt=use.prompt,
                    prompt_file=prompt_file(language, use.prompt),
                    hint=hint,
                )
                yield source.document.problem(use.path, "flow/prompt-missing", message)


def _folder_meant(language: str, folders: Collection[str]) -> str | None:
    """The only folder whose language is a wider or narrower one, such as zh-CN for zh; None: there is none."""
    own, tags = f"{language.casefold()}-", ((one, f"{one.casefold()}-") for one in folders if _TAG.fullmatch(one))
    alike = [folder for folder, tag in tags if own.startswith(tag) or tag.startswith(own)]
    return alike[0] if len(alike) == 1 else None


def _missing(prompt: str, language: str, source: FlowDocument, prompts: Prompts) -> str | None:
    """``; …`` for a prompt without a recording; None: it has one."""
    recorded = {
        name for (tongue, name), facts in prompts.items() if tongue == language and (facts.has_audio or facts.by_engine)
    }
    if prompt in recorded:
        return None
    near = suggest(prompt, recorded)
    hint = near if t("did you mean") in near else ""
    if transcript_of(prompts, language, prompt):
        hint = t("; its text is there: record it, or let an engine speak it ([tts] engine in agi-app.toml)")
    played = {other.prompt for other in prompt_uses(source.flow)}
    return _misnamed(prompt, language, recorded - played) or hint


def transcript_missing(source: FlowDocument, prompts: Prompts) -> Iterator[Problem]:
    """``flow/transcript-missing``: what a recording says is beside it as text."""
    for use, language, facts in _recorded(source, prompts):
        if not (facts.transcript or "").strip() and f"{use.prompt}.txt:" not in (facts.error or ""):
            message = t(
                '"{prompt}": write what the recording says into {prompt_file}{misnamed_text}',
                prompt=use.prompt,
                prompt_file=prompt_file(language, use.prompt, "txt"),
                misnamed_text=_misnamed_text(use.prompt, language, prompts),
            )
            yield source.document.problem(use.path, "flow/transcript-missing", message)


def prompt_format(source: FlowDocument, prompts: Prompts) -> Iterator[Problem]:
    """``flow/prompt-format``: recordings are WAV, 8 kHz, one channel, 16 bit, not empty, or prepared."""
    for use, language, facts in _recorded(source, prompts):
        fault = facts.error or format_fault(facts)
        if fault:
            file, stem = prompt_file(language, use.prompt), use.prompt.rpartition("/")[2]
            other = fault.startswith(f"{stem}.") and not fault.startswith(f"{stem}.wav")  # it names its file
            message = (
                f"{file.removesuffix(f'{stem}.wav')}{fault}"
                if other
                else f"{file}: {fault.removeprefix(f'{stem}.wav: ')}"
            )
            yield source.document.problem(use.path, "flow/prompt-format", message)


def unused_prompts(documents: Iterable[FlowDocument], prompts: Prompts, elsewhere: Iterable[str] = ()) -> list[Problem]:
    """``flow/unused-prompt`` (warning): a prompt that none of all flows plays, and that is not used ``elsewhere``."""
    used = {*elsewhere, *(use.prompt for document in documents for use in prompt_uses(document.flow))}
    alike = {_as_named(name): name for name in used}
    found = []
    for (language, name), facts in sorted(prompts.items()):
        meant = prompts.get((language, alike.get(_as_named(name), name)))  # where it lacks this file, that is told
        misnamed = (meant is None or not (facts.has_audio and meant.has_audio)) and _as_named(name) in alike
        if name not in used and "/" not in name and not misnamed:  # num/20 and the like are for spoken values
            file = prompt_file(language, name, "wav" if facts.has_audio else "txt")
            found.append(Problem(file, 1, 1, "flow/unused-prompt", t("no flow plays this prompt"), "warning"))
    return found


def format_fault(facts: PromptFacts) -> str | None:
    """What is wrong with a recording as Asterisk would play it."""
    mend = t("run `agi-app prompts prepare`")
    cases = (
        (facts.sample_rate != SAMPLE_RATE, t("{sample_rate} Hz; {mend}", sample_rate=facts.sample_rate, mend=mend)),
        (facts.channels != 1, t("{channels} channels; {mend}", channels=facts.channels, mend=mend)),
        (facts.sample_width != 2, t("{bits} bit; {mend}", bits=8 * facts.sample_width, mend=mend)),
        (facts.seconds <= 0, t("the recording is empty")),
    )
    return next((told for is_so, told in cases if is_so), None)


def prompt_file(language: str, name: str, suffix: str = "wav") -> str:
    """Where the prompt is in the project folder."""
    return f"prompts/{language}/{name}.{suffix}"


def _misnamed(name: str, language: str, unplayed: set[str]) -> str:
    """``; …`` when a recording that nobody plays is certainly or perhaps this one, under another name."""
    for other in sorted(unplayed):
        if _as_named(other) == _as_named(name):
            return t("; rename {prompt_file} to {name}.wav", prompt_file=prompt_file(language, other), name=name)
    strange = next((other for other in sorted(unplayed) if not other.isascii()), None)
    if strange is None:
        return ""
    file = prompt_file(language, strange)
    return t(
        "; is {file} its recording? Then rename it to {name}.wav: names of prompts have Latin letters",
        file=file,
        name=name,
    )


def _misnamed_text(name: str, language: str, prompts: Prompts) -> str:
    """``; …`` when a text without a recording is certainly this one, under another name."""
    texts = (one for (tongue, one), facts in sorted(prompts.items()) if tongue == language and not facts.has_audio)
    other = next((one for one in texts if one != name and _as_named(one) == _as_named(name)), None)
    return (
        ""
        if other is None
        else t("; rename {prompt_file} to {name}.txt", prompt_file=prompt_file(language, other, "txt"), name=name)
    )


def _as_named(name: str) -> str:
    """Without what people add to a file's name, and what they do not see."""
    return re.sub(r"[\s_-]|\.(wav|mp3|m4a|txt)$|\(\d+\)$| ?(- )?copy$", "", full_width.ascii_of(name).casefold())


def _recorded(source: FlowDocument, prompts: Prompts) -> Iterator[tuple[PromptUse, str, PromptFacts]]:
    uses = ((use, language) for use in prompt_uses(source.flow) for language in source.flow.languages)
    found = ((use, language, prompts.get((language, use.prompt))) for use, language in uses)
    return ((use, language, facts) for use, language, facts in found if facts is not None and facts.has_audio)
