"""Put beside the copy of agi_app as ``sitecustomize.py``: on SIGUSR1 a process prints where each of its tasks waits."""

from __future__ import annotations

import asyncio
import signal
import sys
import traceback
from types import FrameType


def show(_number: int, frame: FrameType | None) -> None:
    """Print the stack of the main thread and of every asyncio task to standard error."""
    traceback.print_stack(frame, file=sys.stderr)
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:  # no loop runs
        return
    for task in tasks:
        print(f"--- {task}", file=sys.stderr)
        task.print_stack(file=sys.stderr)


signal.signal(signal.SIGUSR1, show)
