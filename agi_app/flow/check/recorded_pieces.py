"""The rule about recorded pieces: what a flow says and reads back can be said when the call needs it."""

from __future__ import annotations

from agi_app.errors import InputError, Problem
from agi_app.flow.check.needed_pieces import needed_pieces
from agi_app.flow.check.prompt_facts import Prompts
from agi_app.flow.language.definition import FlowDocument

_SHOWN = 3


def check_pieces(source: FlowDocument, prompts: Prompts, *, engine: bool) -> list[Problem]:
    """``flow/piece-missing``. With an ``engine`` only what is keyed in a call counts: that is known too late for it."""
    found, flow = [], source.flow
    for language in flow.languages:
        try:
            needed = needed_pieces(flow, language, keyed_only=engine)
        except InputError:  # such values are not said in this language: another rule
            continue
        facts = {name: prompts.get((language, name)) for name in needed}
        missing = [name for name, fact in facts.items() if fact is None or not (fact.has_audio or fact.by_engine)]
        if missing:
            names = ", ".join(missing[:_SHOWN]) + (" …" if len(missing) > _SHOWN else "")
            which = f"agi-app prompts pieces --language {language} --missing --flow {flow.flow}"
            message = (
                f'it says or reads back pieces that have no recording in "{language}": {len(missing)} ({names}); a call'
                f" that needs one fails; `{which}` lists them"
            )
            found.append(source.document.problem(("flow",), "flow/piece-missing", message, "warning"))
    return found
