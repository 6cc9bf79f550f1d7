"""The text of a new campaign from its few decisions: a draft to read, to change and to check like any other."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from agi_app.campaigns.project.project_templates import campaign_text
from agi_app.messages import t

WORKDAYS = "mon, tue, wed, thu, fri"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_/-]*")
_NUMBER = re.compile(r"[1-9][0-9]{0,5}(\.[0-9]{1,3})?|0\.[0-9]{1,3}")
_OTHER = {"yes", "no", "true", "false", "on", "off", "null", "none", "y", "n"}  # no text, when it is not quoted


@dataclass(frozen=True, slots=True)
class CampaignDecisions:
    """What somebody has decided, as it was typed: the check says what is wrong with it, at its line.

    ``per_second``: calls; ``at_once``: calls; ``longest``: seconds. ``due``: the column with the time that calls are
    planned by, "" for as soon as the contact is imported. ``workdays``, ``again``: "" for no.
    """

    name: str
    purpose: str
    flow: str
    countries: str  # with commas between
    trunk: str
    caller_id: str
    zone: str
    workdays: str
    since: str
    until: str
    per_second: str
    at_once: str
    longest: str
    again: str
    due: str


def campaign_begun(decided: CampaignDecisions) -> str:
    """The campaign's file, with comments in the language of who reads."""
    facts = _facts(decided)
    days = f"days: [{WORKDAYS}], " if decided.workdays else ""
    lines = [
        ("", t("What this campaign is for, and who is on its list.")),
        (f"campaign: {facts['campaign']}", ""),
        (f"purpose: {_scalar(decided.purpose)}", t("who agreed to another purpose is not called")),
        (f"jurisdictions: {facts['jurisdictions']}", t("people in other countries are refused")),
        (f"flow: {facts['flow']}", ""),
        (f"trunk: {facts['trunk']}", ""),
        (f"caller_id: {facts['caller_id']}", t("must be proved to be ours")),
        (f"zone: {facts['zone']}", t("of the times in the list")),
        (f"pace: {{calls_per_second: {_number(decided.per_second)}, concurrent: {_number(decided.at_once)}}}", ""),
        (
            f"window: {{{days}from: {json.dumps(decided.since)}, to: {json.dumps(decided.until)}}}",
            t("in the time of the person called; the country's own hours hold as well"),
        ),
    ]
    if decided.due:
        lines.append((f"due: {{before: contact.{_scalar(decided.due)}, at: [24h]}}", t("a day before that time")))
    if decided.again:
        lines.append(("retry: {no_answer: [1d], busy: [1d]}", t("again, a day later")))
    lines.append((f"max_call: {_seconds(decided.longest)}", ""))
    return "".join(f"{_commented(text, comment)}\n" for text, comment in lines)


def campaign_of_template(template: str, decided: CampaignDecisions) -> str:
    """The campaign of a template, with what depends on where it is to run. Raises InputError."""
    return campaign_text(template, _facts(decided))


def _facts(decided: CampaignDecisions) -> Mapping[str, str]:
    countries = [_scalar(one.strip().upper()) for one in decided.countries.split(",") if one.strip()]
    return {
        "campaign": _scalar(decided.name),
        "flow": _scalar(decided.flow),
        "jurisdictions": f"[{', '.join(countries)}]",
        "trunk": _scalar(decided.trunk),
        "caller_id": json.dumps(decided.caller_id),
        "zone": _scalar(decided.zone),
    }


def _commented(text: str, comment: str) -> str:
    if not comment:
        return text
    return f"{text:<33} # {comment}" if text else f"# {comment}"


def _scalar(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and text.casefold() not in _OTHER
    return text if plain else json.dumps(text, ensure_ascii=False)


def _number(text: str) -> str:
    return text if _NUMBER.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _seconds(text: str) -> str:
    return f"{text}s" if _NUMBER.fullmatch(text) else json.dumps(text, ensure_ascii=False)
