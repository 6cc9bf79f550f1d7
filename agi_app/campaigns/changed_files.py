"""Whether a campaign's files are still what is stored of it, or what it runs with."""

from __future__ import annotations

from agi_app.campaigns.project.read_project import Project
from agi_app.messages import t
from agi_app.model.campaign import Campaign, CampaignState, is_unchanged
from agi_app.store.calling.campaigns import StoredCampaign


def as_edited(project: Project, stored: Campaign) -> tuple[Campaign, str | None]:
    """The campaign as its file says it now, and a line for people when that is not what is stored."""
    source = project.campaigns.get(stored.name)
    if source is None:
        faults = [str(p) for p in project.errors if p.file.startswith("campaigns/")]
        return stored, t("judged as it was stored: ") + (
            "; ".join(faults) or t("no file in campaigns/ has the campaign {name}", name=stored.name)
        )
    edited = source.parsed.campaign
    if is_unchanged(stored, edited):
        return stored, None
    return edited, (
        t(
            "judged as {file} is now, which is not what is stored; `agi-app campaign start {name}` stores it",
            file=source.file,
            name=stored.name,
        )
    )


def differs(project: Project, stored: StoredCampaign) -> str | None:
    """A line for people when the files are not what the campaign runs with; None: they are, or it never started."""
    if stored.state is CampaignState.DRAFT:
        return None
    edited = []
    source = project.campaigns.get(stored.campaign.name)
    if source is not None and not is_unchanged(stored.campaign, source.parsed.campaign):
        edited.append(source.file)
    runs = {stored.flow_file: stored.flow_text, **stored.sub_flows} if stored.flow_text else {}
    for file, text in runs.items():
        try:
            now: str | None = (project.folder / file).read_bytes().decode("utf-8-sig")  # with its own line ends
        except (OSError, UnicodeDecodeError):
            now = None
        if now != text:
            edited.append(file)
    if not edited:
        return None
    name, files = stored.campaign.name, ", ".join(edited)
    if len(edited) == 1:
        return t(
            "{files} differs from what {name} runs with; `agi-app campaign start {name}` stores what is there",
            files=files,
            name=name,
        )
    return t(
        "{files} differ from what {name} runs with; `agi-app campaign start {name}` stores what is there",
        files=files,
        name=name,
    )
