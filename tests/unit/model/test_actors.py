"""Which role may do what: the table of decision 0091."""

from __future__ import annotations

import pytest

from agi_app.errors import Forbidden
from agi_app.model.actors import ALLOWED, Actor, Role, Scope


def actor(*roles: Role, scopes: frozenset[Scope] | None = None) -> Actor:
    return Actor("anna", frozenset(roles), "cli", scopes=scopes)


def test_everybody_above_a_viewer_may_stop_and_pause() -> None:
    for role in (Role.OPERATOR, Role.SUPERVISOR, Role.COMPLIANCE, Role.ADMIN):
        assert {Scope.STOPS_ENTER, Scope.CAMPAIGNS_PAUSE} <= ALLOWED[role]
    assert not {Scope.STOPS_ENTER, Scope.CAMPAIGNS_PAUSE} & ALLOWED[Role.VIEWER]


@pytest.mark.parametrize(
    ("role", "never"),
    [
        (Role.OPERATOR, {Scope.CAMPAIGNS_APPROVE, Scope.CONSENTS_ENTER, Scope.PEOPLE_REVEAL}),
        (Role.SUPERVISOR, {Scope.CONSENTS_ENTER, Scope.PEOPLE_REVEAL, Scope.PEOPLE_ERASE}),
        (Role.COMPLIANCE, {Scope.CAMPAIGNS_START, Scope.CAMPAIGNS_DRAFT}),
        (Role.ADMIN, {Scope.PEOPLE_REVEAL, Scope.CAMPAIGNS_APPROVE, Scope.CAMPAIGNS_START, Scope.EXPORTS_WHOLE}),
        (Role.AGENT, set(Scope) - {Scope.AGENT_SELF}),
    ],
)
def test_what_a_role_never_may(role: Role, never: set[Scope]) -> None:
    assert not never & ALLOWED[role]


def test_every_scope_belongs_to_somebody() -> None:
    assert set(Scope) == set().union(*ALLOWED.values())


def test_a_token_narrows_and_never_widens() -> None:
    token = actor(Role.VIEWER, scopes=frozenset({Scope.FIGURES_READ, Scope.PEOPLE_REVEAL}))
    assert token.may(Scope.FIGURES_READ)
    assert not token.may(Scope.PEOPLE_READ)
    assert not token.may(Scope.PEOPLE_REVEAL)


def test_a_refusal_names_who_may() -> None:
    with pytest.raises(Forbidden, match=r"takes the role supervisor or compliance; operator is held"):
        actor(Role.OPERATOR).require(Scope.CAMPAIGNS_APPROVE)
    with pytest.raises(Forbidden, match=r"this token of anna has not the scope people\.read"):
        actor(Role.VIEWER, scopes=frozenset()).require(Scope.PEOPLE_READ)
