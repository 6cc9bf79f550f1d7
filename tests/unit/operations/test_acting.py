"""Every operation says which scope it takes; what changes something, exports or shows whole numbers is noted."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

from agi_app import operations
from agi_app.errors import Forbidden
from agi_app.model.actors import ALLOWED, Actor, Role, Scope
from agi_app.operations.acting import OperationMark

# Steps that several operations share; each of those has its own mark.
SHARED = {
    "acting.note_import",
    "reporting.calls.check",
    "calling.agent_calls.may_be_asked",
    "calling.approvals.second_person",
    "acting.works_alone",
    "calling.listening.given",
    "calling.requested_calls.worker_runs",
    "calling.call_asks.do",  # each ask is an operation with its mark
    "calling.feed_asks.do",
    "calling.caller_ids.request_with_code",
    "calling.caller_ids.ring_with_code",
    "administration.account_asks.do",
    "administration.sign_on.begin",  # who acts is found out by it
    "administration.sign_on.finish",
    "administration.sign_on_asks.prepare",
    "administration.sign_on_asks.do",
    "guard.guard_asks.do",
    "people.contact_change_asks.do",
    "people.opening_words.of",
    "people.opening_words.learn",
    "service.events.after",  # the face tells each reader what its scopes allow
    "service.events.newest",
    "service.health.database_answers",  # without a token, and says nothing else
    "service.repeats.edited",
    "service.repeats.once",
    "service.tokens.owner_of",  # who acts is found out by it
    "service.tokens.used",
    "service.sessions.sign_in",  # so are these
    "service.sessions.derived_of",
    "service.sessions.owner_of",
    "service.sessions.who_shows",
    "service.sessions.still_good",
    "service.sessions.link_owner",
    "service.sessions.set_by_link",
    "service.sessions.make_link_of",
    "administration.passkeys.begin_sign_in",
    "administration.passkeys.sign_in",
    "people.time_and_evidence.keep",
}


def found() -> Iterator[tuple[str, Any]]:
    """Every public coroutine of the operations that begins with an installation."""
    for module in pkgutil.walk_packages(operations.__path__, "agi_app.operations."):
        loaded = importlib.import_module(module.name)
        for name, function in vars(loaded).items():
            if name.startswith("_") or getattr(function, "__module__", "") != module.name:
                continue
            if not (inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)):
                continue
            if next(iter(inspect.signature(function).parameters), "") == "inst":
                yield f"{module.name.removeprefix('agi_app.operations.')}.{name}", function


OPERATIONS = {name: function for name, function in found() if name not in SHARED}


def test_there_are_operations() -> None:
    assert len(OPERATIONS) > 50
    assert {name for name, _ in found()} >= SHARED


@pytest.mark.parametrize("name", OPERATIONS)
async def test_it_is_refused_without_its_scope_before_anything_else(name: str) -> None:
    """The installation has nothing but who acts: whatever it touched first would be another fault."""
    function = OPERATIONS[name]
    mark = getattr(function, "acting", None)
    assert isinstance(mark, OperationMark), f"{name} has no mark: who may do it?"

    class Nothing:
        actor = Actor("nobody", frozenset(), "api")

    asked = function(Nothing(), *([None] * _positional(function)))
    with pytest.raises(Forbidden):
        await (anext(asked) if inspect.isasyncgen(asked) else asked)


def _positional(function: Any) -> int:
    return sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in inspect.signature(function).parameters.values()) - 1


def test_whoever_may_read_only_changes_nothing() -> None:
    """A viewer can do nothing that is noted as a change of calls, people or the service."""
    noted = {n for n, f in OPERATIONS.items() if f.acting.verb and f.acting.scope in {None, *ALLOWED[Role.VIEWER]}}
    assert noted == {
        "administration.passkeys.add",
        "administration.passkeys.prove",
        "administration.passkeys.remove",
        "calling.contact_lists.find_contacts_by_number",
        "calling.reports.as_csv",
        "calling.reports.as_json",
        "guard.guard_calls.explain",
        "guard.guard_calls.report",
        "people.person_looks.search",
        "reporting.calls.write_calls",
        "reporting.jobs.ask",
        "reporting.jobs.delete",
        "reporting.jobs.fetch",
        "reporting.jobs.open_file",
        "reporting.imports.write_imports",
        "reporting.quarter.write_quarter",
        "service.accounts.set_own_secret",
        "service.sessions.change_own_password",
        "service.sessions.end_own",
        "service.sessions.make_own_link",
        "service.sessions.prove",
        "service.sessions.remove_second_factor",
        "service.sessions.renew_recovery_codes",
        "service.sessions.set_second_factor",
        "service.sessions.sign_out",
    }


def test_no_scope_is_without_an_operation() -> None:
    """What a role is said to be able to do must be doable; those of the files and of the service's faces aside."""
    used = {f.acting.scope for f in OPERATIONS.values() if f.acting.scope}
    by_hand = {  # drafts are files; agents and webhooks follow with their own operations
        Scope.CAMPAIGNS_DRAFT, Scope.AGENTS_MANAGE, Scope.AGENT_SELF, Scope.WEBHOOKS_MANAGE,
    }  # fmt: skip
    assert set(Scope) - used <= by_hand
