"""The linter of flows: each rule a small function that yields problems, its id on top.

``check_structure`` needs only the file; ``check_flow`` also reads what the prompts say.
Rules find everything at once: a fault never hides another one.
"""

from __future__ import annotations

from itertools import islice

from agi_app.authoring.yaml_lines import MOST_PROBLEMS
from agi_app.errors import Problem
from agi_app.flow.check.early_answers import answered_unheard
from agi_app.flow.check.first_prompt import abandoned_says_who, business_not_named, opt_out_not_offered
from agi_app.flow.check.graph import said_prompts
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
from agi_app.flow.check.prompt_facts import Prompts
from agi_app.flow.check.prompt_files import prompt_format, prompt_missing, transcript_missing
from agi_app.flow.check.recording_notice import record_call_notice, record_notice
from agi_app.flow.check.said_keys import said_keys
from agi_app.flow.check.speech_answers import speech_language, speech_twice
from agi_app.flow.check.unreachable_nodes import (
    call_first,
    no_way_out,
    unknown_target,
    unreachable_node,
    unreachable_step,
)
from agi_app.flow.language.definition import FlowDocument


def check_structure(document: FlowDocument) -> list[Problem]:
    """Every fault that can be found without the prompts, in the order of the file."""
    return sorted(problem for rule in STRUCTURE_RULES for problem in islice(rule(document), MOST_PROBLEMS))


def check_flow(document: FlowDocument, prompts: Prompts) -> list[Problem]:
    """Every fault of a flow; ``prompts`` has one entry for each recording or transcript that was found."""
    known = {**prompts, **said_prompts(document.flow)}
    found = {problem for rule in PROMPT_RULES for problem in islice(rule(document, known), MOST_PROBLEMS)}
    return sorted({*found, *check_structure(document)})


STRUCTURE_RULES = (
    unknown_target,
    unreachable_node,
    unreachable_step,
    no_way_out,
    opt_out_key_used,
    answered_unheard,
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
PROMPT_RULES = (
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
