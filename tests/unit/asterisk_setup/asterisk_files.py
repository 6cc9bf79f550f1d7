"""Asterisk's configuration in memory, and what is known of a host, for tests of the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from agi_app.asterisk_setup.facts import AsteriskHost, RecordingFolder, SetupFacts
from agi_app.asterisk_setup.plan import FileChange, SetupPlan, plan_of
from agi_app.asterisk_setup.wanted_files import MODULES

HOST = AsteriskHost("22.10.1", Path("/etc/asterisk"), Path("/s"), Path("/m"), Path("/run/p"), "02:00:00:00:00:01")
ARI, AMI = "a" * 48, "b" * 48
SETTINGS = '[asterisk]\nurl = "http://127.0.0.1:8088/ari"  # where it is\npassword_file = "ari-password"\n'
# As Debian ships them, without their comments.
DEBIAN = {
    "http.conf": "[general]\nservername=Asterisk\nbindaddr=127.0.0.1\n",
    "ari.conf": "[general]\nenabled = yes\n",
    "manager.conf": '[general]\nenabled = no\nport = 5038\nbindaddr = 127.0.0.1\n\n#include "manager.d/*.conf"\n',
    "pjsip.conf": "; nothing yet\n",
    "extensions.conf": "[general]\nstatic=yes\n[globals]\nCONSOLE=Console/dsp\n[default]\n",
    "modules.conf": "[modules]\nautoload=yes\nnoload => chan_alsa.so\n",
    "amd.conf": "[general]\n",
}


class Texts:
    """A ``ConfSource`` of texts."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = dict(texts)

    def text(self, name: str) -> str | None:
        return self.texts.get(name)

    def matching(self, pattern: str) -> list[str]:
        return sorted(name for name in self.texts if fnmatch(name, pattern))

    def after(self, plan: SetupPlan) -> Texts:
        """As the files are when the plan was carried out."""
        return Texts(self.texts | {_name(change): change.after for change in plan.changes})


def _name(change: FileChange) -> str:
    under = change.file.is_relative_to(HOST.config)
    return str(change.file.relative_to(HOST.config)) if under else str(change.file)


def facts(**changes: Any) -> SetupFacts:
    """A host on which all is installed and running, and a new project."""
    usual = SetupFacts(
        asterisk=HOST, project=Path("/srv/mine"), ari_user="agi-app", ari_password=ARI, ami_user="agi-app-look",
        ami_password=AMI, running=frozenset(MODULES), installed=frozenset(MODULES), uid=112, gid=113,
        recording=RecordingFolder(Path("/s/recording"), tmpfs=True), settings_text=SETTINGS,
        settings={("asterisk", "url"): "http://127.0.0.1:8088/ari", ("asterisk", "username"): "agi-app",
                  ("asterisk", "password_file"): "ari-password"},
        shipped={"extensions_agi_app.conf": "[agi-app-inbound]\n", "extensions_agi_app_screen.conf": "[agi-app-ask]\n",
                 "amd.conf": "[general]\n"},
    )  # fmt: skip
    return replace(usual, **changes)


def planned(texts: Mapping[str, str], **changes: Any) -> tuple[SetupPlan, dict[str, FileChange]]:
    """The plan, and its changes by the names of their files in Asterisk's folder."""
    plan = plan_of(facts(**changes), Texts(texts))
    return plan, {_name(change): change for change in plan.changes}
