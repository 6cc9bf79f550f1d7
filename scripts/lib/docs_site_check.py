"""What is wrong with the site of the documents: dead links, things from elsewhere, a page that lost a part of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt

_COUNTED = frozenset({"li", "table", "tr", "pre", "h1", "h2", "h3", "h4", "blockquote", "img"})
_LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
_NOT_LOADED = frozenset({"canonical", "alternate", "next", "prev", "edit"})  # relations of a link that only names
# Words that must be found by the search: in each language one of each kind of page.
SEARCHED = {"en": ("suppression", "appointment", "Asterisk"), "zh": ("停呼", "投诉", "回拨", "暂停", "同意台账")}


@dataclass(slots=True)
class Page(HTMLParser):
    """What a page links to, loads, names, and how much of each kind its article has."""

    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    inside: bool = False  # the article, which is what the Markdown says

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        given = {name: value or "" for name, value in attrs}
        self.names.update(filter(None, (given.get("id"), given.get("name") if tag == "a" else None)))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif (place := _LOADED.get(tag)) in given and given.get("rel") not in _NOT_LOADED:
            self.loads.append(given[place or ""])
        self.inside = self.inside or tag == "article"
        if self.inside and tag in _COUNTED:
            self.counts[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        """Note the end of the article."""
        self.inside = self.inside and tag != "article"


def faults(site: Path) -> list[str]:
    """Each fault in words, with the page it is in; none when the site is whole."""
    pages = {path: _read(path.read_text("utf-8")) for path in site.rglob("*.html")}
    found = [fault for path, page in pages.items() for fault in _of_page(site, path, pages)]
    found += [fault for path in pages if path.with_suffix(".md").exists() for fault in _lost(site, path, pages[path])]
    return found + [fault for language, words in SEARCHED.items() for fault in _not_found(site / language, words)]


def _read(text: str, *, inside: bool = False) -> Page:
    page = Page(inside=inside)
    page.feed(text)
    return page


def _of_page(site: Path, path: Path, pages: dict[Path, Page]) -> list[str]:
    page, name = pages[path], path.relative_to(site)
    if path.name == "404.html":  # served for any address, with links from the root
        return []
    found = [f"{name}: loads {one}" for one in page.loads if urlsplit(one).netloc]
    for link in {*page.links, *page.loads}:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if not target.is_file():
            found.append(f"{name}: {link} leads nowhere")
        elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].names:
            found.append(f"{name}: {link} names no place there")
    return found


def _lost(site: Path, path: Path, page: Page) -> list[str]:
    """Lists, tables and blocks as the Markdown has them by CommonMark, which is how it is read elsewhere."""
    reader = MarkdownIt("commonmark").enable("table")
    wanted = _read(reader.render(path.with_suffix(".md").read_text("utf-8")), inside=True).counts
    return [
        f"{path.relative_to(site)}: {page.counts[tag]} <{tag}> instead of {wanted[tag]}"
        for tag in sorted(_COUNTED)
        if page.counts[tag] != wanted[tag]
    ]


def _not_found(folder: Path, words: tuple[str, ...]) -> list[str]:
    index = json.loads((folder / "search.json").read_text("utf-8"))["items"]
    texts = [f"{item['title']} {item['text']}" for item in index]
    return [f"{folder.name}: the search has no page with {word}" for word in words if not any(word in t for t in texts)]
