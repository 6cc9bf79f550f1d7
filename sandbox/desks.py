"""Phones of our own in the sandbox, to which flows transfer: each answers, is busy, does not answer, or is yours.

One SIPp process plays those that answer, the carrier plays those that are busy or ring out, and
``scripts/sandbox phone`` is the one that you answer yourself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from agi_app.authoring.suggestions import suggest
from agi_app.messages import spoken, t, template
from sandbox.agents import phone_conf
from sandbox.borrowed import SETTINGS, own_settings
from sandbox.errors import SandboxError

DESK = "front-desk"  # there is always one
ANSWERS, BUSY, NO_ANSWER, PHONE = "answers", "busy", "no_answer", "phone"
DOES = {
    ANSWERS: template("answers, listens for a while and hangs up"),
    BUSY: template("is busy"),
    NO_ANSWER: template("rings and does not answer"),
    PHONE: template("is the telephone of scripts/sandbox phone: answer it yourself"),
}
_ALIKE = 0.85  # night-desk is no misspelt front-desk
_SUFFIX = {BUSY: "20", NO_ANSWER: "21"}  # of scenarios/carrier.xml


def desks_of(project: Path | None, given: Mapping[str, str]) -> dict[str, str]:
    """What each desk does: the destinations of the project's own settings answer, unless ``given`` says otherwise."""
    for name in given:
        if words := misspelt_desk(name, project):
            raise SandboxError(f"--desk {words}")
    return {**dict.fromkeys(known_desks(project), ANSWERS), **given}


def misspelt_desk(name: str, project: Path | None) -> str:
    """The words for a desk that is nearly a destination of the project; empty when it is one, or another."""
    there = known_desks(project)
    if project is None or name in there or t("did you mean") not in (hint := suggest(name, there, _ALIKE)):
        return ""
    return t("{name}: {file} has no destination of that name{hint}", name=name, file=project / SETTINGS, hint=hint)


def known_desks(project: Path | None) -> list[str]:
    """The desk that is always there, and the destinations of the project's own settings."""
    return [DESK, *(_own(project) if project is not None else ())]


def _own(project: Path) -> list[str]:
    found = own_settings(project).get("destinations", {})
    there = found.items() if isinstance(found, dict) else ()
    return [name for name, one in there if isinstance(one, dict) and "endpoint" in one]


def pjsip_conf(
    desks: Mapping[str, str], ports: Mapping[str, int], carrier: int, *, prefix: str = "", transport: str = ""
) -> str:
    """Their endpoints; ``ports`` are those of the desks that answer and of the telephone.

    ``prefix`` begins the names of endpoints, on an Asterisk that has others; ``transport``: if not the sandbox's own.
    """
    more = (transport,) if transport else ()
    return "\n".join(
        phone_conf(f"{prefix}{name}", f"sip:{name}-{_SUFFIX[does]}@127.0.0.1:{carrier}", *more)
        if does in _SUFFIX
        else phone_conf(f"{prefix}{name}", f"sip:{name}@127.0.0.1:{ports[does]}", *more)
        for name, does in desks.items()
    )


def destinations_toml(desks: Mapping[str, str], prefix: str = "") -> str:
    """The part of agi-app.toml with a destination for each."""
    return "\n".join(
        f'[destinations.{name}]\nendpoint = "PJSIP/{prefix}{name}"    # {spoken(DOES[does])}\n'
        for name, does in desks.items()
    )
