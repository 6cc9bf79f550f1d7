"""What the tree is made of: one entry a row, and how a row becomes a leaf (docs/reference/proof-format.md)."""

from __future__ import annotations

import json
from typing import Any

NONCE_BYTES = 16


# kind -> the table that it comes from; the queries ``rows_<kind>`` of ledger/audit.sql say what is in a payload.
TABLES = {
    "person": "person",
    "wording": "wording",
    "consent": "consent",
    "revocation": "revocation",
    "suppression": "suppression",
    "caller_id_proof": "caller_id_proof",
    "decision": "decision",
    "result": "result",
    "erasure": "erasure",
    "access": "access_log",
    "external_list": "external_list",
    "ruleset": "ruleset",
    "campaign_version": "campaign_version",
    "line_call": "line_call",
    "line_stop": "line_stop",
    "complaint": "complaint",
    "complaint_note": "complaint_note",
    "guard_change": "guard_change",
    "database_fact": "database_fact",
    "person_link": "person_link",
    "phone_proof": "phone_proof",
    "list_digest": "list_digest",
    "calling_pause": "calling_pause",
    "import_file": "import_file",
    "import_stored": "import_stored",
    "follow_up": "follow_up",
    "ask": "ask",
    "ask_answer": "ask_answer",
    "action": "action",
    "start_request": "start_request",
    "approval": "approval",
    "feed_request": "feed_request",
    "feed_approval": "feed_approval",
    "action_end": "action_end",
}


def canonical(value: Any) -> str:
    """JSON text in exactly one form, that of PostgreSQL's jsonb: object names by length, then by bytes; no floats.

    Raises TypeError for what has no such form.
    """
    if value is None or isinstance(value, int | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(canonical, value)) + "]"
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
        return "{" + ", ".join(f"{canonical(name)}: {canonical(value[name])}" for name in names) + "}"
    raise TypeError(f"{type(value).__name__} has no canonical form")
