"""The shipped calling rules: each value is sourced and dated, and a damaged file is refused with its line."""

from __future__ import annotations

from importlib import resources

import pytest

from agi_app.campaigns.rules import load_ruleset, read_ruleset, version_of
from agi_app.errors import AuthorError
from agi_app.gate.ruleset import JurisdictionFile, Sourced
from agi_app.yaml_lines import load, validate

GOOD = """\
jurisdiction: CN
calling_hours:
  source: "a law"
  as_of: 2026-01-02
  basis: law
  windows:
    - {days: [mon], from: "09:00", to: "24:00"}
cap_per_day:
  source: "our own"
  as_of: 2026-01-02
  basis: house
  calls: 1
"""
SHIPPED = {
    item.name: item.read_bytes()
    for item in (resources.files("agi_app") / "rules").iterdir()
    if item.name.endswith(".yaml")
}


def faults(*texts: str) -> str:
    """What is said about these files, ``0.yaml``, ``1.yaml`` …"""
    with pytest.raises(AuthorError) as caught:
        read_ruleset({f"{index}.yaml": text.encode() for index, text in enumerate(texts)})
    return str(caught.value)


def test_the_shipped_rules_cover_the_countries_the_product_names() -> None:
    rules = load_ruleset()
    assert set(rules.jurisdictions) >= {"CN", "GB", "US"}
    assert all(j.windows and j.cap_per_day >= 1 for j in rules.jurisdictions.values())


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_shipped_value_has_its_source_date_and_basis(name: str) -> None:
    file = validate(JurisdictionFile, load(SHIPPED[name], name))
    assert name == f"{file.jurisdiction.lower()}.yaml"
    values = [value for _, value in file if value != file.jurisdiction]
    assert len(values) >= 2
    for value in values:
        assert isinstance(value, Sourced)
        assert len(value.source) > 10
        assert value.basis in ("law", "house")
        assert "house" in value.source or value.basis == "law"


def test_no_shipped_rule_lets_us_call_on_sundays_at_night_or_twice_a_day() -> None:
    """The house defaults of today; to loosen one takes a deliberate change here."""
    for rules in load_ruleset().jurisdictions.values():
        assert rules.cap_per_day == 1
        assert all(6 not in w.days and w.start.hour >= 8 and w.end.hour <= 21 for w in rules.windows)


def test_a_version_names_exactly_these_bytes() -> None:
    files = {"a.yaml": b"1", "b.yaml": b"2"}
    version = version_of(files)
    assert version == version_of(dict(reversed(files.items())))
    assert len(version) == 12
    others = [{"a.yaml": b"1"}, {"a.yaml": b"2", "b.yaml": b"1"}, {"a.yaml": b"12", "b.yaml": b""}]
    assert version not in {version_of(other) for other in [*others, {"a.yaml": b"1", "c.yaml": b"2"}]}


def test_a_changed_comment_is_another_rule_set() -> None:
    before = read_ruleset({"cn.yaml": GOOD.encode()})
    after = read_ruleset({"cn.yaml": (GOOD + "# checked again\n").encode()})
    assert before.jurisdictions == after.jurisdictions
    assert before.version != after.version


@pytest.mark.parametrize("gone", ["source", "as_of", "basis"])
def test_a_value_without_its_source_date_or_basis_is_refused(gone: str) -> None:
    text = "".join(line for line in GOOD.splitlines(True) if not line.startswith(f"  {gone}:"))
    said = faults(text)
    assert f'0.yaml:2:1: schema/missing-key the key "{gone}" is missing here' in said
    assert said.count("missing-key") == 2


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("  calls: 1", "  calls: 1\n  no_consent_needed: true", '0.yaml:13:3: schema/unknown-key unknown key "no_con'),
        ("  calls: 1", "  cals: 1", 'unknown key "cals"; did you mean "calls"?'),
        ("  calls: 1", "  calls: true", "0.yaml:12:3: schema/value calls: this must be a whole number"),
        ("  calls: 1", "  calls: 0", "0.yaml:12:3: schema/value calls"),
        ("  calls: 1", "  calls: 51", "0.yaml:12:3: schema/value calls"),
        ('to: "24:00"', 'to: "08:00"', '0.yaml:7:36: rules/window to: "to" must be later'),
        ('to: "24:00"', 'to: "09:00"', '0.yaml:7:36: rules/window to: "to" must be later'),
        ('from: "09:00"', 'from: "24:00"', "0.yaml:7:21: schema/value from"),
        ('from: "09:00"', 'from: "9:00"', "0.yaml:7:21: schema/value from"),
        ("days: [mon]", "days: []", "0.yaml:7:8: schema/value days"),
        ("days: [mon]", "days: [monday]", "0.yaml:7:"),
        ("basis: law", "basis: guess", "0.yaml:5:3: schema/value basis"),
        ('source: "a law"', 'source: ""', "0.yaml:3:3: schema/value source"),
        ("jurisdiction: CN", "jurisdiction: cn", "0.yaml:1:1: schema/value jurisdiction"),
    ],
)
def test_a_wrong_rule_file_is_refused_at_its_line(right: str, wrong: str, said: str) -> None:
    assert right in GOOD
    assert said in faults(GOOD.replace(right, wrong))


def test_two_files_for_one_country_are_refused_not_one_of_them_forgotten() -> None:
    assert "1.yaml:1:1: rules/duplicate CN has rules already, in 0.yaml" in faults(GOOD, GOOD.replace("mon", "tue"))


def test_the_faults_of_all_files_are_told_at_once() -> None:
    said = faults(GOOD.replace("calls: 1", "calls: 0"), "jurisdiction: [")
    assert "0.yaml:12:3" in said
    assert "1.yaml:" in said
