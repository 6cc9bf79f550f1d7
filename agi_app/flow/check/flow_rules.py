"""The linter of flows: each rule a small function that yields problems, its id on top.

``check_structure`` needs only the file; ``check_flow`` also reads what the prompts say.
Rules find everything at once: a fault never hides another one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from agi_app.authoring import full_width
from agi_app.authoring.suggestions import suggest
from agi_app.authoring.yaml_lines import MOST_PROBLEMS
from agi_app.errors import Problem
from agi_app.flow.check.graph import (
    PromptUse,
    calls_before_prompt,
    first_prompts,
    is_last,
    prompt_uses,
    reachable,
    said_prompts,
    targets,
    with_exit,
)
from agi_app.flow.check.impossible_values import never_answered, never_read, number_in_quotes
from agi_app.flow.check.line_flows import line_knows_nothing, line_takes_stops, stop_number_needs_line
from agi_app.flow.check.names_and_keys import (
    language_missing,
    offered_languages,
    opt_out_key_used,
    say_language,
    say_placeholder,
    unknown_variable,
)
from agi_app.flow.check.prompt_facts import PromptFacts, Prompts
from agi_app.flow.check.recording_notice import record_call_notice, record_notice
from agi_app.flow.check.said_keys import said_keys
from agi_app.flow.check.speech_answers import speech_language, speech_twice
from agi_app.flow.check.transcripts import offers_key, says
from agi_app.flow.language.call_step import CallStep
from agi_app.flow.language.definition import FlowDocument
from agi_app.flow.language.record_step import RecordStep
from agi_app.flow.language.steps import AskStep
from agi_app.flow.language.transfer_step import TransferStep


def abandoned_says_who(source: FlowDocument, prompts: Prompts) -> Iterator[Problem]:
    """``flow/abandoned``: a person who finds no free agent hears who called and how to stop the calls."""
    flow = source.flow
    for language in flow.languages if flow.abandoned else ():
        facts = prompts.get((language, flow.abandoned or ""))
        transcript = (facts.transcript or "").strip() if facts is not None else ""
        if not transcript:
            continue  # other rules say that it is missing
        name, key = flow.identify.business.get(language), flow.opt_out.key
        missing = [] if name is None or says(transcript, name) else [f'say "{name}"']
        if not offers_key(transcript, key, language, after_star=False):
            missing.append(f"say to press {key} to stop the calls")
        if missing:
            message = (
                f'"{flow.abandoned}" is all that a person hears who finds no free agent, but in {language} it does not '
            )
            yield source.document.problem(("abandoned",), "flow/abandoned", message + " nor ".join(missing))


SAMPLE_RATE = 8000  # Hz; Asterisk plays no other in a file that ends in .wav (docs/decisions/0021-prompt-files.md)
StructureRule = Callable[[FlowDocument], Iterator[Problem]]
PromptRule = Callable[[FlowDocument, Prompts], Iterator[Problem]]


def check_structure(document: FlowDocument) -> list[Problem]:
    """Every fault that can be found without the prompts, in the order of the file."""
    return sorted(problem for rule in STRUCTURE_RULES for problem in islice(rule(document), MOST_PROBLEMS))


def check_flow(document: FlowDocument, prompts: Prompts) -> list[Problem]:
    """Every fault of a flow; ``prompts`` has one entry for each recording or transcript that was found."""
    known = {**prompts, **said_prompts(document.flow)}
    found = {problem for rule in PROMPT_RULES for problem in islice(rule(document, known), MOST_PROBLEMS)}
    return sorted({*found, *check_structure(document)})


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
            found.append(Problem(file, 1, 1, "flow/unused-prompt", "no flow plays this prompt", "warning"))
    return found


def prompt_file(language: str, name: str, suffix: str = "wav") -> str:
    """Where the prompt is in the project folder."""
    return f"prompts/{language}/{name}.{suffix}"


# ---- structure


def unknown_target(source: FlowDocument) -> Iterator[Problem]:
    """``flow/unknown-target``: start, goto, on and else name nodes that exist."""
    flow, document = source.flow, source.document
    if flow.start not in flow.nodes:
        message = f'start: there is no node "{flow.start}"{suggest(flow.start, flow.nodes)}'
        yield document.problem(("start",), "flow/unknown-target", message)
    for path, step in flow.steps():
        for inner, target in targets(step):
            if target not in flow.nodes:
                message = f'{inner[-1]}: there is no node "{target}"{suggest(target, flow.nodes)}'
                yield document.problem((*path, *inner), "flow/unknown-target", message)


def unreachable_node(source: FlowDocument) -> Iterator[Problem]:
    """``flow/unreachable-node``: a way leads from start to every node."""
    if source.flow.start not in source.flow.nodes:
        return
    for node in source.flow.nodes.keys() - reachable(source.flow):
        message = f'{node}: no way leads from "{source.flow.start}" to this node; add a way to it, or remove it'
        yield source.document.problem(("nodes", node), "flow/unreachable-node", message)


def unreachable_step(source: FlowDocument) -> Iterator[Problem]:
    """``flow/unreachable-step``: nothing stands after a step that always leaves the node."""
    for node, steps in source.flow.nodes.items():
        for index, step in enumerate(steps[:-1]):
            if is_last(step):
                message = f"{node}: this step is never reached, because the step before it always leaves the node"
                yield source.document.problem(("nodes", node, index + 1), "flow/unreachable-step", message)
                break


def no_way_out(source: FlowDocument) -> Iterator[Problem]:
    """``flow/no-way-out``: every node ends with goto, hangup or opt_out, and every loop can end."""
    for node, steps in source.flow.nodes.items():
        if not any(is_last(step) for step in steps):
            hint = "end it with goto, hangup or opt_out"
            hint += ", or with return" if source.flow.is_called else ""
            if isinstance(steps[-1], CallStep):
                hint += ", or give its on a way for else"
            if isinstance(steps[-1], AskStep | TransferStep | RecordStep):
                hint += ", or give each answer and no_input a way in its on"
            path = ("nodes", node, len(steps) - 1)
            yield source.document.problem(path, "flow/no-way-out", f"{node}: the node just ends here; {hint}")
    for node in source.flow.nodes.keys() - with_exit(source.flow):
        message = f"{node}: from here no way leads to the end of the call; add a way to a hangup"
        yield source.document.problem(("nodes", node), "flow/no-way-out", message)


def call_first(source: FlowDocument) -> Iterator[Problem]:
    """``flow/call-first``: a prompt of the flow itself is heard before it calls another flow or transfers."""
    for path in calls_before_prompt(source.flow):
        message = (
            "the person has heard nothing yet; say here who calls and how to stop the calls, then go on to somebody"
            " else"
        )
        yield source.document.problem(path, "flow/call-first", message)


# ---- prompts


def prompt_missing(source: FlowDocument, prompts: Prompts) -> Iterator[Problem]:
    """``flow/prompt-missing``: each prompt is recorded in each language of the flow."""
    for use in prompt_uses(source.flow):
        for language in source.flow.languages:
            recorded = {
                name
                for (tongue, name), facts in prompts.items()
                if tongue == language and (facts.has_audio or facts.by_engine)
            }
            if use.prompt not in recorded:
                near = suggest(use.prompt, recorded)
                hint = near if "did you mean" in near else ""
                words = prompts.get((language, use.prompt))
                if words is not None and (words.transcript or "").strip():
                    hint = "; its text is there: record it, or let an engine speak it ([tts] engine in agi-app.toml)"
                played = {other.prompt for other in prompt_uses(source.flow)}
                hint = _misnamed(use.prompt, language, recorded - played) or hint
                message = f'"{use.prompt}" has no recording {prompt_file(language, use.prompt)}{hint}'
                yield source.document.problem(use.path, "flow/prompt-missing", message)


def _misnamed(name: str, language: str, unplayed: set[str]) -> str:
    """``; …`` when a recording that nobody plays is certainly or perhaps this one, under another name."""
    for other in sorted(unplayed):
        if _as_named(other) == _as_named(name):
            return f"; rename {prompt_file(language, other)} to {name}.wav"
    strange = next((other for other in sorted(unplayed) if not other.isascii()), None)
    if strange is None:
        return ""
    file = prompt_file(language, strange)
    return f"; is {file} its recording? Then rename it to {name}.wav: names of prompts have Latin letters"


def _misnamed_text(name: str, language: str, prompts: Prompts) -> str:
    """``; …`` when a text without a recording is certainly this one, under another name."""
    texts = (one for (tongue, one), facts in sorted(prompts.items()) if tongue == language and not facts.has_audio)
    other = next((one for one in texts if one != name and _as_named(one) == _as_named(name)), None)
    return "" if other is None else f"; rename {prompt_file(language, other, 'txt')} to {name}.txt"


def _as_named(name: str) -> str:
    """Without what people add to a file's name, and what they do not see."""
    return re.sub(r"[\s_-]|\.(wav|mp3|m4a|txt)$|\(\d+\)$| ?(- )?copy$", "", full_width.ascii_of(name).casefold())


def transcript_missing(source: FlowDocument, prompts: Prompts) -> Iterator[Problem]:
    """``flow/transcript-missing``: what a recording says is beside it as text."""
    for use, language, facts in _recorded(source, prompts):
        if not (facts.transcript or "").strip() and f"{use.prompt}.txt:" not in (facts.error or ""):
            message = f'"{use.prompt}": write what the recording says into {prompt_file(language, use.prompt, "txt")}'
            message += _misnamed_text(use.prompt, language, prompts)
            yield source.document.problem(use.path, "flow/transcript-missing", message)


def prompt_format(source: FlowDocument, prompts: Prompts) -> Iterator[Problem]:
    """``flow/prompt-format``: recordings are WAV, 8 kHz, one channel, 16 bit, not empty, or prepared."""
    for use, language, facts in _recorded(source, prompts):
        fault = facts.error or format_fault(facts)
        if fault:
            file, stem = prompt_file(language, use.prompt), use.prompt.rpartition("/")[2]
            other = fault.startswith(f"{stem}.") and not fault.startswith(f"{stem}.wav")  # it names its file
            message = f"{file.removesuffix(f'{stem}.wav')}{fault}" if other else f"{file}: {fault}"
            yield source.document.problem(use.path, "flow/prompt-format", message)


def business_not_named(source: FlowDocument, prompts: Prompts) -> Iterator[Problem]:
    """``flow/business-not-named``: what a person hears first says who calls."""
    for use in first_prompts(source.flow):
        for language, transcript in _transcripts(source, prompts, use.prompt):
            name = source.flow.identify.business.get(language)
            if name is not None and not says(transcript, name):
                message = (
                    f'"{use.prompt}" may be the first prompt, but in {language} it does not say "{name}"; say it there,'
                    " or correct identify: business"
                )
                yield source.document.problem(use.path, "flow/business-not-named", message)


def opt_out_not_offered(source: FlowDocument, prompts: Prompts) -> Iterator[Problem]:
    """``flow/opt-out-not-offered``: the first prompt tells how to stop the calls; so does each digit gather."""
    key = source.flow.opt_out.key
    first = {use.path for use in first_prompts(source.flow)}
    for use in prompt_uses(source.flow):
        if use.path not in first and not use.types_digits:
            continue
        wanted = f"*{key}" if use.types_digits else key
        why = "collects digits" if use.types_digits else "may be the first prompt"
        for language, transcript in _transcripts(source, prompts, use.prompt):
            if not offers_key(transcript, key, language, after_star=use.types_digits):
                message = f'"{use.prompt}" {why}, but in {language} it does not say to press {wanted} to stop the calls'
                yield source.document.problem(use.path, "flow/opt-out-not-offered", message)


def _recorded(source: FlowDocument, prompts: Prompts) -> Iterator[tuple[PromptUse, str, PromptFacts]]:
    for use in prompt_uses(source.flow):
        for language in source.flow.languages:
            facts = prompts.get((language, use.prompt))
            if facts is not None and facts.has_audio:
                yield use, language, facts


def _transcripts(source: FlowDocument, prompts: Prompts, name: str) -> Iterator[tuple[str, str]]:
    for language in source.flow.languages:
        facts = prompts.get((language, name))
        if facts is not None and (facts.transcript or "").strip():
            yield language, facts.transcript or ""


def format_fault(facts: PromptFacts) -> str | None:
    """What is wrong with a recording as Asterisk would play it."""
    mend = "run `agi-app prompts prepare`"
    if facts.sample_rate != SAMPLE_RATE:
        return f"{facts.sample_rate} Hz; {mend}"
    if facts.channels != 1:
        return f"{facts.channels} channels; {mend}"
    if facts.sample_width != 2:
        return f"{8 * facts.sample_width} bit; {mend}"
    return "the recording is empty" if facts.seconds <= 0 else None


STRUCTURE_RULES: tuple[StructureRule, ...] = (
    unknown_target,
    unreachable_node,
    unreachable_step,
    no_way_out,
    opt_out_key_used,
    unknown_variable,
    never_answered,
    never_read,
    number_in_quotes,
    language_missing,
    offered_languages,
    say_language,
    say_placeholder,
    speech_language,
    speech_twice,
    call_first,
    line_takes_stops,
    line_knows_nothing,
    stop_number_needs_line,
)
PROMPT_RULES: tuple[PromptRule, ...] = (
    prompt_missing,
    transcript_missing,
    prompt_format,
    business_not_named,
    opt_out_not_offered,
    said_keys,
    abandoned_says_who,
    record_notice,
    record_call_notice,
)
