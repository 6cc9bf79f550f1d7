"""Slips in YAML, found by trying what the file would be without them: where each is, and how to fix it. Pure.

What the parser says of one is often wrong, and of a later line. Each function has ``wrong``, where the parser gives up
(characters from the beginning), and ``fails_at``, which tells that for a text, None: nowhere.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

from agi_app.authoring.synonyms import EXAMPLES
from agi_app.messages import spoken, t, template

LARGEST = 64 * 1024  # characters; larger files are not tried
_NEAR = 400  # characters before the place where the parser gives up, in which the cause is looked for
_MOST_SIGNS = 20  # tries
_MERGE = re.compile(r"^(<<<<<<<|=======|>>>>>>>)(?= |$)", re.M)
_FENCE = re.compile(r"^```", re.M)
_APOSTROPHE = re.compile(
    r"""(?<=[\s\[{,])'(?P<text>[^'"\\\n]{0,200}\w(?P<sign>')\w[^"\\\n]{0,200})'(?=[ \t]*(?:[,}\]]|$))""", re.M
)
_NO_SPACE = re.compile(r"^[ ]*(?:- )*(?:(?P<dash>-)(?=[^\s-])|[\w.-]{1,64}(?P<colon>:)(?=[^\s:/]))", re.M)


_COMMAS = (  # what stands where a comma belongs, and the words
    (re.compile(r";(?=\s)"), template("put a comma between two items, not ;")),
    (re.compile(r"(?<=\s)[|/](?=\s)"), template("put a comma between two items, not | or /")),
    (re.compile(r"""(?<=[\w"'\]}])(?=\s+["'\w{\[])"""), template("a comma is missing here, between two items")),
)

_TEXT_BETWEEN_BRACES = re.compile(  # that contains a colon; before it its key, behind it a comma or what closes it
    r"""(?P<before>[{\[,][ ]?(?:[\w-]{1,64}:[ ])?+)"""
    r"""(?P<text>[^\s"'{}\[\],:;|/][^"'{}\[\],:;|/\n]{0,200}:[ ][^"'{}\[\],\n]{0,200})(?=[,}\]])"""
)
_OTHER_KEYS = ("timeout", "attempts", "barge_in", "calls_per_second", "concurrent", "priority")
_TWO_ITEMS = re.compile(  # without a comma between them: a word, and a key that we have or a language
    rf"[^ ]{{1,200}}[ ]+(?:{'|'.join([*(key for key in EXAMPLES if '.' not in key), *_OTHER_KEYS])}):[ ]"
    r"|[^:]{1,200}[ ](?:en|zh|[a-z]{2}-[A-Z]{2}):[ ]"
)

_FIRST = re.compile(r"^(?![ \t]*(?:#|---|%|$)).+$", re.M)
_MAY_BE_YAML = re.compile(r"^[ \t]*[-\[{\"'|>&*!?]|:(\s|$)|=|^\s*\S+\s*$|^(flow|campaign|jurisdiction|meanings)\b")
Slip = tuple[int, str]  # where it is (characters from the beginning), and how to fix it
_NAMES = ("nodes", "identify", "opt_out", "window", "pace", "retry", "gather", "on", "expect", "meanings")  # mappings
_LINES_BEFORE = 3  # in which the cause is looked for: the parser often gives up a line later
_LINES_BEFORE_DASHES = 2
_MOST_TRIES = 60
_INDENT = re.compile(r"[ \t]*")
_EQUALS = re.compile(r"([ ]*(?:- )?[\w-]{1,64})[ ]?=[ ]?(?=[^=\s])")
_BULLET = re.compile(r"[ ]*(?:[0-9]{1,3}[.)]|[*•·–—－])[ ]+(?=\S)")
_BARE_WORD = re.compile(r"[ ]*(?:- )?[\w-]{1,64}[ ]?$")
_VALUE = re.compile(r"([ ]*(?:- )?[\w-]{1,64}:[ ])([^\"'\[{|>#].*)$")
_STEP = re.compile(r"([ ]*-[ ]+)([\w-]{1,64}):")
_BESIDE_A_VERB = re.compile(r"[ ]*on:(?=\s|$)")
_LINES_OF_A_STEP = 40
_FIRST_COLUMN = template("must begin at the first column; remove the spaces before it")
_FLOW_KEYS = ("flow", "languages", "identify", "opt_out", "abandoned", "parameters", "start", "nodes")
_WHOM = ("campaign", "purpose", "jurisdictions", "trunk", "caller_id", "local_caller_ids", "region", "dialled_by")
_WHEN = ("zone", "starts", "ends", "due")
_HOW = ("pace", "window", "retry", "ring_time", "max_call", "machine_detection", "agents", "quota", "columns")
TOP_KEYS = frozenset((*_FLOW_KEYS, *_WHOM, *_WHEN, *_HOW))
_TOP_KEY = re.compile(rf" +({'|'.join(sorted(TOP_KEYS))}):(?=\s|$)")
AT_EDGE = template("there is a tab here; remove it: this key begins at the first column")
_AT_EDGE = re.compile(r"[\w-]{1,64}:[ ]\S")
TAB = template("there is a tab here; indent with spaces")
Tried = tuple[str, int, str]  # the new line, where the fault stands in the old one, the words


def slip_of(source: str, wrong: int, fails_at: Callable[[str], int | None]) -> Slip | None:
    """What YAML reports elsewhere: no space behind a colon or dash, an apostrophe, marks of a merge; None: nothing."""
    if (fence := _FENCE.search(source)) is not None:
        return (fence.start(), t("``` marks a code block on a page of text: remove the lines with ```"))
    if (mark := _MERGE.search(source)) is not None:
        text = t(
            "{mark} is left from a merge: keep one version, and remove the lines <<<<<<<, ======= and >>>>>>>",
            mark=mark[0],
        )
        return (mark.start(), text)
    if (first := _FIRST.search(source)) is not None and not _MAY_BE_YAML.search(first[0]):
        now = fails_at(source[: first.start()] + source[first.end() :])
        if now is None or now > wrong:
            return (first.start(), t("this line is no key with a value: remove it, or begin it with # as a comment"))
    begin = source.rfind("\n", 0, max(0, wrong - _NEAR)) + 1
    for quoted in _APOSTROPHE.finditer(source, begin, wrong + _NEAR):
        mended = f'{source[: quoted.start()]}"{quoted["text"]}"{source[quoted.end() :]}'
        if (now := fails_at(mended)) is None or now > wrong + 1:
            text = t("this apostrophe ends a text in single quotes: put the text in double quotes")
            return (quoted.start("sign"), f'{text}, "{quoted["text"]}"')
    if slip := _colon_between_braces(source, wrong, fails_at) or _comma_missing(source, begin, wrong, fails_at):
        return slip
    found = [found for found in _NO_SPACE.finditer(source, begin) if found.start() <= wrong]
    for found_here in reversed(found[-_MOST_SIGNS:]):
        sign = template("dash") if found_here["dash"] else template("colon")
        at = found_here.start(sign)
        now = fails_at(f"{source[: at + 1]} {source[at + 1 :]}")
        if now is None or now > wrong + 1:
            line_end = source.find("\n", at)
            rest = source[at + 1 : len(source) if line_end < 0 else line_end]
            written = f"{source[found_here.start() : at + 1].lstrip()} {rest}"
            return (
                at,
                t("a space is missing after the {sign}: write {written}", sign=spoken(sign), written=written[:100]),
            )
    return None


def _colon_between_braces(source: str, wrong: int, fails_at: Callable[[str], int | None]) -> Slip | None:
    """A text with a colon and a space, without quotes, in the line where the parser gives up."""
    for found in _TEXT_BETWEEN_BRACES.finditer(source, source.rfind("\n", 0, wrong) + 1, wrong + _NEAR):
        if found.start("text") > wrong or _TWO_ITEMS.match(found["text"]):
            continue
        text = found["text"].rstrip()
        quoted = f'{source[: found.start("text")]}"{text}"{source[found.end() :]}'
        if (now := fails_at(quoted)) is None or now > wrong + 1:
            written = f'{found["before"].lstrip("{[, ")}"{text}"'
            return found.start("text"), t(
                "text that contains a colon needs quotes: write {written}", written=written[:100]
            )
    return None


def _comma_missing(source: str, begin: int, wrong: int, fails_at: Callable[[str], int | None]) -> Slip | None:
    """What is written in place of a comma, in the line where the parser gives up or the one before."""
    near = source.rfind("\n", begin, max(begin, source.rfind("\n", begin, wrong))) + 1
    for pattern, text in _COMMAS:
        signs = [sign for sign in pattern.finditer(source, near, wrong + _NEAR) if sign.start() <= wrong]
        for sign in reversed(signs[-_MOST_SIGNS:]):
            now = fails_at(f"{source[: sign.start()]},{source[sign.end() :]}")
            if now is None or (now > wrong + 1 and "\n" not in source[sign.end() : wrong]):
                return sign.start(), spoken(text)
    return None


def dash_slip(source: str, wrong: int, fails_at: Callable[[str], int | None]) -> Slip | None:
    """A dash that is missing, or is where none belongs, in all lines of a list or mapping: the first of them."""
    lines = source.split("\n")
    last = source.count("\n", 0, wrong)
    for number in range(last, max(-1, last - 1 - _LINES_BEFORE_DASHES), -1):
        if not (text := lines[number].strip()) or text.startswith("#"):
            continue
        parent, block = _block(lines, number)
        for tried in (_without, _with):
            if (found := tried(lines, parent, block)) is not None:
                mended, first, words = found
                now = fails_at("\n".join(mended))
                if now is None or "\n".join(mended).count("\n", 0, now) > last:
                    return sum(len(line) + 1 for line in lines[:first]) + _indent(lines[first]), words
    return None


TriedLines = tuple[list[str], int, str]  # the new lines, the first that is new, the words


def _without(lines: list[str], parent: int, block: list[int]) -> TriedLines | None:
    """Names of a mapping that come after dashes."""
    dashed = [number for number in block if _text(lines[number]).startswith("- ")]
    if _key(lines, parent) not in _NAMES or not dashed:
        return None
    bare = {number: " " * _indent(lines[number]) + _text(lines[number])[2:].lstrip() for number in dashed}
    mended = [bare.get(number, line) for number, line in enumerate(lines)]
    name = mended[dashed[0]].strip().partition(":")[0][:64]
    return (
        mended,
        dashed[0],
        t("no dash belongs before a name in {key}: write {name}:", key=_key(lines, parent), name=name),
    )


def _with(lines: list[str], parent: int, block: list[int]) -> TriedLines | None:
    """Items of a list that stand without dashes: several, or all steps of a node."""
    bare = [number for number in block if not re.match(r"-(\s|$)|on:", _text(lines[number]))]
    above = _block(lines, parent)[0] if parent >= 0 else -1
    if _key(lines, above) != "nodes" or len(bare) < 2:
        return None
    mended = list(lines)
    for number in block:
        if number in bare or _text(lines[number]).startswith("on:"):
            mended[number] = f"{' ' * _indent(lines[number])}{'- ' if number in bare else '  '}{_text(lines[number])}"
    steps = ", ".join(f"- {_text(lines[number])[:60]}" for number in bare[:3])
    return mended, bare[0], t("each step begins with a dash: write {steps}", steps=steps)


def _block(lines: list[str], number: int) -> tuple[int, list[int]]:
    """The line that this one belongs to (-1: none), and all lines that belong to it and are as far in."""
    indent = _indent(lines[number])

    def ends(at: int) -> bool:
        return bool(_text(lines[at])) and _indent(lines[at]) < indent

    begin = next((at for at in range(number, -1, -1) if ends(at)), -1)
    end = next((at for at in range(number, len(lines)) if ends(at)), len(lines))
    return begin, [n for n in range(begin + 1, end) if _text(lines[n]) and _indent(lines[n]) == indent]


def _key(lines: list[str], number: int) -> str:
    found = re.match(r"(?:- )?([\w-]{1,64}):$", _text(lines[number])) if number >= 0 else None
    return found[1] if found else ""


def _text(line: str) -> str:
    text = line.strip()
    return "" if text.startswith("#") else text.partition(" #")[0].rstrip()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def line_slip(source: str, wrong: int, fails_at: Callable[[str], int | None]) -> Slip | None:
    """A line that would be right with a sign more, or further in."""
    lines = source.split("\n")
    last = source.count("\n", 0, wrong)
    starts = [0, *itertools.accumulate(len(line) + 1 for line in lines[: last + 1])]
    before = range(last, max(-1, last - 1 - _LINES_BEFORE), -1)
    for number in before:
        if key := _misplaced_top_key(lines, number, wrong, fails_at):
            at = starts[number] + lines[number].index(key)
            return at, t('wrong indentation: "{key}" {first_column}', key=key, first_column=spoken(_FIRST_COLUMN))
    tried = [*_unclosed(lines[: last + 1])]
    for changes in (_sure, _changes):
        tried += [(number, change) for number in before for change in changes(lines, number)]
    for number, (line, at, words) in tried[:_MOST_TRIES]:
        now = fails_at("\n".join([*lines[:number], line, *lines[number + 1 :]]))
        if now is None or now > wrong + len(lines[last]) + 40:
            tab = lines[number].find("\t", 0, len(lines[number]) - len(lines[number].lstrip()))
            edge = spoken(AT_EDGE if number and _AT_EDGE.match(lines[number - 1]) else TAB)
            return (
                (starts[number] + tab, edge if now is None else spoken(TAB))
                if tab >= 0
                else (starts[number] + at, words)
            )
    return None


def _misplaced_top_key(lines: list[str], number: int, wrong: int, fails_at: Callable[[str], int | None]) -> str | None:
    """The key of the file itself that this line has behind spaces, and that stands nowhere at the edge."""
    found = _TOP_KEY.match(lines[number])
    if found is None or any(line.startswith(f"{found[1]}:") for line in lines):
        return None
    now = fails_at("\n".join([*lines[:number], lines[number].lstrip(" "), *lines[number + 1 :]]))
    return found[1] if now is None or now > wrong else None


def _unclosed(lines: list[str]) -> Iterator[tuple[int, Tried]]:
    """The first lines with a quote that has no second one."""
    odd = (number for number, line in enumerate(lines) if line.count('"') % 2 and not line.lstrip().startswith("#"))
    for number in itertools.islice(odd, 2):
        line = lines[number].rstrip()
        text = line.partition(" #")[0].rstrip()
        yield (
            number,
            (
                f'{text}"',
                text.rindex('"') if '"' in text else 0,
                t('a quote is not closed: write {text}"', text=text.strip()[:100]),
            ),
        )


def _sure(lines: list[str], number: int) -> Iterator[Tried]:
    """What is right in no YAML of ours."""
    line = lines[number].rstrip("\r")
    text = line.strip()
    indent = len(line) - len(line.lstrip())
    yield from _beside_a_verb(lines, number, indent)
    if "\t" in line[:indent] and text:
        yield line.replace("\t", "  "), line.index("\t"), spoken(TAB)
    if found := _BULLET.match(line):
        new = f"{line[:indent]}- {line[found.end() :]}"
        yield new, indent, t("an item begins with a dash and a space: write {new}", new=new.strip()[:100])
    if (found := _EQUALS.match(line)) and not text.startswith("#"):
        new = f"{found[1]}: {line[found.end() :]}"
        yield new, found.end(1), t("put a colon between a key and its value: write {new}", new=new.strip()[:100])


def _beside_a_verb(lines: list[str], number: int, indent: int) -> Iterator[Tried]:
    """The key that stands as far in as the verb of its step."""
    if not _BESIDE_A_VERB.match(lines[number]):
        return
    for above in range(number - 1, max(-1, number - _LINES_OF_A_STEP), -1):
        if found := _STEP.match(lines[above]):
            wanted = len(found[1])
            if wanted != indent:
                far = t(
                    "indent this line with {wanted} spaces, as far as {verb} in line {above}",
                    wanted=wanted,
                    verb=found[2],
                    above=above + 1,
                )
                yield (
                    " " * wanted + lines[number].strip(),
                    indent,
                    t('"on" belongs beside {verb}: {far}', verb=found[2], far=far),
                )
            return


def _changes(lines: list[str], number: int) -> Iterator[Tried]:
    line = lines[number].rstrip("\r")
    text = line.strip()
    if not text or text.startswith("#"):
        return
    indent = len(_INDENT.match(line)[0])  # type: ignore[index]  # it matches nothing, too
    if _BARE_WORD.match(line) and text[-1].isalnum():
        yield f"{line.rstrip()}:", len(line.rstrip()), t("a colon is missing: write {text}:", text=text)
    if (found := _VALUE.match(line)) and ": " in found[2] and '"' not in found[2]:
        new = f'{found[1]}"{found[2]}"'
        yield (
            new,
            found.start(2),
            t("text that contains a colon needs quotes: write {written}", written=new.strip()[:100]),
        )
    around = list(_indents(lines, number, indent))
    yield from (_indented(text, indent, *place) for place in around if abs(place[0] - number) == 1)
    if text.startswith("- "):
        yield (
            f"{line[:indent]}{text[2:].lstrip()}",
            indent,
            t("no dash belongs here: write {text}", text=text[2:].strip()[:100]),
        )
    else:
        yield f"{line[:indent]}- {text}", indent, t("a dash is missing: write - {text}", text=text[:100])
    yield from (_indented(text, indent, *place) for place in around if abs(place[0] - number) > 1)


def _indented(text: str, now: int, other: int, wanted: int) -> Tried:
    spaces = t("1 space") if wanted == 1 else t("{count} spaces", count=wanted)
    where = (
        t("indent this line with {spaces}", spaces=spaces)
        if wanted
        else t("this line {first_column}", first_column=spoken(_FIRST_COLUMN))
    )
    return " " * wanted + text, now, t("wrong indentation: {where}; compare line {other}", where=where, other=other + 1)


def _indents(lines: list[str], number: int, now: int) -> Iterator[tuple[int, int]]:
    """The indentations of the lines around, each once, with a line that has it."""
    seen = {now}
    for other in (number - 1, number + 1, number - 2, number + 2, number - 3, number - 4, number - 5, number - 6):
        if 0 <= other < len(lines) and lines[other].strip():
            indent = _indent(lines[other])
            for wanted in (indent, indent + 2) if lines[other].rstrip().endswith(":") else (indent,):
                if wanted not in seen:
                    seen.add(wanted)
                    yield other, wanted
