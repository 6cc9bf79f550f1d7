"""Which of a campaign's proved numbers one person sees. Pure, and always the same for the same person.

There is nothing to rotate by: the answer hangs on the called number and on what that person has seen,
not on time, chance, load or earlier calls to others. A person who has seen a number sees that one or is not called.
"""

from __future__ import annotations

from agi_app.model.campaign import Campaign


def choose(campaign: Campaign, number: str, seen: str | None) -> str:
    """Our number to show to ``number`` (E.164), who has ``seen`` this one before, or none.

    A number of the campaign that the person saw stays. Otherwise the local one whose prefix is the longest that
    ``number`` begins with, else the campaign's own. When the person has seen a number that the campaign does
    not have, the answer differs from it, and the gate refuses the call (``caller_id_changed``).
    """
    if seen is not None and seen in numbers_of(campaign):
        return seen
    fitting = [(prefix, ours) for prefix, ours in campaign.local_caller_ids if number.startswith(prefix)]
    return max(fitting, key=lambda entry: len(entry[0]))[1] if fitting else campaign.caller_id


def numbers_of(campaign: Campaign) -> tuple[str, ...]:
    """Every number that a campaign may show, its own first; each needs a valid proof."""
    return tuple(dict.fromkeys((campaign.caller_id, *(ours for _, ours in campaign.local_caller_ids))))
