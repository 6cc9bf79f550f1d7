"""What an alert says to people, in the current language, and to programs."""

from __future__ import annotations

import json
from pathlib import Path

from agi_app.messages import t
from agi_app.messages.retold import retold
from agi_app.store.service.alerts import AlertNotice, AlertRow

BEGAN, ENDED, TEST = "began", "ended", "test"
DATABASE_AWAY = "database_away"  # its one kind that is no row


def title(alert: AlertNotice | AlertRow) -> str:
    """One line: what is wrong, of what."""
    details = alert.details
    match alert.kind:
        case "nobody_dialled":
            return t("nobody is dialled although somebody is due")
        case "database_away":
            return t("the database does not answer")
        case "node_lost":
            return t("a worker is lost: {node}", node=details.get("node", alert.subject))
        case "trunk_paused":
            return t("trunk {trunk} is paused on {node}", trunk=details.get("trunk"), node=details.get("node"))
        case "campaign_paused":
            return t("campaign {campaign} paused itself", campaign=alert.subject)
        case "caller_id_ending":
            return t("the proof of {number} ends on {ends}", number=alert.subject, ends=details.get("ends"))
        case "consents_ending":
            told = "consents end soon: {consents} by the wording {wording!r}, the first on {first}"
            return t(told, consents=details.get("consents"), wording=details.get("wording"), first=details.get("first"))
        case "feed_failed":
            return t("the last run of feed {feed} failed", feed=alert.subject)
        case "backup_failed":
            return t("a backup failed at {at}", at=details.get("at"))
        case "backup_late":
            return t("no backup was made for two days")
        case _:
            return t("this is a test of alerts; nothing is wrong")


def text(alert: AlertNotice, project: Path) -> str:
    """All that people need to know of it, some lines."""
    lines = [title(alert)]
    match alert.kind:
        case "nobody_dialled":
            lines.append(t("campaigns: {campaigns}", campaigns=", ".join(alert.details.get("campaigns", ()))))
            lines += [t("why: {reason}", reason=retold(why)) for why in alert.details.get("reasons", ())]
        case "database_away":
            lines.append(t("nobody is dialled without it, and all other alerts wait for it"))
            lines.append(
                t("where it is agi-app's own, no worker is running: look at the unit and the log of `agi-app run`")
            )
        case "node_lost":
            lines.append(t("it was heard of last at {seen}", seen=alert.details.get("seen")))
        case "backup_failed" | "backup_late":
            made = alert.details.get("made") or t("never")
            lines.append(t("the last one that was made: {made}", made=made))
        case "campaign_paused":
            lines.append(t("why: in answered calls in a row a prompt could not be played"))
            lines.append(t("`agi-app campaign status {campaign}` says more", campaign=alert.subject))
        case "feed_failed":  # in a word: the sentence about it may quote the list
            lines.append(t("why: {reason}", reason=alert.details.get("why", "")))
            lines.append(t("`agi-app feed status {feed}` says more", feed=alert.subject))
        case "trunk_paused":
            lines.append(t("why: {reason}", reason=retold(str(alert.details.get("reason", "")))))
    lines.append(t("it began at {at:%F %T} UTC", at=alert.began_at))
    if alert.ended_at is not None:
        lines.append(t("it ended at {at:%F %T} UTC", at=alert.ended_at))
    return "\n".join([*lines, t("project: {project}", project=project)])


def subject_line(alert: AlertNotice) -> str:
    """The subject of a mail."""
    return f"[agi-app] {t('over: {title}', title=title(alert)) if alert.phase == ENDED else title(alert)}"


def for_programs(alert: AlertNotice, project: Path) -> bytes:
    """The same as JSON; ``text`` is in the current language, all else is for programs."""
    told = {
        "alert": alert.alert_id,
        "kind": alert.kind,
        "subject": alert.subject,
        "phase": alert.phase,
        "began_at": alert.began_at.isoformat(),
        "ended_at": None if alert.ended_at is None else alert.ended_at.isoformat(),
        "title": title(alert),
        "text": text(alert, project),
        "details": dict(alert.details),
        "project": str(project),
    }
    return json.dumps(told, ensure_ascii=False).encode()
