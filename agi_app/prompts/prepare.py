"""`prompts prepare`: every recording and text of a project prepared, in processes beside this one.

Decoding and speaking take long and read strangers' files, so none of it happens in the worker's process. What is
in the cache already costs a hash. One bad file does not stop the others: it is reported with its name.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import multiprocessing
import os
import signal
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from agi_app.clock import Clock
from agi_app.config.prompts import PromptSettings, TtsSettings
from agi_app.errors import ConfigError, InputError
from agi_app.file_kinds import no_such_file
from agi_app.flow.saying.spoken_parts import PAUSE
from agi_app.messages import t, template
from agi_app.messages.retold import retold
from agi_app.prompts import wav
from agi_app.prompts.as_it_is_or_prepared import PAUSE_S, PromptPlan, pause_id, pause_key, plan, plan_said
from agi_app.prompts.faults import PromptFault
from agi_app.prompts.prepared_cache import FOLDER, Prepared
from agi_app.prompts.sources import PromptSource, find_sources
from agi_app.prompts.tts_engines import Kokoro, TtsEngine, engines, spoken_text

MOST_PROCESSES = 4
EXTRA, OF_EXTRA = "agi-app[prompts]", ("numpy", "pydub", "soxr")  # the extra of pyproject.toml, and what it brings
ESPEAK_CHINESE = template("espeak-ng speaks Mandarin that is hard to understand; listen to it, or record this prompt")

State = Literal["as it is", "prepared", "spoken", "there already", "not prepared", "text only", "failed"]
Progress = Callable[[int, int], None]  # (done, of all)


@dataclass(frozen=True, slots=True)
class Result:
    """What happened to one prompt. ``facts``: seconds, loudness (LUFS), true_peak_db, gain_db, clipped, …"""

    prompt: str  # zh-CN/greeting
    state: State
    file: str = ""  # that Asterisk plays, below the prompts folder
    facts: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class PromptJob:
    """One prompt to be made; goes to another process."""

    folder: Path  # prompts
    source: PromptSource
    text: str | None  # None: of the recording
    keys: tuple[str, ...]
    engines: tuple[TtsEngine, ...]
    settings: PromptSettings


def prepare(
    folder: Path,
    settings: PromptSettings,
    tts: TtsSettings,
    *,
    said: Iterable[tuple[str, str]] = (),
    only: Path | None = None,
    again: bool = False,
    progress: Progress | None = None,
) -> list[Result]:
    """Make the prompts of ``folder`` ready; blocks. ``said``: (language, text) of the flows' own texts, spoken when
    there is an engine. ``only``: a file or folder below ``folder``; ``again``: make also what is there.

    Raises InputError when ``only`` names no prompt, ConfigError when the cache cannot be written or a package that
    makes sound is not installed.
    """
    prepared, speakers = Prepared(folder, settings.wideband), engines(tts)
    plans = [plan(source, settings, speakers) for source in _chosen(folder, only)]
    plans += [plan_said(*text, settings, speakers) for text in sorted(said)] if speakers else []
    # The best is wanted: a text that a lesser engine spoke is tried again.
    todo = [p for p in plans if p.keys and not p.faults and (again or not prepared.has(p.keys[0]))]
    jobs = [PromptJob(folder, p.source, p.text if p.how == "text" else None, p.keys, speakers, settings) for p in todo]
    if jobs and (missing := [name for name in OF_EXTRA if importlib.util.find_spec(name) is None]):
        raise ConfigError(
            t(
                "recordings have to be prepared, and this installation lacks {missing}: install {extra}, as in"
                ' `pip install "{extra}"`; no call was made',
                missing=", ".join(missing),
                extra=EXTRA,
            )
        )
    made = {result.prompt: result for result in _run(jobs, progress)}
    results = [made.get(p.source.id) or _kept(p, prepared) for p in plans]
    if any(p.keys or p.source.is_piece for p in plans) or prepared.folder.exists():
        _make_pause(prepared, settings)
        index = _index(plans, prepared, settings, {} if only is None else prepared.index())
        prepared.write_index(index)
        prepared.prune(index.values(), Clock().now().timestamp())
    return results


def _index(
    plans: list[PromptPlan], prepared: Prepared, settings: PromptSettings, before: dict[str, str]
) -> dict[str, str]:
    """Which prompt is played from which file; ``before``: what stays for the prompts that were not looked at."""
    looked_at = {p.source.id for p in plans}
    index = {prompt: key for prompt, key in before.items() if prompt not in looked_at}
    index |= {p.source.id: key for p in plans if (key := p.key(prepared)) is not None}
    for pause in {pause_id(p.source.language) for p in plans} - looked_at:  # one's own pause wins
        index[pause] = pause_key(settings)
    return index


def look(folder: Path, settings: PromptSettings, tts: TtsSettings) -> list[Result]:
    """The prompts as they are now; makes nothing."""
    prepared, speakers = Prepared(folder, settings.wideband), engines(tts)
    return [_kept(plan(source, settings, speakers), prepared) for source in find_sources(folder)]


def work(job: PromptJob, name: Callable[[str], str] = str) -> Result:
    """Make one prompt, in whatever process this is; ``name`` makes the cache's name of a key."""
    from agi_app.prompts.normalise import LevellingTarget, level  # noqa: PLC0415 - numpy: not in the worker's process
    from agi_app.prompts.sound_files import read_sound  # noqa: PLC0415

    wanted = LevellingTarget(job.settings.loudness, job.settings.wideband, job.source.is_piece)
    notes: list[str] = []
    try:
        if job.text is None:
            sound, key = read_sound(job.source.sounds[0]), job.keys[0]
        else:
            with tempfile.TemporaryDirectory() as scratch:
                out = Path(scratch) / "out.wav"
                key = job.keys[_speak(job, out, notes)]
                sound = read_sound(out)
        levelled = level(sound, wanted)
    except PromptFault as fault:
        file = job.source.text if job.text is not None else job.source.sounds[0]
        named = str(fault) if file is None else f"{file.name}: {fault}"
        return Result(job.source.id, "failed", error=named, notes=tuple(notes))
    facts = {k: v for k, v in dataclasses.asdict(levelled).items() if k not in ("narrow", "wide", "notes")}
    all_notes = (*notes, *levelled.notes)
    Prepared(job.folder, job.settings.wideband).save(
        name(key), levelled.narrow, levelled.wide, {"prompt": job.source.id, **facts, "notes": all_notes}
    )
    state: State = "prepared" if job.text is None else "spoken"
    return Result(job.source.id, state, f"{FOLDER}/{name(key)}.wav", facts, all_notes)


def pool(jobs: int, speakers: Iterable[TtsEngine]) -> ProcessPoolExecutor:
    """Fresh processes: this one has threads, and they must not have its connections. Kokoro needs 600 MB."""
    most = 1 if any(isinstance(engine, Kokoro) for engine in speakers) else MOST_PROCESSES
    count = max(1, min(most, os.cpu_count() or 1, jobs))
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """Ctrl-C ends the command, which ends its processes; pydub asks for an ffmpeg that WAV does not need."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.filterwarnings("ignore", message="Couldn't find ff", category=RuntimeWarning)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """The pool alone would wait without end for work from a process that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _speak(job: PromptJob, out: Path, notes: list[str]) -> int:
    """Let the engines try in their order; which one it was."""
    text, language = spoken_text(job.text or ""), job.source.language
    for number, engine in enumerate(job.engines):
        try:
            engine.speak(text, language, out)
        except PromptFault as fault:
            if number + 1 == len(job.engines):
                raise
            out.unlink(missing_ok=True)
            notes.append(t("{fault}; {name} speaks instead", fault=fault, name=job.engines[number + 1].name))
        else:
            notes += [ESPEAK_CHINESE] if engine.name == "espeak-ng" and language.startswith("zh") else []
            return number
    raise PromptFault(t("there is no text-to-speech engine; see [tts] in agi-app.toml"))


def _run(jobs: list[PromptJob], progress: Progress | None) -> Iterable[Result]:
    if not jobs:
        return
    with pool(len(jobs), jobs[0].engines if any(job.text for job in jobs) else ()) as processes:
        waiting: list[Future[Result]] = [processes.submit(work, job) for job in jobs]
        try:
            for done, future in enumerate(as_completed(waiting), 1):
                made = future.result()  # of a process that speaks English
                yield dataclasses.replace(
                    made, error=made.error and retold(made.error), notes=tuple(map(retold, made.notes))
                )
                if progress is not None:
                    progress(done, len(jobs))
        except BrokenProcessPool as error:
            raise ConfigError(t("a process that prepared prompts was killed; is there enough memory?")) from error
        finally:
            for future in waiting:
                future.cancel()


def _chosen(folder: Path, only: Path | None) -> list[PromptSource]:
    sources = find_sources(folder)
    if only is None:
        return sources
    wanted = only.resolve()
    found = [
        source
        for source in sources
        for file in (*source.sounds, source.text, *source.misnamed)
        if file is not None and wanted in (file.resolve(), *file.resolve().parents)
    ]
    if not only.exists():
        raise InputError(no_such_file(only))
    if not found:
        raise InputError(
            t("{only}: has no prompt of {folder}; name a file or folder below {folder}", only=only, folder=folder)
        )
    return list({source.id: source for source in found}.values())


def _kept(planned: PromptPlan, prepared: Prepared) -> Result:
    source = planned.source
    if planned.faults:
        return Result(source.id, "failed", error="; ".join(planned.faults))
    if planned.how == "as it is":
        return Result(source.id, "as it is", f"{source.id}.wav")
    key = planned.key(prepared)
    if key is None and planned.keys:
        return Result(source.id, "not prepared")
    if key is None:
        return Result(
            source.id, "text only", notes=(t("no [tts] engine is set up to speak it"),) if planned.text else ()
        )
    facts = prepared.facts(key)
    notes = tuple(retold(str(note)) for note in facts.pop("notes", ()))
    facts.pop("prompt", None)
    return Result(source.id, "there already", f"{FOLDER}/{key}.wav", facts, notes)


def _make_pause(prepared: Prepared, settings: PromptSettings) -> None:
    key = pause_key(settings)
    if not prepared.has(key):
        wide = wav.silence(wav.WIDE, PAUSE_S) if settings.wideband else None
        prepared.save(key, wav.silence(wav.NARROW, PAUSE_S), wide, {"prompt": PAUSE.name, "seconds": PAUSE_S})
