"""What a caller said, given with a complaint: the guard knows others by it who say the same from other numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from agi_app.errors import InputError
from agi_app.guard.call import read_caller
from agi_app.guard.scripts import MIN_WORDS, words
from agi_app.installation import Installation
from agi_app.screening.recorded_opening import opening_words
from agi_app.screening.script_matching import take
from agi_app.store.screening.guard_scripts import OpeningWords


def recording_of(recognise: bool, transcript: str, evidence: Path | None) -> Path | None:
    """The recording whose words are wanted. Raises InputError when there is none, or they are typed already."""
    if not recognise:
        return None
    if transcript or evidence is None:
        raise InputError("--recognise: needs a recording as --evidence-file, and no --transcript")
    return evidence


async def said_words(inst: Installation, transcript: str, recording: Path | None) -> str | None:
    """The opening words, typed or of a recording; None: none are given. Raises InputError when they say too little."""
    if recording is not None:
        speech = inst.settings.speech
        if speech.engine == "none":
            raise InputError("--recognise: needs [speech] engine (docs/how-to/spoken-answers.md), or give --transcript")
        transcript = await opening_words(recording, inst.settings.guard.listen_language, speech, inst.settings.project)
        if not transcript:
            raise InputError(f"{recording}: no words were understood in it; give --transcript")
    elif not transcript:
        return None
    if (count := len(words(transcript))) < MIN_WORDS:
        raise InputError(f"{count} opening words would fit too many callers: give {MIN_WORDS} or more")
    return transcript


async def learn_words(inst: Installation, caller: str, times: Sequence[dt.datetime], said: str, who: str) -> str:
    """Make them a known script, and say what it is called. Raises StoreError."""
    number, _ = read_caller(caller, inst.settings.guard.region or None)
    at = times[-1] if times else inst.clock.now()
    script = await take(inst.store, OpeningWords(at, "complaint", said, number=number), who)
    return f"callers who say the same are known by the script {script}; `agi-app guard script list` shows them"
