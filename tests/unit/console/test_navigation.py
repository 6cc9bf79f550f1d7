"""The navigation: who sees which sections, and what is marked as open."""

from __future__ import annotations

from typing import Any

import pytest

from agi_app.console.navigation import Navigation
from agi_app.console.pages import PageCall, Pages, Section, Shown
from agi_app.model.actors import Actor, Role, Scope

pages: Any = Pages()


async def nothing(call: PageCall) -> Shown:
    raise AssertionError(call)


pages.get("/", Scope.FIGURES_READ, Section.TODAY, "Today")(nothing)
pages.get("/campaigns", Scope.FIGURES_READ, Section.CALLS, "Campaigns")(nothing)
pages.get("/campaigns/{campaign}", Scope.FIGURES_READ)(nothing)
pages.get("/live", Scope.CAMPAIGNS_PAUSE, Section.CALLS, "Live")(nothing)
pages.get("/people", Scope.PEOPLE_REVEAL, Section.PEOPLE, "People")(nothing)
NAVIGATION = Navigation(pages.declared)


def seen(role: Role, path: str) -> list[tuple[str, str, list[tuple[str, str]]]]:
    found = NAVIGATION.of(Actor("somebody", frozenset({role}), "console"), path)
    return [(one.link.path, one.link.current, [(page.path, page.current) for page in one.pages]) for one in found]


@pytest.mark.parametrize(
    ("role", "paths"), [(Role.VIEWER, ["/", "/campaigns"]), (Role.COMPLIANCE, ["/", "/campaigns", "/people"])]
)
def test_a_role_sees_the_sections_in_which_it_may_see_a_page(role: Role, paths: list[str]) -> None:
    assert [path for path, _, _ in seen(role, "/")] == paths


def test_an_open_section_shows_its_pages_and_where_one_is() -> None:
    at = {path: (current, pages) for path, current, pages in seen(Role.OPERATOR, "/campaigns/spring")}
    assert at["/"] == ("", [])
    assert at["/campaigns"] == ("true", [("/campaigns", "true"), ("/live", "")])
    at = {path: (current, pages) for path, current, pages in seen(Role.OPERATOR, "/live")}
    assert at["/campaigns"] == ("true", [("/campaigns", ""), ("/live", "page")])


def test_a_section_of_one_page_has_no_second_row_and_a_path_that_begins_alike_is_another() -> None:
    assert seen(Role.VIEWER, "/campaigns") == [("/", "", []), ("/campaigns", "page", [])]
    assert seen(Role.VIEWER, "/campaigns-of-others")[1] == ("/campaigns", "", [])
