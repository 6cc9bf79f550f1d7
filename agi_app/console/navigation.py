"""The navigation: sections of pages, of those that the reader may see; of the section that is open its pages, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agi_app.console.pages import DeclaredPage, Section
from agi_app.model.actors import Actor


@dataclass(frozen=True, slots=True)
class NavLink:
    """``title``: a template. ``current``: "page" when it is shown, "true" when what is shown is part of it, or ""."""

    title: str
    path: str
    current: str


@dataclass(frozen=True, slots=True)
class NavSection:
    """A section leads to the first of its pages; ``pages`` are those of the one that is open, else there are none."""

    link: NavLink
    pages: tuple[NavLink, ...] = ()


class Navigation:
    """Of all declared pages."""

    def __init__(self, declared: Sequence[DeclaredPage]) -> None:
        self._pages = [one for one in declared if one.section is not None]

    def of(self, actor: Actor, path: str) -> tuple[NavSection, ...]:
        """What this actor sees at this path."""
        seen = [one for one in self._pages if one.scope is None or actor.may(one.scope)]
        at = max((one for one in seen if _within(path, one.path)), key=lambda one: len(one.path), default=None)
        found = []
        for section in Section:
            if not (pages := [one for one in seen if one.section is section]):
                continue
            opened = at is not None and at.section is section
            link = NavLink(section.value, pages[0].path, _current(path, at, pages[0]) or ("true" if opened else ""))
            links = tuple(NavLink(one.title, one.path, _current(path, at, one)) for one in pages)
            found.append(NavSection(link, links if opened and len(links) > 1 else ()))
        return tuple(found)


def _within(path: str, page: str) -> bool:
    return path == page or (page != "/" and path.startswith(f"{page}/"))


def _current(path: str, at: DeclaredPage | None, page: DeclaredPage) -> str:
    if page is not at:
        return ""
    return "page" if path == page.path else "true"
