"""What to write for a value of the wrong shape, or for a name that does not fit. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from agi_app.authoring import full_width, times_meant
from agi_app.authoring.synonyms import example, small_word
from agi_app.messages import spoken, t, template

_LANGUAGES = {
    **dict.fromkeys(("chinese", "mandarin", "中文", "汉语", "普通话", "简体中文", "cn", "zh-hans-cn"), "zh-CN"),
    **dict.fromkeys(("english", "英语", "英文"), "en"),
    **dict.fromkeys(("spanish", "español", "西班牙语"), "es"),
    **dict.fromkeys(("french", "français", "法语"), "fr"),
    **dict.fromkeys(("german", "deutsch", "德语"), "de"),
    **dict.fromkeys(("japanese", "日语", "jp"), "ja"),
    **dict.fromkeys(("korean", "韩语"), "ko"),
    **dict.fromkeys(("cantonese", "粤语", "广东话"), "yue"),
}
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_KEYS = {
    **dict.fromkeys(("star", "asterisk", "星号", "星"), "*"),
    **dict.fromkeys(("pound", "hash", "#key", "井号", "井"), "#"),
    **{word: str(n) for n, word in enumerate(_DIGITS)},
    **{word: str(n) for n, word in enumerate("零一二三四五六七八九")},
}
_KEY, _RANGE = re.compile("[0-9*#]"), re.compile("[-~–—至到]|to|\\.\\.")
_TRUE, _FALSE = ("yes", "on", "y", "1", "是", "ja"), ("no", "off", "n", "0", "否", "nein")
_INNER = re.compile(r"(\w{1,30}: \{(?:to|flow): )[\w-]{1,64}(\})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_NOT_A_LABEL = re.compile(r"[^\w-]+")
_FOLDER = re.compile(r"(?:.*/)?(?:prompts|[A-Za-z]{2}|[A-Za-z]{2,3}[-_][A-Za-z]{2,4})/[^/]+")
_LIST_SIGNS = re.compile(r"[,，、;；/]")
_NO_TEXT = re.compile(r"[-+.\d][-+.\deE]*|[*#].*|true|false|null", re.IGNORECASE)  # unless it is in quotes
_SENTENCE = re.compile(r"[，。！？；,.!?](?:\s|$|[\u4e00-\u9fff])")  # a sign behind which a sentence goes on, or ends
_TIMES = re.compile(r"([0-9]{1,3})(?:[ ]?(?:x|times|tries|次))?")
_A_WAIT = re.compile(r"(\w{1,30}): \[([0-9]{1,3}[smhd])(?:, [0-9]{1,3}[smhd])*\]")
_MOST_WAITS, _LISTS = 5, ("list_type", "tuple_type")
_SHORTEST_NUMBER = 7  # digits; shorter ones are extensions of a PBX
_FULL_STOP = re.compile("[。！？]")
_COMMENT = re.compile(r"\s(?:///?|--|/\*|;|%|<!--)")  # of other languages
_AROUND = "\"'`.,;:!? ()[]<>"
_ENDINGS = (".yaml", ".yml", ".wav", ".mp3", ".txt", ".ogg", ".m4a")


def bare(value: str) -> str:
    """A name without signs of other keyboards and what stands around or in brackets behind it."""
    text = unicodedata.normalize("NFKC", full_width.ascii_of(value)).strip(_AROUND)
    return re.sub(r"\s?\(.*", "", text)


def comment_meant(value: str) -> str:
    """What to write for a name with a comment of another language behind it; empty when there is none."""
    found = _COMMENT.search(value)
    if found is None or not found.start():
        return ""
    return t(
        "a comment begins with #: write {value} # {comment}",
        value=value[: found.start()],
        comment=value[found.end() :].strip(" */->"),
    )


def _is_said(value: str) -> bool:
    """Whether a text has more words than a name."""
    return len(value.split()) > 3 or sum("\u4e00" <= sign <= "\u9fff" for sign in value) > 5


def file_name(value: str) -> str:
    """What to write where a name is wanted that is also one of a file."""
    if told := _braces(value):
        return told
    text = value.strip().replace("\\", "/")
    parts = [part.strip() for part in _LIST_SIGNS.split(text)]
    if (
        (_is_said(value) or _FULL_STOP.search(text))
        and _SENTENCE.search(text)
        and not (len(parts) > 1 and all(map(_NAME.fullmatch, parts)))
    ):
        return t(
            "; these are words: put them into prompts/LANGUAGE/NAME.txt, and write that NAME here, such as greeting"
        )
    if _LIST_SIGNS.search(text.replace("/", "")):
        return t("; write one name here, and each other name on its own line")
    stem = text.rpartition("/")[2]
    ending = next((one for one in _ENDINGS if stem.lower().endswith(one)), "")
    if ending in (".yaml", ".yml"):
        return t("; this must be a name, not a file: open {stem}, and write the name in its first key", stem=stem)
    plain = unicodedata.normalize("NFKC", stem.removesuffix(ending) if ending else text)
    name = _NOT_A_NAME.sub("-", plain.replace("\u2014", "-")).strip("-_")[:64]
    if ending or _FOLDER.fullmatch(text):
        name = name if ending else _NOT_A_NAME.sub("-", stem).strip("-_")[:64]
        return t("; leave out the folder and the ending: write {name}", name=name) if name else ""
    named = (
        t("write {name}", name=name)
        if any(sign.isalpha() for sign in name)
        else ""
        if text.isascii()
        else t("such as reminder-1")
    )
    said = t("; words that are to be said belong in prompts/LANGUAGE/NAME.txt") if _is_said(value) else ""
    return t("; {named}, the same everywhere{said}", named=named, said=said) if named else ""


def other_unit(key: str, value: Any, known: list[str]) -> str | None:
    """What to write for so many a minute or an hour where a key counts them by the second."""
    found = re.fullmatch(r"(\w+_per)_(minute|min|hour)", key)
    if found is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    right, divisor = f"{found[1]}_second", 3600 if found[2] == "hour" else 60
    rate = f"{value / divisor:.4f}".rstrip("0").rstrip(".")
    return (
        t(": write {right}: {rate} ({value} a {found2})", right=right, rate=rate, value=value, found2=found[2])
        if right in known
        else None
    )


def staff_number(value: str) -> str:
    """What to do about a number where a destination is wanted; empty for other text, and for an extension."""
    if len(re.findall("[0-9]", value)) < _SHORTEST_NUMBER or any(map(str.isalpha, value)):
        return ""
    number = times_meant.number(value) or "+NUMBER"
    endpoint = t('endpoint = "PJSIP/{number}@TRUNK" in agi-app.toml', number=number)
    proof = t("prove it with `agi-app rehearse --prove {number}`", number=number)
    return t(
        "; for a staff mobile write to: on-call, add [destinations.on-call] with {endpoint}, and {proof}",
        endpoint=endpoint,
        proof=proof,
    )


def label(value: str) -> str:
    """What to write where a label is wanted."""
    if told := _braces(value):
        return told
    plain = unicodedata.normalize("NFKC", value).strip().removeprefix("goto ").removeprefix("nodes.")
    name = _NOT_A_LABEL.sub("_", plain).strip("_")[:64]
    return t("; write {name}", name=name) if name and name != value else ""


def _braces(value: str) -> str:
    """For a name in braces, which people expect to be replaced by its value."""
    found = re.fullmatch(r"\$?\{\{?\s*([\w.]{1,64})\s*\}?\}", value.strip())
    return (
        t("; braces are not filled in here: use a branch on {found}, with a way for each value", found=found[1])
        if found
        else ""
    )


def by_language(words: list[str]) -> str:
    """Words of one's own in the form that they have: by language."""
    tag = "en" if all(word.isascii() for word in words) else "zh-CN"
    return f"{{{tag}: [{', '.join(words)}]}}"


def variable(value: str) -> str:
    """What to write for the name of a variable."""
    name = re.sub(r"\W", "_", unicodedata.normalize("NFKC", value)).strip("_")[:50]
    return t("; write {more}", more=f"answer_{name}" if name[:1].isdigit() else name) if name else ""


def language_named(value: str) -> str | None:
    """The language that a word such as ``chinese`` or 中文 names."""
    return _LANGUAGES.get(small_word(value).replace("_", "-"))


def language(value: str) -> str:
    """What to write for a language."""
    if (found := language_named(value)) is not None:
        return t("; write {found}", found=found)
    if len(value.split()) > 1 and not _LIST_SIGNS.search(value):
        return t("; if it goes on with the text before its comma, put that whole text in quotes")
    tags = [language_named(tag) or tag.strip().replace("_", "-") for tag in _LIST_SIGNS.split(value)]
    fit = all(re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", tag) for tag in tags) and [value] != tags
    return (
        t("; {more}write {tags}", more=t("each is its own item: ") if len(tags) > 1 else "", tags=", ".join(tags))
        if fit
        else ""
    )


def telephone_key(value: str) -> str:
    """What to write for a key of a telephone."""
    if (found := _KEYS.get(small_word(value))) is not None:
        return t('; write "{found}"', found=found)
    if len(several := _KEY.findall(unicodedata.normalize("NFKC", value))) > 1 and not value.isdigit():
        first, last = several[0], several[-1]
        if _RANGE.search(value) and first.isdecimal() and last.isdecimal():
            several = [str(one) for one in range(int(first), int(last) + 1)]
        several = [f'"{one}"' for one in several]
        return t("; write one key in each place: {several}", several=", ".join(several))
    if len(value) > 1 and value.isascii() and value.isdigit():
        return spoken(
            "; each entry is one key; to ask for several digits, write digits: {min: 1, max: 8} in place of keys"
        )
    return ""


def instead(kind: str, key: str, value: Any, model: str = "") -> str:
    """``; write …`` for a value that is not of the kind that pydantic names (``list_type`` …); empty: nobody knows."""
    right = example(key, model)
    if kind in ("dict_type", "model_type") and (told := _as_mapping(key, value, right, model)):
        return told
    if value is None and kind != "missing":
        more = t("; write {right}", right=right) if right else ""
        return t("; write what belongs to it after the colon, or indented on the lines below{more}", more=more)
    if key == "window" and (hours := times_meant.windows(value)):
        return t("; write window: {hours}", hours=hours) if kind in _LISTS else t("; write {hours}", hours=hours[1:-1])
    if kind in _LISTS:
        return _waits(value, right) or _as_list(key, value, right)
    if kind == "string_type":
        return _as_text(key, value)
    if kind in ("int_type", "float_type", "int_parsing", "float_parsing"):
        return _as_number(value)
    if kind in ("bool_type", "bool_parsing"):
        small = small_word(str(value))
        return t("; write true") if small in _TRUE else t("; write false") if small in _FALSE else ""
    if kind in ("too_short", "string_too_short"):
        return t("; write {right}", right=right) if right else ""
    own = _INNER.fullmatch(right) if isinstance(value, str) and _NAME.fullmatch(value) else None
    right = f"{own[1]}{value}{own[2]}" if own else right
    return t("; write {right}", right=right) if right and kind in ("dict_type", "model_type") else ""


def _as_mapping(key: str, value: Any, right: str, model: str) -> str:
    """What to write where keys are wanted, with what is there."""
    words = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
    if words and (model == "MeaningsFile" or key == "phrases"):
        name = key if _NAME.fullmatch(key) else "NAME"
        return t(
            "; give the words for each language: write {name}: {by_language}", name=name, by_language=by_language(words)
        )
    if key == "digits" and (bounds := _bounds(value)):
        return t("; write digits: {{min: {bounds}, max: {bounds2}}}", bounds=bounds[0], bounds2=bounds[-1])
    if not isinstance(value, list):
        return ""
    if words and right and "{" not in right:
        if len(value) == 1:
            return t("; write {key}: {words}, without brackets or dash", key=key, words=words[0])
        return t(
            "; write one here, and each other one on its own line: write - {key}: {words}",
            key=key,
            words=f", - {key}: ".join(words),
        )
    if value and isinstance(value[0], dict) and value[0]:
        return t("; no dash belongs before its names: write {next}:", next=next(iter(value[0])))
    return t("; no dashes or brackets around its keys{more}", more=t(": write {right}", right=right) if right else "")


def _bounds(value: Any) -> list[int]:
    """How many digits somebody asked for: 4, "4-8" or [4, 8]."""
    found = re.findall(r"[0-9]{1,2}", str(value)) if isinstance(value, int | str | list) else []
    return [int(one) for one in found] if len(found) in (1, 2) and not isinstance(value, bool) else []


PATTERNS = {  # patterns of the schemas -> what may stand there, in words
    r"^([01]\d|2[0-3]):[0-5]\d$": "clock",
    r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$": "clock",
    r"^\+[1-9][0-9]{6,14}$": "number",
    r"^\+[1-9][0-9]{0,13}$": template(
        'how the numbers begin, in quotes: "+", country code and area code, as in "+1305"'
    ),
    r"^$|^https?://[^\s]+$": template("an address that begins with http:// or https://, or nothing"),
    r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$": template("small letters, digits and hyphens, as in gb-tps"),
    r"^([A-Z]{2}|own)$": template("two capital letters, as in CN, or own (the country's)"),
    r"^([A-Z]{2}|default)$": template("two capital letters, as in CN (ISO 3166)"),
    r"^([A-Z]{2})?$": "two capital letters, as in CN (ISO 3166)",
    r"^[A-Z][A-Z0-9-]{0,15}$": template("capital letters, digits and hyphens, as in US-FL"),
    r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$": template("a language tag, as in zh-CN or en"),
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$": template("Latin letters, digits, - and _ (at most 63)"),
    r"^[A-Za-z0-9][\w-]{0,63}$": template("letters, digits, - and _ (at most 64)"),
    r"^[0-9]{0,5}$": template('at most five digits, in quotes, as in "00"'),
    r"^.+:[0-9]{1,7}$": template("FILE:LINE of a contacts file, as in contacts.csv:2"),
    r"^[0-9a-f]{32}$": template("32 digits and small letters a to f, as `agi-app init` or `agi-app adopt` writes them"),
}


def pattern_words(pattern: str, value: Any) -> str:
    """What to write in place of a value that does not fit a pattern."""
    words = PATTERNS.get(pattern, "")
    if words == "clock":
        return f"; {times_meant.write_clock(value)}"
    if words == "number":
        return f"; {times_meant.write_number(value)}"
    return t("; write {words}", words=spoken(words)) if words else ""


def _waits(value: Any, right: str) -> str:
    """For so many tries where the waits before them are listed, as in ``busy: [1d]``."""
    found, wait = _TIMES.fullmatch(str(value).strip()), _A_WAIT.fullmatch(right)
    if found is None or wait is None or isinstance(value, bool):
        return ""
    if (many := min(int(found[1]), _MOST_WAITS)) == 0:
        return t("; for no further try leave it out")
    listed = ", ".join([wait[2]] * many)
    return t(
        "; list the wait before each further try: for {many} write {wait}: [{listed}]",
        many=many,
        wait=wait[1],
        listed=listed,
    )


def _as_list(key: str, value: Any, right: str) -> str:
    if isinstance(value, str):
        days = times_meant.weekdays(value) if key == "days" else []
        parts = days or [part.strip() for part in _LIST_SIGNS.split(value) if part.strip()]
        plain = all(re.fullmatch(r"[\w.+-]+", part) for part in parts)
        if parts and (plain or (not right and all(re.fullmatch("[0-9*#]{1,8}", part) for part in parts))):
            return t("; write {key}: [{parts}]", key=key, parts=", ".join(map(_as_it_stays_text, parts)))
        return t("; write {right}", right=right) if right else ""
    if isinstance(value, int) and key == "input":
        return t('; write input: ["{value}"]', value=value)
    if isinstance(value, int | float):
        return t("; write {right}", right=right or f"{key}: [{value}]")
    if isinstance(value, dict) and value and not right.startswith(f"{key}: ["):
        first, behind = next(iter(value.items()))
        shown = "" if behind is None else " …" if isinstance(behind, dict | list) else f" {behind}"
        return t(
            "; each of its items begins with a dash: write - {first}{more}",
            first=first,
            more=f":{shown}" if shown else "",
        )
    return t(
        "; put its items in brackets, or each after a dash{more}",
        more=t(": write {right}", right=right) if right else "",
    )


def _as_it_stays_text(part: str) -> str:
    """In quotes where without them it would be read as a number, a truth or a sign of YAML."""
    return f'"{part}"' if _NO_TEXT.fullmatch(part) else part


def _as_text(key: str, value: Any) -> str:
    if isinstance(value, list):
        one = len(value) == 1 and isinstance(value[0], str)
        return (
            t("; write {key}: {value}, without brackets or dash", key=key, value=value[0])
            if one
            else t("; write one value, without brackets or dashes")
        )
    return t("; write one value here, without keys") if isinstance(value, dict) else ""


def _as_number(value: Any) -> str:
    if isinstance(value, str):
        text = unicodedata.normalize("NFKC", value).strip().replace("_", "")
        found = re.match(r"[0-9]{1,9}(\.[0-9]{1,9})?", text)
        return (
            t("; write {found}, without quotes or unit", found=found[0])
            if found
            else t("; write it in digits, such as 2")
        )
    return t("; write {value}", value=round(value)) if isinstance(value, float) else ""
