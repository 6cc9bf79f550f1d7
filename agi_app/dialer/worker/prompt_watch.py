"""Lets Asterisk play a prompt before anybody is dialled, after each reconnect, and again when the prompts have changed.

A wrong `prompts_path` would call everybody into silence. While a prompt cannot be played nobody is dialled.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from agi_app import log
from agi_app.clock import Clock
from agi_app.config.settings import Settings
from agi_app.dialer.worker.health import Health
from agi_app.errors import AgiAppError
from agi_app.messages import t
from agi_app.model.finding import Finding
from agi_app.pbx.ari.connection import Ari
from agi_app.pbx.ari.connection_settings import AriSettings
from agi_app.pbx.media.play_probe import FORMAT_MODULE, play_for_nobody
from agi_app.prompts.doctor_check import shortest, why_unplayable
from agi_app.prompts.prepared_cache import FOLDER, INDEX
from agi_app.prompts.settings import voice_settings

LOOK_S, AGAIN_S = 1.0, 10.0  # how often the prompts are looked at; a trial that failed is made again
CHECK = "prompts play"
PATH_MEND = (
    "set [asterisk] prompts_path to the project's folder prompts/ as Asterisk sees it, and let Asterisk's user read all"
    " of it, also .prepared (docs/how-to/install-on-asterisk.md)"
)

_log = log.get("prompts")


async def try_prompt(settings: Settings, ari: AriSettings, clock: Clock) -> Finding | None:
    """Play the shortest prompt of the project, a prepared one if there is one, to nobody; None: it has none."""
    chosen = await asyncio.to_thread(shortest, settings.project / "prompts", *voice_settings(settings.project))
    if chosen is None:
        return None
    file = Path(settings.asterisk.prompts_path) / chosen.file
    try:
        trial = await play_for_nobody(ari, f"sound:{file.with_suffix('')}", chosen.seconds, clock)
    except AgiAppError as error:
        return Finding(CHECK, str(error), t("load res_ari_bridges.so and chan_bridge_media.so"))
    if trial.played:
        return Finding(CHECK, t("Asterisk played {prompt}", prompt=chosen.prompt))
    if not trial.has_format:
        return Finding(
            CHECK,
            t("no {format_module}", format_module=FORMAT_MODULE),
            t("load = {format_module} in modules.conf", format_module=FORMAT_MODULE),
        )
    return Finding(
        CHECK,
        t("Asterisk cannot play {file}: {why_unplayable}", file=file, why_unplayable=why_unplayable(file)),
        t(PATH_MEND),
    )


class PromptWatch:
    """Of one node; ``health.prompts`` says why nobody may be dialled."""

    def __init__(self, settings: Settings, ari: Ari, clock: Clock, health: Health) -> None:
        self._settings, self._ari, self._clock, self._health = settings, ari, clock, health
        health.prompts = t("agi-app is trying whether Asterisk plays the prompts")
        self._tried: object = None  # what the prompts were like then; None: not on this connection

    async def run(self) -> None:
        """Look again and again until cancelled."""
        again_at = 0.0
        while True:
            seen = await asyncio.to_thread(_stamp, self._settings.project / "prompts")
            if not self._ari.is_connected:
                self._tried = None
            elif seen != self._tried or (self._health.prompts is not None and self._clock.monotonic() >= again_at):
                await self._try()
                self._tried, again_at = seen, self._clock.monotonic() + AGAIN_S
            await asyncio.sleep(LOOK_S)

    async def _try(self) -> None:
        try:
            trial = await try_prompt(self._settings, self._ari.settings, self._clock)
        except (AgiAppError, OSError) as error:
            trial = Finding(CHECK, t("no prompt could be tried: {error}", error=error), t("see the message"))
        if not self._ari.is_connected:
            return  # Asterisk went away meanwhile: that is another reason
        hold = None
        if trial is not None and trial.fix:
            hold = t(
                "no prompt would be heard: {text}; {fix}; it is tried again every {again_s:.0f} s",
                text=trial.text,
                fix=trial.fix,
                again_s=AGAIN_S,
            )
        if hold is not None and hold != self._health.prompts:
            _log.error("nobody is dialled: Asterisk does not play the prompts", reason=hold)
        elif hold is None and self._health.prompts is not None:
            _log.info("the prompts can be heard", trial=trial.text if trial else "the project has none")
        self._health.prompts = hold


def _stamp(prompts: Path) -> list[tuple[str, int]]:
    """Changes when a prompt is added, removed, replaced or prepared."""
    found = []
    for path in (prompts, *sorted(prompts.glob("*")), prompts / FOLDER / INDEX):
        try:
            found.append((path.name, path.stat().st_mtime_ns))
        except OSError:
            found.append((path.name, 0))
    return found
