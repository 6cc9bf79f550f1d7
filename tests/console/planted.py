"""Texts that would do something if a page did more than show them: one for each field, and the pages that show it."""

from __future__ import annotations

import json
from urllib.parse import quote

from agi_app.installation import Installation
from tests.api.site import CAMPAIGN

FLOW = "planted"
FIELDS = (
    *("external id", "outcome's disposition", "call's disposition", "answer's name", "answer", "note"),
    *("business", "comment", "said text", "transcript"),
)


def planted(field: str) -> str:
    """Markup, an attribute's end, a formula, right to left, an emoji and, where files allow it, a bell."""
    return f"=<script>window.ran=1</script><img src=x onerror=window.ran=1>\"'`&amp; \u202eمرحبا😀 {field}"


def quoted(field: str) -> str:
    """For YAML."""
    return json.dumps(planted(field), ensure_ascii=False)


CONTROL = "\x07\x1b[31m"
CONTACT = planted("external id")
FLOW_TEXT = f"""\
# {planted("comment")}
flow: {FLOW}
languages: [en]
identify:
  business: {{en: {quoted("business")}}}
opt_out:
  key: "9"
start: greeting
nodes:
  greeting:
    - say: {{text: {{en: {quoted("said text")}}}}}
    - play: {FLOW}
    - hangup
"""
OF_ONE = f"?external_id={quote(CONTACT, safe='')}"
PAGES = (
    *(f"/campaigns/{CAMPAIGN}/contacts", f"/contacts{OF_ONE}", f"/campaigns/{CAMPAIGN}/contact{OF_ONE}"),
    *(f"/campaigns/{CAMPAIGN}/contact/reschedule{OF_ONE}", f"/campaigns/{CAMPAIGN}/contact/cancel{OF_ONE}"),
    *("/flows", f"/flows/{FLOW}", f"/flows/{FLOW}/edit", f"/flows/{FLOW}/try", f"/flows/{FLOW}/calls"),
    *("/prompts", f"/prompts/en/{FLOW}", f"/campaigns/{CAMPAIGN}"),
)


async def plant(inst: Installation) -> None:
    """Into a contact that was called, and a flow with its prompt."""
    one = "(SELECT attempt_id FROM attempt ORDER BY attempt_id LIMIT 1)"
    answers = json.dumps({planted("answer's name"): planted("answer") + CONTROL})
    await inst.store.execute(
        f"""UPDATE contact SET external_id = %(id)s, disposition = %(last)s
            WHERE contact_id = (SELECT contact_id FROM attempt WHERE attempt_id = {one})""",
        {"id": CONTACT, "last": planted("outcome's disposition")},
    )
    await inst.store.execute(
        f"""UPDATE attempt SET state = 'ended', outcome = 'human', dialled = true, disposition = %(this)s,
            note = %(note)s, answers = %(answers)s WHERE attempt_id = {one}""",
        {"this": planted("call's disposition"), "note": planted("note") + CONTROL, "answers": answers},
    )
    project = inst.settings.project
    (project / "flows" / f"{FLOW}.yaml").write_text(FLOW_TEXT, encoding="utf-8")
    (project / "prompts" / "en" / f"{FLOW}.txt").write_text(planted("transcript") + "\n", encoding="utf-8")
