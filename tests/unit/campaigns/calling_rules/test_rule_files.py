"""The calling rules: sourced and dated, a damaged file is refused with its line, a project's own only narrow."""

from __future__ import annotations

import datetime as dt
import json
from functools import cache

import pytest

from agi_app.authoring.schema import validate
from agi_app.authoring.yaml_lines import load
from agi_app.campaigns.calling_rules.rule_files import (
    CALENDARS,
    RuleBook,
    load_ruleset,
    read_rulebook,
    shipped_files,
    version_of,
)
from agi_app.campaigns.calling_rules.rule_texts import in_force, lines_of
from agi_app.errors import AuthorError
from agi_app.gate.calling_hours import Opening
from agi_app.gate.rule_file import RULE_KEYS, JurisdictionFile, Sourced
from agi_app.gate.ruleset import Cap, Rules

HOURS, DAYS = dt.timedelta(hours=1), dt.timedelta(days=1)
GOOD = """\
jurisdiction: FR
time_zones: {zones: [Europe/Paris], source: "a law", as_of: 2026-01-02, basis: law}
calling_hours:
  source: "a law"
  as_of: 2026-01-02
  basis: law
  windows:
    - {days: [mon], from: "09:00", to: "24:00"}
caps:
  source: "our own"
  as_of: 2026-01-02
  basis: house
  calls: 1
  per: 24h
"""
HAVING = 'basis: house, as_of: 2026-01-02, source: "our own"'
shipped = cache(shipped_files)


def book(own: dict[str, str]) -> RuleBook:
    """The shipped rules with the project's own files (name in rules/ -> text)."""
    return read_rulebook(shipped() | {f"rules/{name}": text.encode() for name, text in own.items()})


def faults(*texts: str) -> str:
    """What is said about these files of the project, ``0.yaml``, ``1.yaml`` …"""
    with pytest.raises(AuthorError) as caught:
        book({f"{index}.yaml": text for index, text in enumerate(texts)})
    return str(caught.value)


def rules_of(own: str, region: str = "CN") -> Rules:
    """The country's rules with one own file."""
    return book({"own.yaml": own}).ruleset.jurisdictions[region].rules


# ---- what ships


def test_the_shipped_rules_cover_the_countries_the_product_names_and_no_other() -> None:
    rules = load_ruleset()
    assert set(rules.jurisdictions) == {"CN", "GB", "US"}, "the default makes no country callable"
    assert set(rules.jurisdictions["US"].parts) == {"FL"}


@pytest.mark.parametrize("name", sorted(name for name in shipped() if name != CALENDARS))
def test_every_shipped_value_has_its_source_date_and_basis(name: str) -> None:
    file = validate(JurisdictionFile, load(shipped()[name], name))
    assert name == f"agi_app/rules/{file.jurisdiction.lower()}.yaml"
    for place in (file, *file.parts.values()):
        for key in ("time_zones", *RULE_KEYS):
            for value in getattr(place, key, None) or ():
                assert isinstance(value, Sourced)
                assert len(value.source) > 10
                assert "house" in value.source or value.basis == "law" or key == "time_zones"


def test_the_default_supplies_every_value_that_a_file_may_leave_out() -> None:
    default = validate(JurisdictionFile, load(shipped()["agi_app/rules/default.yaml"], "default.yaml"))
    assert [key for key in RULE_KEYS if getattr(default, key) is None] == ["external_lists"]


def test_no_shipped_rule_lets_us_call_on_sundays_at_night_or_twice_a_day() -> None:
    """The house defaults of today; to loosen one takes a deliberate change here."""
    for country in load_ruleset().jurisdictions.values():
        for rules in (country.rules, *(part.rules for part in country.parts.values())):
            assert rules.caps[0] == Cap(1, DAYS)
            assert (rules.ring_at_least.seconds, rules.ring_at_most.seconds) == (15, 45)
            assert rules.gap_after_declined >= 7 * DAYS
            assert rules.gap_after_abandoned >= 72 * HOURS
            assert rules.abandoned_percent <= 1
            assert rules.says_artificial_voice
            monday = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
            for minute in range(7 * 24 * 60):
                local = monday + minute * dt.timedelta(minutes=1)
                if rules.opening.open_at(local):
                    assert 8 <= local.hour < 20
                    assert local.weekday() != 6


@pytest.mark.parametrize(("region", "name", "days"), [("US", "us-national-dnc", 7), ("GB", "gb-tps", 7)])
def test_of_law_and_house_the_stricter_age_of_a_list_holds(region: str, name: str, days: int) -> None:
    (rule,) = load_ruleset().jurisdictions[region].rules.lists
    assert (rule.name, rule.max_age, set(rule.purposes)) == (name, days * DAYS, {"marketing"})


def test_a_report_shows_every_value_with_its_basis_and_what_holds_of_them() -> None:
    found = book({})
    lines = lines_of(found, "US")
    assert ("US", "external_lists", "law") in {(line.place, line.rule, line.basis) for line in lines}
    assert ("US-FL", "caps", "3 in 24 hours") in {(line.place, line.rule, line.value) for line in lines}
    assert not any(line.file.endswith("default.yaml") for line in lines), "the file says everything itself"
    holds = in_force(found.ruleset.jurisdictions["US"].rules)
    assert holds["calling_hours"] == "mon-sat 08:00–20:00"
    assert holds["caps"] == "1 in 24 hours; 3 in 30 days"


def test_the_shipped_holidays_cover_all_that_the_shipped_rules_mean() -> None:
    """No library is asked at a start; ``scripts/docs`` writes them, and tests/test_docs.py compares."""
    assert book({}).ruleset.files[CALENDARS].count("covers") == 3
    assert set(json.loads(shipped()[CALENDARS])) == {"CN breaks work", "GB ENG NIR SCT WLS", "US"}


# ---- versions


def test_a_version_names_exactly_these_bytes() -> None:
    files = {"a.yaml": b"1", "b.yaml": b"2"}
    version = version_of(files)
    assert version == version_of(dict(reversed(files.items())))
    assert len(version) == 12
    others = [{"a.yaml": b"1"}, {"a.yaml": b"2", "b.yaml": b"1"}, {"a.yaml": b"12", "b.yaml": b""}]
    assert version not in {version_of(other) for other in [*others, {"a.yaml": b"1", "c.yaml": b"2"}]}


def test_a_changed_comment_is_another_rule_set() -> None:
    before, after = book({"fr.yaml": GOOD}).ruleset, book({"fr.yaml": GOOD + "# checked again\n"}).ruleset
    assert before.jurisdictions == after.jurisdictions
    assert before.version != after.version


def test_a_rule_set_can_be_made_again_from_the_text_it_keeps_without_the_calendar_library() -> None:
    first = book({"fr.yaml": GOOD}).ruleset
    files = {name: text.encode() for name, text in first.files.items()}
    assert version_of(files) == first.version
    assert read_rulebook(files).ruleset == first
    other = files | {CALENDARS: files[CALENDARS].replace(b"2026-10-01", b"2026-10-09")}
    again = read_rulebook(other).ruleset
    assert again.version != first.version
    assert not again.jurisdictions["CN"].rules.opening.closed_on(dt.date(2026, 10, 1)), "the kept dates are what counts"


# ---- faults of one file


@pytest.mark.parametrize("gone", ["source", "as_of", "basis"])
def test_a_value_without_its_source_date_or_basis_is_refused(gone: str) -> None:
    text = "".join(line for line in GOOD.splitlines(True) if not line.startswith(f"  {gone}:"))
    said = faults(text)
    assert f'rules/0.yaml:3:1: schema/missing-key the key "{gone}" is missing here' in said
    assert said.count("missing-key") == 2


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("  calls: 1", "  calls: 1\n  no_consent_needed: true", '0.yaml:14:3: schema/unknown-key unknown key "no_con'),
        ("  calls: 1", "  cals: 1", 'unknown key "cals"; did you mean "calls"?'),
        ("  calls: 1", "  calls: true", "0.yaml:13:3: schema/value calls: this must be a whole number"),
        ("  calls: 1", "  calls: 0", "0.yaml:13:3: schema/value calls"),
        ("  calls: 1", "  calls: 51", "0.yaml:13:3: schema/value calls"),
        ("  per: 24h", "  per: 1d", "0.yaml:14:3: schema/value per"),
        ('to: "24:00"', 'to: "08:00"', '0.yaml:8:36: rules/window to: "to" must be later'),
        ('from: "09:00", to: "24:00"', 'from: "22:00", to: "06:00"', 'for a night write two windows'),
        ('to: "24:00"', 'to: "09:00"', '0.yaml:8:36: rules/window to: "to" must be later'),
        ('from: "09:00"', 'from: "24:00"', "0.yaml:8:21: schema/value from"),
        ('from: "09:00"', 'from: "9:00"', "0.yaml:8:21: schema/value from"),
        ("days: [mon]", "days: []", "0.yaml:8:8: schema/value days"),
        ("days: [mon]", "days: [monday]", "0.yaml:8:"),
        ("  basis: law\n  windows", "  basis: guess\n  windows", "0.yaml:6:3: schema/value basis"),
        ('source: "a law"\n', 'source: ""\n', "0.yaml:4:3: schema/value source"),
        ("jurisdiction: FR", "jurisdiction: fr", "0.yaml:1:1: schema/value jurisdiction"),
        ("jurisdiction: FR", "jurisdiction: default", "rules/default the default rules belong to the program"),
        ("jurisdiction: FR", "jurisdiction: QQ", "rules/calendar agi-app has no calendar of QQ: list its"),
        ("caps:", f"closed_days: {{calendar: QQ, {HAVING}}}\ncaps:", "0.yaml:9:1: rules/calendar closed_days: agi-app"),
        ("caps:", f"closed_days: {{calendar: FR, subdivisions: [XX], {HAVING}}}\ncaps:", "has no subdivision XX"),
        ("caps:", f"closed_days: {{{HAVING}}}\ncaps:", "rules/closed-days closed_days: name a calendar or dates"),
        ("caps:", f"ring_time: {{at_least: 5s, {HAVING}}}\ncaps:", "is not within 15s to 45s"),
        ("caps:", f"ring_time: {{at_least: 40s, at_most: 20s, {HAVING}}}\ncaps:", "must not be shorter than"),
        ("caps:", f"abandoned_calls: {{at_most_percent: 5, {HAVING}}}\ncaps:", "schema/value at_most_percent"),
        ("caps:", f"external_lists: {{name: Bloctel!, max_age: 7d, purposes: [marketing], {HAVING}}}\ncaps:", "name"),
        ("caps:", "parts: {IDF: {numbers: [\"331\"]}}\ncaps:", "schema/value numbers"),
    ],
)  # fmt: skip
def test_a_wrong_rule_file_is_refused_at_its_line(right: str, wrong: str, said: str) -> None:
    assert right in GOOD
    assert said in faults(GOOD.replace(right, wrong, 1))


def test_two_files_for_one_country_are_refused_not_one_of_them_forgotten() -> None:
    assert "rules/1.yaml:1:1: rules/duplicate FR already has rules in rules/0.yaml" in faults(GOOD, GOOD)


def test_the_faults_of_all_files_are_told_at_once() -> None:
    said = faults(GOOD.replace("calls: 1", "calls: 0"), "jurisdiction: [")
    assert "0.yaml:13:3" in said
    assert "1.yaml:" in said


# ---- a country that has no rules yet


def test_a_project_adds_a_country_and_the_default_fills_what_its_file_leaves_out() -> None:
    found = book({"fr.yaml": GOOD})
    france = found.ruleset.jurisdictions["FR"]
    assert france.zones == ("Europe/Paris",)
    assert france.rules.caps == (Cap(1, DAYS),), "its own caps stand in place of the default's"
    assert france.rules.gap_after_declined == 7 * DAYS
    assert france.rules.opening.closed_on(dt.date(2026, 7, 14)), "the default means the holidays of that country"
    assert not france.rules.opening.closed_on(dt.date(2026, 7, 13))
    assert [line.file for line in lines_of(found, "FR") if line.rule == "retention"] == ["agi_app/rules/default.yaml"]
    assert {line.file for line in lines_of(found, "FR") if line.rule == "caps"} == {"rules/fr.yaml"}


# ---- own rules for a country that has some


def own(key: str, *bodies: str, region: str = "CN") -> str:
    """A file with one key and one value or several."""
    values = "".join(f"\n  - {{{body}, {HAVING}}}" for body in bodies)
    return f"jurisdiction: {region}\n{key}:{values if len(bodies) > 1 else f' {{{bodies[0]}, {HAVING}}}'}\n"


def part(name: str, number: str, cap: str) -> str:
    """A file for the USA with a cap in one part."""
    return f"jurisdiction: US\nparts: {{{name}: {{numbers: ['{number}'], caps: {{{cap}, {HAVING}}}}}}}"


def hours(day: str, start: str, end: str) -> str:
    """A file for China with one window."""
    return own("calling_hours", f'windows: [{{days: [{day}], from: "{start}", to: "{end}"}}]')


def at(day: int, hour: int) -> dt.datetime:
    """A time in March 2026; the 2nd is a Monday."""
    return dt.datetime(2026, 3, day, hour, tzinfo=dt.UTC)


def test_own_hours_and_days_leave_open_what_both_leave_open() -> None:
    opening = rules_of(hours("mon, tue", "10:00", "11:30")).opening
    assert [day for day in range(2, 9) if opening.open_at(at(day, 10))] == [2, 3]
    assert not opening.open_at(at(2, 9))
    assert not opening.open_at(at(2, 14)), "the afternoon of the shipped rules is not the project's"
    opening = rules_of(own("closed_days", "dates: [2026-03-05]")).opening
    assert opening.closed_on(dt.date(2026, 3, 5))
    assert opening.closed_on(dt.date(2026, 10, 1)), "the shipped holidays stay"


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        (own("caps", "calls: 1, per: 7d"), "caps", (Cap(1, DAYS), Cap(1, 7 * DAYS), Cap(4, 30 * DAYS))),
        (own("caps", "calls: 4, per: 30d"), "caps", (Cap(1, DAYS), Cap(2, 7 * DAYS), Cap(4, 30 * DAYS))),
        (own("gap_after_declined", "time: 30d"), "gap_after_declined", 30 * DAYS),
        (own("ring_time", "at_least: 20s"), "ring_at_least", dt.timedelta(seconds=20)),
        (own("ring_time", "at_least: 20s, at_most: 30s"), "ring_at_most", dt.timedelta(seconds=30)),
        (own("retention", "records_days: 4000"), "keep_records_days", 4000),
        (own("retention", "records_days: 4000"), "keep_recordings_days", 30),
        (own("opt_out", "offered_within: 1s"), "opt_out_within", dt.timedelta(seconds=1)),
    ],
)
def test_an_own_file_narrows_a_shipped_rule(text: str, field: str, value: object) -> None:
    assert getattr(rules_of(text), field) == value


def test_an_own_file_binds_a_list_that_the_shipped_rules_do_not_know() -> None:
    (rule,) = rules_of(own("external_lists", "name: cn-decline, max_age: 7d, purposes: [marketing, survey]")).lists
    assert (rule.name, set(rule.purposes)) == ("cn-decline", {"marketing", "survey"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (hours("sun", "10:00", "11:00"), "own.yaml:2:27: rules/loosens calling_hours: opens Sun 10:00, which the sh"),
        (hours("mon", "10:00", "12:01"), "opens Mon 12:00"),
        (own("caps", "calls: 2, per: 24h"), "own.yaml:2:8: rules/loosens caps: allows 2 calls in 24h, the shipped r"),
        (own("caps", "calls: 1, per: 24h", "calls: 5, per: 30d"), "own.yaml:4:6: rules/loosens caps: allows 5 calls"),
        (own("gap_after_declined", "time: 6d"), "gap_after_declined: is below what the shipped rules ask for (604800"),
        (own("gap_after_abandoned", "time: 71h"), "rules/loosens"),
        (own("retention", "recordings_days: 29"), "rules/loosens retention: is below"),
        (own("abandoned_calls", "at_most_percent: 1.5"), "is above what the shipped rules allow (1.0)"),
        (own("artificial_voice", "disclose: false"), "rules/loosens artificial_voice"),
        (own("opt_out", "offered_within: 3s"), "is above what the shipped rules allow (2 s)"),
        (own("closed_days", "calendar: CN, working_days: true", region="GB"), "opens weekend days that the shipped"),
        (own("external_lists", "name: gb-tps, max_age: 8d, purposes: [marketing]", region="GB"), "is over the 7 days"),
        (own("external_lists", "name: gb-tps, max_age: 7d, purposes: [survey]", region="GB"), "leaves out marketing"),
        (part("FL", "+1999", "calls: 2, per: 24h"), "rules/loosens caps: allows 2 calls in 24h"),
        (part("TX", "+1214", "calls: 4, per: 30d"), "rules/loosens caps: allows 4 calls in 30d"),
    ],
)
def test_an_own_file_that_loosens_a_shipped_rule_is_refused_at_its_line(text: str, said: str) -> None:
    with pytest.raises(AuthorError) as caught:
        book({"own.yaml": text})
    assert said in str(caught.value)


def test_an_own_part_binds_its_numbers_besides_all_else() -> None:
    country = book({"us.yaml": part("TX", "+1214", "calls: 1, per: 7d")}).ruleset.jurisdictions["US"]
    assert country.parts["TX"].rules.caps == (Cap(1, DAYS), Cap(1, 7 * DAYS), Cap(3, 30 * DAYS))
    assert country.rules.caps == (Cap(1, DAYS), Cap(3, 30 * DAYS))
    assert country.rules_in(("FL", "TX")).caps == country.parts["TX"].rules.caps
    assert country.rules_in(("FL", "TX")).opening != Opening(()), "and Florida's hours"
