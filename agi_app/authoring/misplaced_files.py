"""A whole file of one kind in the folder of another. Pure."""

from __future__ import annotations

from agi_app.authoring.yaml_lines import Document
from agi_app.errors import Problem
from agi_app.messages import spoken, t, template

# folder -> the key that only its files have, and what such a file is
_KINDS = {
    "campaigns": ("campaign", template("a campaign")),
    "flows": ("nodes", template("a flow")),
    "simulations": ("cases", template("a file of expected calls")),
    "meanings": ("meanings", template("a file of meanings")),
    "rules": ("jurisdiction", template("a file of rules")),
}


def misplaced(document: Document) -> Problem | None:
    """That a file is in the folder of another kind, in place of all that is wrong with it there; None: it does not.

    A file that has the key of its own folder, too, lies where it belongs.
    """
    folder = document.file.replace("\\", "/").rpartition("/")[0].rpartition("/")[2]
    keys = document.value if isinstance(document.value, dict) else {}
    if folder not in _KINDS or _KINDS[folder][0] in keys:
        return None
    found = [(home, key, what) for home, (key, what) in _KINDS.items() if key in keys]
    if len(found) != 1:
        return None
    home, key, what = found[0]
    return document.problem(
        (key,),
        "yaml/not-read",
        t('this is {what} (it has "{key}"): put it into {home}/', what=spoken(what), key=key, home=home),
    )
