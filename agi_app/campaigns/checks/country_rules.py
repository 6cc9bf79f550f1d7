"""What the calling rules of a campaign's countries refuse whatever the contact is: closed windows, ring times. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from agi_app.campaigns.calling_rules.narrowing import minutes_of, open_minutes
from agi_app.campaigns.calling_rules.rule_texts import hours_text
from agi_app.campaigns.campaign_file.load import CampaignDocument
from agi_app.errors import Problem
from agi_app.gate.ruleset import Jurisdiction, RuleSet
from agi_app.messages import t


def check_against_rules(source: CampaignDocument, ruleset: RuleSet) -> Iterator[Problem]:
    """Every fault of the campaign under the rules of its countries."""
    campaign, document = source.campaign, source.document
    for place, region in enumerate(campaign.jurisdictions):
        country = ruleset.jurisdictions.get(region)
        if country is None:
            message = t(
                "there are no calling rules for {region}, so nobody there is called; add rules/{file}.yaml",
                region=region,
                file=region.lower(),
            )
            yield document.problem(("jurisdictions", place), "campaign/no-rules", message, "warning")
        else:
            yield from _ring_time(source, region, country)
            yield from _never_open(source, country)


def _ring_time(source: CampaignDocument, region: str, country: Jurisdiction) -> Iterator[Problem]:
    every = [rules for _, rules in country.places]
    least, most = max(r.ring_at_least for r in every), min(r.ring_at_most for r in every)
    if not least <= source.campaign.ring_time <= most:
        ring, low, high = (f"{t.total_seconds():g}s" for t in (source.campaign.ring_time, least, most))
        message = t(
            "ring_time: {ring} is not within {low} to {high} (rule ring_time of {region})",
            ring=ring,
            low=low,
            high=high,
            region=region,
        )
        yield source.document.problem(("ring_time",), "campaign/ring-time", message)


def _never_open(source: CampaignDocument, country: Jurisdiction) -> Iterator[Problem]:
    """A window that the country's hours never meet: nobody there would ever be called."""
    for place, rules in country.places:
        if not source.campaign.windows or minutes_of(source.campaign.windows) & open_minutes(rules):
            continue
        message = t(
            "window: is never open in {place}, where calls may start {hours} (the time of the person called): "
            "nobody there would ever be called; choose hours within these",
            place=place,
            hours=hours_text(rules),
        )
        yield source.document.problem(("window",), "campaign/never-open", message)
        return
