"""Gates with one thing wrong, to see that the oracle's cases catch each: the text that is changed, and into what."""

from __future__ import annotations

from dataclasses import dataclass

CONSENT, CALLER_ID, LISTS = "consent_rules.py", "caller_id_rules.py", "do_not_call_rules.py"
HOURS, LIMITS, PLACE = "calling_hours.py", "caps_and_gaps.py", "number_location.py"
LOCATION, TIMES = "../model/number_location.py", "../model/contact_times.py"
DATES, OWN_HOURS = "campaign_rules.py", "calling_hours_rules.py"


@dataclass(frozen=True, slots=True)
class Breakage:
    """One change to a file of ``agi_app/gate``."""

    what: str
    file: str
    old: str
    new: str


BREAKAGES = (
    Breakage("the end of a window is in it", HOURS, "local.time() < window.end", "local.time() <= window.end"),
    Breakage("one call over the cap", LIMITS, "if len(recent) < cap else", "if len(recent) <= cap else"),
    Breakage("a call of just 24 hours ago still counts", LIMITS, "if at > now - per", "if at >= now - per"),
    Breakage("consents do not expire", CONSENT, "c.expires_at > max(now, c.given_at)]", "c]"),
    Breakage("consents hold for every purpose", CONSENT, " if c.purpose is case.campaign.purpose]", "]"),
    Breakage("consents cannot be withdrawn", CONSENT, " if c.revoked_at is None and (withdrawn", " if (None"),
    Breakage("a withdrawal ends one consent only", CONSENT, " and (withdrawn is None or c.given_at > withdrawn)", ""),
    Breakage("Florida is like the rest", PLACE, "real.startswith(part.prefixes)", "real.startswith(())"),
    Breakage("summer has winter's hours", LOCATION, "_clock(zone) for zone", "_winter(zone) for zone"),
    Breakage("the first zone is enough", LOCATION, "for zone in self.zones]", "for zone in self.zones[:1]]"),
    Breakage("a list may be a day older", LISTS, "age > rule.max_age:", "age > rule.max_age + ONE_DAY:"),
    Breakage("a list that no rule describes binds nothing", LISTS, "name, {case.campaign.purpose}", "name, ()"),
    Breakage("stops of any number are forgotten", LISTS, "None if at is None else", "None if at is None or at else"),
    Breakage("a rehearsal proves a caller ID", CALLER_ID, '{"letter", "call"}', '{"letter", "call", "rehearsal"}'),
    Breakage("proofs do not expire", CALLER_ID, "if proof.expires_at <= case.now else", "if proof is None else"),
    Breakage("no gap after a call", LIMITS, "last + gap > now else None", "gap is None else None"),
    Breakage("a refusal ends a tenth early", LIMITS, "return last + gap if", "return last + gap * 0.9 if"),
    Breakage(
        "the campaign's last instant is in it",
        DATES,
        "ends is None or case.now < ends",
        "ends is None or case.now <= ends",
    ),
    Breakage(
        "a campaign begins a second early",
        DATES,
        "case.now >= starts:",
        "case.now + dt.timedelta(seconds=1) >= starts:",
    ),
    Breakage("the contact's last instant is in it", DATES, "case.now < last else", "case.now <= last else"),
    Breakage("a contact's begin is none", DATES, "case.now >= begin:", "case.now:"),
    Breakage(
        "a contact without its time is called at any",
        DATES,
        "due is None or case.facts",
        "due is None or due or case.facts",
    ),
    Breakage("an appointment is no end", TIMES, "not None and due.before else None", "not None and () else None"),
    Breakage("the time of a call is its end", TIMES, "due is not None and due.before else", "due is not None else"),
    Breakage(
        "the appointment ends it before not_after",
        TIMES,
        "self.not_after or appointment or",
        "appointment or self.not_after or",
    ),
    Breakage(
        "a person's hours are those of the first zone",
        OWN_HOURS,
        "Opening((preferred,)), case.place.clocks",
        "Opening((preferred,)), case.place.clocks[:1]",
    ),
    Breakage("working Sundays have Sunday's hours", HOURS, "WORKING_DAY if any(", "WORKING_DAY if not any("),
    Breakage("a group has one too many", DATES, "fact.completed >= fact.wanted", "fact.completed > fact.wanted"),
    Breakage("calls under way fill no group", DATES, "fact.completed + fact.under_way <", "fact.completed <"),
    Breakage("holidays are open", HOURS, "return day in self.closed or not", "return not"),
)
WINTER = """

def _winter(zone: str) -> ZoneInfo:
    import datetime as dt

    return dt.timezone(dt.datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)).utcoffset())
"""  # what one of them calls
