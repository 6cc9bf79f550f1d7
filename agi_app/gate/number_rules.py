"""The gate's rules about the called number and its country."""

from __future__ import annotations

from agi_app.gate.case import GateCase, Reason


def number_valid(case: GateCase) -> Reason | None:
    """The number is one that a person of a known country can answer."""
    return None if case.place else Reason("number_invalid")


def number_fits_trunk(case: GateCase) -> Reason | None:
    """Test-range numbers go to sandbox trunks only, and sandbox trunks dial nothing else."""
    if case.place is None or case.place.reserved == case.trunk_is_sandbox:
        return None
    return Reason("number_not_reserved") if case.trunk_is_sandbox else Reason("number_reserved")


def jurisdiction_listed(case: GateCase) -> Reason | None:
    """The campaign lists the called person's country."""
    if case.place is None or case.place.region in case.campaign.jurisdictions:
        return None
    return Reason("jurisdiction_not_listed", {"own": case.place.region, "listed": list(case.campaign.jurisdictions)})


def jurisdiction_known(case: GateCase) -> Reason | None:
    """There are calling rules for the called person's country."""
    if case.place is None or case.rules is not None:
        return None
    return Reason("jurisdiction_unknown", {"own": case.place.region})


def number_of_one_person(case: GateCase) -> Reason | None:
    """None of the contact's numbers is shared by more than five persons: whose calls they would be, nobody can say."""
    return Reason("number_shared") if case.facts.number_shared else None
