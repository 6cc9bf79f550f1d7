"""What is said of a command line that cannot be understood: what is meant, or what there is, and where to look."""

from __future__ import annotations

import itertools
import re
import sys
from typing import Any

from agi_app.authoring import full_width, times_meant
from agi_app.authoring.suggestions import suggest
from agi_app.messages import current, t

_DATE = re.compile(r"'([^']{0,200})' does not match the formats?")
_CHOICE = re.compile(r"'([^']{0,200})' is not one of (.{1,500}?)\.?$")
_NO_VALUE = re.compile(r"Option '([^']{1,60})' requires an argument")
_VALUE = re.compile(r"Invalid value for '([^']{1,60})'")
_MISSING = re.compile(r"Missing (argument|option) '([^']{1,60})'\.")
_NUMBER = re.compile(r"\+?[\d().,;、，-]{5,40}")
_DASHED = re.compile("[-–—－−‐‑]+[^\\W\\d_]")
_FILE = re.compile(r"[^-].{0,300}\.(?:csv|xlsx?|txt|ya?ml|json|pdf|wav)", re.IGNORECASE)
_ALL = ("all", "any", "every", "everything", "*", "全部", "所有", "全")
ELSEWHERE = {  # what people look for -> how it is done here
    "version": "write agi-app --version",
    "help": "write agi-app --help, or agi-app COMMAND --help",
    "start": "write agi-app campaign start NAME",
    "status": "write agi-app campaign status NAME; agi-app doctor looks at everything",
    "preview": "write agi-app campaign preview NAME",
    "import": "write agi-app contacts import CAMPAIGN FILE, or agi-app consent import FILE",
    "export": "write agi-app audit export --output FOLDER, or agi-app report CAMPAIGN",
    "list": "agi-app report NAME shows a campaign; agi-app suppression status and agi-app guard list show lists",
    "revoke": "write agi-app stop NUMBER, or agi-app consent withdraw NUMBER --purpose PURPOSE",
    "validate": "write agi-app check FOLDER",
    "lint": "write agi-app check FOLDER",
    "test": "write agi-app simulate FLOW, or agi-app simulate --expect",
    "new": "write agi-app init FOLDER",
    "create": "write agi-app init FOLDER",
    "call": "write agi-app campaign start NAME, then agi-app run",
    "dial": "write agi-app campaign start NAME, then agi-app run",
}
OTHER_OPTIONS = {
    **dict.fromkeys(
        ("--dry-run", "--dryrun", "--test", "--preview"),
        "`agi-app campaign preview NAME`, `agi-app simulate FLOW` and `agi-app check` call nobody and store nothing",
    ),
    **dict.fromkeys(("--config", "--settings"), "the settings are agi-app.toml of the folder: write --project FOLDER"),
}


OTHER_FORMATS = {  # that people ask for, and what there is
    **dict.fromkeys(
        ("xlsx", "xls", "excel", "表格", "spreadsheet"),
        "for Excel write --format csv --output FILE.csv, and open FILE.csv",
    ),
    **dict.fromkeys(("txt", "text"), "for a text write --format table, without --output"),
    **dict.fromkeys(("pdf", "html"), "write --format csv --output FILE.csv, and print FILE.csv from a spreadsheet"),
}


def dashes_meant(arguments: list[str]) -> str | None:
    """What is wrong with an argument that begins with a dash of another kind, which a document made of two hyphens."""
    for argument in arguments:
        if (begin := _DASHED.match(argument)) is not None and not begin[0].isascii():
            name = full_width.ascii_of(argument[begin.end() - 1 :])
            option = f"-{name}" if len(name) == 1 else f"--{name}"
            sign = next(sign for sign in begin[0] if not sign.isascii())
            return t(
                "{argument}: {naming}: write {option}", argument=argument, naming=full_width.naming(sign), option=option
            )
        if argument.startswith("-") and (at := full_width.first(argument.partition("=")[0])) is not None:
            return t(
                "{argument}: {naming}: write {ascii_of}",
                argument=argument,
                naming=full_width.naming(argument[at]),
                ascii_of=full_width.ascii_of(argument),
            )
    return None


def explained(error: Any) -> str:
    """The fault as its parser found it, with what to write instead; and where to look."""
    told = _better(error, error.format_message().replace("Value error, ", ""))
    context = getattr(error, "ctx", None)
    command = [word for word in sys.argv[1:2] if word[:1] != "-"]
    path = context.command_path if context is not None else " ".join(["agi-app", *command])
    return t("{told}\nsee `{path} --help`", told=told, path=path)


def _better(error: Any, text: str) -> str:
    if found := _DATE.search(text):
        before = text[: found.start()].replace("Invalid value for ", "").replace("'", "").rstrip(": ")
        return t(
            "{before} {found}: is not a day in the form that is needed here; {write_day}",
            before=before,
            found=found[1],
            write_day=times_meant.write_day(found[1]),
        )
    if found := _CHOICE.search(text):
        choices = [choice.strip(" '") for choice in found[2].split(",")]
        other = (
            f"; {t(OTHER_FORMATS[found[1].casefold()])}"
            if found[1].casefold() in OTHER_FORMATS and "csv" in choices
            else ""
        )
        hint = other or _did_you_mean(found[1], choices)
        what = text[: found.start()].removeprefix("Invalid value for ").rstrip(": ")
        told = t(
            "Invalid value for {what}: '{given}' is not one of {choices}", what=what, given=found[1], choices=found[2]
        )
        return f"{told if current() != 'en' else text.rstrip('.')}{hint}{_all_of_them(error, found[1])}"
    if (found := _VALUE.match(text)) and (given := _given(found[1])) is not None:
        if "datetime" in text:
            return t(
                "{option} {given}: is not a time in the form that is needed here; {since}",
                option=found[1],
                given=given,
                since=_since(given),
            )
        if "integer" in text or "number" in text:
            return t(
                "{option} {given}: must be a whole number, in digits{hint}",
                option=found[1],
                given=given,
                hint=full_width.hint(given),
            )
    if text.startswith("No such command"):
        return _no_command(error, text)
    if text.startswith("No such option"):
        return _no_option(error)
    if text.startswith(("Missing argument", "Missing option")):
        missing = _MISSING.match(text)
        told = (
            t("Missing {kind} '{name}'.", kind=t("argument" if missing[1] == "argument" else "option"), name=missing[2])
            if missing
            else text
        )
        return _name_before_file(error) or f"{told} {_usage(error)}"
    if text.startswith("Got unexpected extra argument"):
        told = t(
            "Got unexpected extra argument{s} ({words})", s="" if "argument (" in text else "s", words=_extra(text)
        )
        return f"{told}; {_too_many(error, text)}"
    if found := _NO_VALUE.match(text):
        return t("{found} needs a value after it: write {found} VALUE", found=found[1])
    return text.replace("Input should be", t("it must be")).replace(
        ", unable to parse string as an integer", t(", in digits")
    )


def _extra(text: str) -> str:
    return text.removesuffix(")").partition(" (")[2]


def _too_many(error: Any, text: str) -> str:
    """What to do with arguments that a command has no place for."""
    extra = _extra(text).split()
    params = error.ctx.command.params if error.ctx is not None else ()
    arguments = sys.argv[1:]
    for one in params:
        behind = [
            option
            for option, following in itertools.pairwise(arguments)
            if option in (*one.opts, *one.secondary_opts) and following in extra
        ]
        if getattr(one, "is_flag", False) and behind:
            other = next(iter(one.secondary_opts if behind[0] in one.opts else one.opts), "")
            return t("{option} takes no value: leave out what follows it", option=behind[0]) + (
                t("; its opposite is {other}", other=other) if other else ""
            )
    if any(one.name in ("number", "numbers") for one in params) and all(map(_NUMBER.fullmatch, extra)):
        listed = any("--file" in one.opts for one in params)
        told = t("give one number at a time") + (t(", or --file LIST with one on each line") if listed else "")
        return f"{told}. {_usage(error)}"
    return t("put text with a space in it in quotes. {usage}", usage=_usage(error))


def _given(option: str) -> str | None:
    """What is behind an option, which the fault does not repeat."""
    words = [
        word for given in sys.argv[1:] for word in (given.split("=", 1) if given.startswith(f"{option}=") else [given])
    ]
    return next((behind for word, behind in itertools.pairwise([*words, ""]) if word == option), None)


def _all_of_them(error: Any, word: str) -> str:
    """For a word such as ``all`` where an option that is left out means it."""
    option = getattr(error, "param", None)
    if word.casefold() not in _ALL or option is None or option.required or option.default is not None:
        return ""
    return t("; for all of them leave {option} out", option=option.opts[0])


def _name_before_file(error: Any) -> str | None:
    """For a file that stands where the name before it is missing; None: it is something else."""
    given = [word for word in sys.argv[1:] if _FILE.fullmatch(word)]
    names = [one.name.upper() for one in error.ctx.command.params if one.opts[0] == one.name] if error.ctx else []
    if len(given) != 1 or len(names) < 2 or names[-1] != "FILE" or getattr(error.param, "name", "") != "file":
        return None
    usage = _usage(error).replace("FILE", given[0], 1)
    return t(
        "{file} is a file; the {name} before it is missing. {usage}",
        file=given[0],
        name=names[-2].lower(),
        usage=usage,
    )


def _since(given: str) -> str:
    """A time in UTC, which needs no offset."""
    found = times_meant.moments(given)
    return (
        t("write {found}, in UTC", found=t(" or ").join(found))
        if found
        else t("write 2026-03-31 or 2026-03-31T18:00:00, in UTC")
    )


def _did_you_mean(word: str, known: list[str]) -> str:
    hint = suggest(word, known)
    return hint if t("did you mean") in hint else full_width.hint(word)


def _no_command(error: Any, text: str) -> str:
    found = re.search(r"'([^']{0,200})'", text)
    word = found[1] if found else ""
    group = getattr(error.ctx, "command", None) if getattr(error, "ctx", None) else None
    known = sorted(getattr(group, "commands", {}))
    hint = _did_you_mean(word, known)
    path = error.ctx.command_path if error.ctx is not None else "agi-app"
    if path == "agi-app" and word in ELSEWHERE:
        hint = f": {t(ELSEWHERE[word])}"
    elif t("did you mean") not in hint:
        hint += t("; it has: {known}", known=", ".join(known))
    return t("{path} has no command {word!r}{hint}", path=path, word=word, hint=hint)


def _no_option(error: Any) -> str:
    name = str(error.option_name)
    command = error.ctx.command if error.ctx is not None else None
    known = sorted({option for one in (command.params if command else ()) for option in one.opts if option[:1] == "-"})
    hint = _did_you_mean(name, known)
    if not hint and command is not None and getattr(command, "commands", None) and name in ("--project", "-p"):
        return t(
            "{name}: goes after the command: {command_path} COMMAND {name} FOLDER",
            name=name,
            command_path=error.ctx.command_path,
        )
    path = error.ctx.command_path if error.ctx is not None else "agi-app"
    if name in OTHER_OPTIONS:
        return t("{path} has no option {name}: {how}", path=path, name=name, how=t(OTHER_OPTIONS[name]))
    if any(one.name == name.lstrip("-") for one in (command.params if command else ())):
        return t(
            "{path} has no option {name}: the {word} is written without it. {usage}",
            path=path,
            name=name,
            word=name.lstrip("-"),
            usage=_usage(error),
        )
    there = t("; it has: {known}", known=", ".join(known)) if known and not hint else ""
    return t("{path} has no option {name}{hint}", path=path, name=name, hint=hint or there)


def _usage(error: Any) -> str:
    if (context := getattr(error, "ctx", None)) is None:
        return ""
    pieces = " ".join(context.command.collect_usage_pieces(context)).translate(str.maketrans("", "", "{}")).upper()
    needed = " ".join(
        f"{one.opts[0]} {one.name.upper()}" for one in context.command.params if one.required and one.opts[0][:1] == "-"
    )
    arguments = f"{pieces.replace('[OPTIONS] ', '')}{' ' if needed else ''}{needed}"
    return t("Write: {command} {arguments}", command=context.command_path, arguments=arguments)
