"""The events that others' programs can ask for, and which of them an endpoint wants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agi_app.messages import template

ALL = "*"
STOPPED = "person.stopped"  # goes out before all others, and is never given up
TEST = "webhook.test"
DISABLED = "webhook.disabled"

# type -> what it tells. Its rows: store/database/schema/0055 and 0061; store/webhooks/notices.sql for what time makes.
# Types that nothing makes yet are not here, so that nobody waits for them.
EVENTS: Mapping[str, str] = {
    "person.stopped": template("somebody is never to be called again"),
    "consent.recorded": template("a consent was entered"),
    "consent.withdrawn": template("a consent ended, or all of a person's"),
    "consent.expiring": template("a consent ends within 30 days"),
    "attempt.ended": template("a call to a contact ended"),
    "answer.saved": template("a call left answers or a disposition"),
    "contact.done": template("a contact will not be called again"),
    "contact.refused": template("the gate refused a call to a contact"),
    "campaign.started": template("a campaign began"),
    "campaign.paused": template("a campaign was paused"),
    "campaign.resumed": template("a paused campaign goes on"),
    "campaign.stopped": template("a campaign was stopped"),
    "campaign.finished": template("a running campaign has nobody left to call"),
    "campaign.held_back": template("a worker cannot dial a campaign: its trunk is paused, or something is missing"),
    "campaign.approval_wanted": template("a start of a campaign waits for a second person"),
    "campaign.approved": template("a second person approved a start"),
    "feed.approval_wanted": template("a feed waits for a second person"),
    "feed.approved": template("a second person approved a feed"),
    "feed.refused": template("what a feed brought was not taken, as a whole"),
    "feed.failed": template("a feed could not be read"),
    "feed.late": template("a campaign calls nobody because its feed had no good run for too long"),
    "calling.paused": template("everything was paused, on all workers"),
    "calling.resumed": template("that pause ended"),
    "complaint.received": template("a complaint was entered"),
    "complaint.due": template("a complaint must be answered within three days"),
    "caller_id.expiring": template("the proof of your number ends within 30 days"),
    "caller_id.failed": template("your number was not proved, or does not reach you when called back"),
    "trunk.paused": template("a worker paused a trunk because of failed calls"),
    "trunk.resumed": template("that pause ended"),
    "node.holds": template("a worker dials nobody"),
    "node.lost": template("a worker is silent"),
    "guard.rejected": template("an incoming call was rejected"),
    "guard.appealed": template("a caller who was screened appealed"),
    "import.finished": template("a file was imported to its last row"),
    "export.finished": template("a report is done, or failed"),
    "result.failed": template("the result of a call was given up, or nothing can be sent to a target for 15 minutes"),
    "audit.checkpoint_late": template("the audit tree was not signed for a minute, while a worker lives"),
    "webhook.disabled": template("an endpoint was disabled because it failed for three days"),
    "webhook.test": template("sent by `agi-app webhook test`"),
}


# campaign.* and its like: every type that begins so.
GROUPS = tuple(dict.fromkeys(f"{name.partition('.')[0]}.{ALL}" for name in EVENTS))


def chosen(wanted: Iterable[str]) -> tuple[list[str], list[str]]:
    """The types that ``wanted`` names, ``*`` alone for all that there are and will be; and what names none.

    ``campaign.*`` names every type of today that begins so; there are no other patterns.
    """
    names, unknown = set[str](), list[str]()
    for word in wanted:
        group = word[:-1] if word in GROUPS else None
        found = [name for name in EVENTS if name == word or (group and name.startswith(group))]
        found = [ALL] if word == ALL else found
        names.update(found)
        if not found:
            unknown.append(word)
    return ([ALL] if ALL in names else sorted(names)), unknown
