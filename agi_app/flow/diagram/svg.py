"""The few shapes that a diagram needs, as SVG text, and how wide text will be."""

from __future__ import annotations

import html
import unicodedata

_NARROW = frozenset("iljtfrI.,:;'|!()[]{} “”‘’·")
_BROAD = frozenset("mwMWQO@%&—…")
STYLE = """\
text{font-family:system-ui,-apple-system,"Segoe UI","Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",\
"WenQuanYi Zen Hei",sans-serif;font-size:13px;fill:#1e293b}
.flow{font-size:20px;font-weight:600}.title{font-size:14px;font-weight:600}.soft{fill:#64748b}
.label,.keycap{font-size:12px}.keycap{font-weight:600;fill:#fff;text-anchor:middle}
.prompt{fill:#1d4ed8;font-weight:600}.said{fill:#334155}.set{fill:#15803d}.end{fill:#b91c1c}.verb{fill:#7c3aed}
rect.card{fill:#fff;stroke:#94a3b8}rect.first{stroke:#1d4ed8;stroke-width:2}rect.stop{fill:#fef2f2;stroke:#fca5a5}
rect.back{fill:#f1f5f9;stroke:#94a3b8;stroke-dasharray:3 3}rect.cap{fill:#334155}
path.way{fill:none;stroke:#64748b;stroke-width:1.4}path.rule{stroke:#e2e8f0}"""


class Drawing:
    """An SVG picture that grows shape by shape; all lengths in pixels.

    ``in_page``: it is part of a page, which has the looks in its own style sheet, under names that begin so.
    """

    def __init__(self, width: float, height: float, title: str, in_page: str = "") -> None:
        self._size = (round(width), round(height))
        self._title = _clean(title)
        self._in_page = in_page
        self._shapes: list[str] = []

    def begin(self, node: str, more: str = "") -> None:
        """What follows, until ``end``, is the card of a node; ``more``: its looks in a page."""
        if self._in_page:
            self._shapes.append(f'<g class="{self._look("node " + more)}" data-node="{_clean(node)}">')

    def end(self) -> None:
        """The card is complete."""
        if self._in_page:
            self._shapes.append("</g>")

    def _look(self, looks: str) -> str:
        return " ".join(self._in_page + look for look in looks.split())

    def box(self, x: float, y: float, width: float, height: float, look: str) -> None:
        """A rectangle with round corners."""
        size = f'width="{width:.1f}" height="{height:.1f}"'
        self._shapes.append(f'<rect class="{self._look(look)}" x="{x:.1f}" y="{y:.1f}" {size} rx="6"/>')

    def rule(self, x: float, y: float, width: float) -> None:
        """A thin line from left to right."""
        self._shapes.append(f'<path class="{self._look("rule")}" d="M{x:.1f} {y:.1f}h{width:.1f}"/>')

    def path(self, points: str, more: str = "") -> None:
        """A line with an arrow at its end; ``more``: its looks in a page."""
        look = self._look(f"way {more}" if self._in_page else "way")
        self._shapes.append(f'<path class="{look}" d="{points}" marker-end="url(#tip)"/>')

    def text(self, x: float, y: float, text: str, look: str, whole: str = "") -> None:
        """Text that begins at x; ``whole`` is shown when the pointer rests on it."""
        hint = f"<title>{_clean(whole)}</title>" if whole and whole not in text else ""
        self._shapes.append(f'<text class="{self._look(look)}" x="{x:.1f}" y="{y:.1f}">{_clean(text)}{hint}</text>')

    def key(self, x: float, y: float, key: str, width: float) -> None:
        """A key of the telephone; ``width`` is with the space behind it."""
        self._shapes.append(
            f'<rect class="{self._look("cap")}" x="{x:.1f}" y="{y:.1f}" width="{width - 5:.1f}" height="18" rx="4"/>'
        )
        self._shapes.append(
            f'<text class="{self._look("keycap")}" x="{x + (width - 5) / 2:.1f}" y="{y + 13:.1f}">{_clean(key)}</text>'
        )

    def svg(self) -> str:
        """The whole file, or the part of a page."""
        width, height = self._size
        if self._in_page:
            return "\n".join(
                (
                    f'<svg class="{self._in_page}flow" viewBox="0 0 {width} {height}" width="{width}"'
                    f' height="{height}" role="img" aria-label="{self._title}">',
                    '<defs><marker id="tip" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="8" markerHeight="8"'
                    f' orient="auto"><path class="{self._look("tip")}" d="M0 0L8 4L0 8z"/></marker></defs>',
                    *self._shapes,
                    "</svg>",
                )
            )
        return "\n".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
                f' viewBox="0 0 {width} {height}" role="img">',
                f"<title>{self._title}</title>",
                f"<style>{STYLE}</style>",
                '<defs><marker id="tip" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="8" markerHeight="8"'
                ' orient="auto"><path d="M0 0L8 4L0 8z" fill="#64748b"/></marker></defs>',
                f'<rect width="{width}" height="{height}" fill="#f8fafc"/>',
                *self._shapes,
                "</svg>",
                "",
            )
        )


def text_width(text: str, size: float) -> float:
    """About how wide text is in a usual sans-serif font, in pixels, rather too wide; ``size`` is the font's."""
    return size * sum(_ems(character) for character in text)


def clip(text: str, width: float, size: float) -> str:
    """The text, cut with an ellipsis so that it is at most ``width`` wide."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def wrap(text: str, width: float, size: float, lines: int) -> list[str]:
    """The text on at most ``lines`` lines; Chinese breaks anywhere, other scripts between words."""
    found: list[str] = []
    while text and len(found) < lines - 1 and text_width(text, size) > width:
        end = next((i for i in range(len(text), 1, -1) if text_width(text[:i], size) <= width), 1)
        gap = text.rfind(" ", 0, end + 1)
        if _ems(text[end - 1]) < 1 and gap > 0:
            end = gap
        elif text[end] in "，。、；：？！”）" and end > 1:
            end -= 1  # such a mark begins no line
        found.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*found, clip(text, width, size)] if text else found


def _ems(character: str) -> float:
    widths = (
        (unicodedata.combining(character) != 0, 0.0),
        (unicodedata.east_asian_width(character) in "WF", 1.0),
        (character in _NARROW, 0.36),
        (character in _BROAD, 0.9),
        (character.isupper(), 0.68),
    )
    return next((ems for is_so, ems in widths if is_so), 0.58)


def _clean(text: str) -> str:
    """Escaped, and without characters that XML does not allow."""
    return html.escape("".join(c if c.isprintable() else " " for c in text), quote=True)
