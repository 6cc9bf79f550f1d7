"""The process that recognises: ``python -P -m agi_app.speech.worker PARENT ENGINE MODEL THREADS``.

It reads utterances from standard input and writes answers to standard output. It ends when its input does,
and at once when its parent is gone, however that ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from agi_app.errors import ConfigError
from agi_app.flow.answers.recognition import Heard
from agi_app.speech.process_messages import Answer, Job, Ready, Refused, frame, read_job

NICE = 5  # the sound of the calls that go on is more urgent
_PR_SET_PDEATHSIG = 1


# What a process serves: what is heard in a sound (8 kHz, mono, signed 16 bit; all of it, with its silence and noise),
# in a language, where some phrases are likely.
Listener = Callable[[bytes, str, Sequence[str]], Heard]


def main() -> None:
    """Serve the engine that the arguments name."""
    parent, engine, model, threads = sys.argv[1:]
    serve(lambda: _load(engine, Path(model), int(threads)), int(parent))


def serve(load: Callable[[], Listener], parent: int) -> None:
    """Load it, say that it is ready, and answer until nobody asks."""
    _end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, which ends us
    os.nice(NICE)
    answers = _own_output()
    try:
        listener = load()
    except (ConfigError, ImportError, OSError, RuntimeError, ValueError) as error:
        _say(answers, frame(Refused(f"{error}")))
        return
    _say(answers, frame(Ready()))
    while (job := read_job(sys.stdin.buffer)) is not None:
        _say(answers, frame(Answer(_hear(listener, job))))


def _hear(listener: Listener, job: Job) -> Heard:
    try:
        return listener(job.pcm, job.language, job.phrases)
    except Exception:  # noqa: BLE001 - one utterance that a library cannot take must not end the others
        traceback.print_exc()
        return Heard("", 0.0, "failed")


def _load(engine: str, model: Path, threads: int) -> Listener:
    # Each loads libraries that the others do not have.
    if engine == "scripted":
        from agi_app.speech.scripted import Scripted  # noqa: PLC0415

        return Scripted.load(model).hear
    from agi_app.speech.vad_filter import Screened, Vad  # noqa: PLC0415

    if engine == "faster-whisper":
        from agi_app.speech.whisper import Whisper  # noqa: PLC0415

        return Screened(Whisper(model, threads).recognise, Vad().probabilities).hear
    from agi_app.speech.sherpa import Sherpa  # noqa: PLC0415

    return Screened(Sherpa(model, threads).recognise, Vad().probabilities).hear


def _own_output() -> BinaryIO:
    """The pipe to the parent, which no library can print into: for them, standard output becomes standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _say(answers: BinaryIO, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody is there to hear it; the input ends too
        answers.write(data)
        answers.flush()


def _end_with(parent: int) -> None:
    """Let the kernel end us when the parent dies, even in the middle of an utterance."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit(0)


if __name__ == "__main__":
    main()
