"""Run the unit tests in processes, each of which reads and runs its own share of the files; add up what they say.

    python -m scripts.lib.unit_tests FOLDER… -- ARGUMENTS FOR PYTEST…

pytest-xdist has each process read every file, and one more gather the results, which takes longer than the tests.
Here the tests that wait for a clock have processes of their own. Meanwhile this one imports what all others import,
once for all of them, and forks those: three for two cores, since some of their tests wait, too.
"""

from __future__ import annotations

import gc
import heapq
import os
import re
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import groupby
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import IO

import pytest

SHARES = 3
SLOW_START = 1.3  # what a property test takes, by its size, against others
NO_TESTS = 5  # pytest's exit code
MEMORY, MEMORY_BYTES = Path("/dev/shm"), 1_000_000_000  # all files of the unit tests have a tenth of it
FOREIGN = ("hypothesis", "hypothesis.stateful", "pypinyin")  # what most processes would load for themselves
NO_REWRITE = [
    f"-Wignore:Module already imported so cannot be rewritten; {name}" for name in ("hypothesis", "_hypothesis")
]
OF_OURS = re.compile(r"^from ((?:agi_app|bench|office|sandbox|witness)[\w.]*) import \(?([\w, \n]*)", re.MULTILINE)


def waiting_and_busy(texts: Mapping[Path, str]) -> tuple[dict[Path, str], dict[Path, str]]:
    """The files whose tests mostly wait for a clock, and the others."""
    waiting = {file: text for file, text in texts.items() if "time.sleep(" in text}
    return waiting, {file: text for file, text in texts.items() if file not in waiting}


def by_folder(files: Iterable[Path]) -> list[list[Path]]:
    """The files below each folder of tests, so that they wait beside each other."""
    return [[*found] for _, found in groupby(sorted(files), key=lambda file: file.parts[:2])]


def shares(texts: Mapping[Path, str], count: int) -> list[list[Path]]:
    """The files in shares of about the same size; those with property tests, which start slowly, in one of them."""
    slow_start = [file for file, text in texts.items() if "hypothesis" in text]
    heap = [(SLOW_START * sum(len(texts[file]) for file in slow_start), 0, slow_start)]
    heap += [(0.0, number, []) for number in range(1, count)]
    heapq.heapify(heap)
    for file in sorted(texts.keys() - set(slow_start), key=lambda file: (-len(texts[file]), file)):
        size, number, share = heap[0]
        heapq.heapreplace(heap, (size + len(texts[file]), number, [*share, file]))
    return [sorted(share) for _, _, share in heap if share]


def import_for(texts: Iterable[str]) -> None:
    """Import what the files import of ours. What fails or warns is left to its tests, which then say so."""
    gc.disable()
    wanted = {found for text in texts for found in OF_OURS.findall(text)}
    with warnings.catch_warnings(action="error"):
        for module, names in sorted(wanted | {(module, "") for module in FOREIGN}):
            with suppress(Exception):
                __import__(module, fromlist=names.replace(",", " ").split())
    gc.freeze()  # in no process is it looked through for garbage
    gc.enable()


def in_memory() -> str | None:
    """A folder in memory, where a file is made in a tenth of the time; None: there is none as good as a disk."""
    if not os.access(MEMORY, os.W_OK):
        return None
    found = os.statvfs(MEMORY)
    large = found.f_bavail * found.f_frsize > MEMORY_BYTES
    return str(MEMORY) if large and not found.f_flag & os.ST_NOEXEC else None


def run(files: list[Path], arguments: list[str], output: int) -> None:
    """Pytest's work and exit code, in a process of its own."""
    for stream in (1, 2):
        os.dup2(output, stream)
    spared = [word for plugin in ("cacheprovider", "logging", "xdist") for word in ("-p", f"no:{plugin}")]
    with tempfile.TemporaryDirectory(
        prefix="u", dir=in_memory()
    ) as folder:  # in a common one each clears away what others use
        os.environ["PYTEST_DEBUG_TEMPROOT"] = folder
        sys.exit(pytest.main(["-q", *spared, *NO_REWRITE, *arguments, *map(str, files)]))


def counted(outputs: Iterable[str]) -> Counter[str]:
    """How many tests ``passed``, ``failed`` and so on, by the last lines of all."""
    total: Counter[str] = Counter()
    for output in outputs:
        for number, what in re.findall(r"(\d+) ([a-z]+)", output.rstrip().rpartition("\n")[2].partition(" in ")[0]):
            total[what] += int(number)
    return total


def begin(files: list[Path], arguments: list[str]) -> tuple[ForkProcess, IO[str]]:
    """A fork of this process that runs the files, and what it says."""
    output = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - main reads it
    process = get_context("fork").Process(target=run, args=(files, arguments, output.fileno()))
    process.start()
    return process, output


def main() -> int:
    """Exit 1 when one of them failed, 5 when there was nothing to run."""
    began, split = time.monotonic(), sys.argv.index("--")
    files = [file for folder in sys.argv[1:split] for file in Path(folder).rglob("test_*.py")]
    waiting, busy = waiting_and_busy({file: file.read_text(encoding="utf-8") for file in files})
    begun = [begin(sorted(files), sys.argv[split + 1 :]) for files in by_folder(waiting)]
    import_for(busy.values())
    begun += [begin(share, sys.argv[split + 1 :]) for share in shares(busy, SHARES)]
    said = []
    for process, output in begun:
        process.join()
        output.seek(0)
        said.append(output.read())
        print(said[-1], end="", flush=True)
    found = ", ".join(f"{number} {what}" for what, number in counted(said).items())
    print(f"together: {found} in {time.monotonic() - began:.1f} s")
    codes = {process.exitcode for process, _ in begun}
    return NO_TESTS if codes == {NO_TESTS} else int(not codes <= {0, NO_TESTS})


if __name__ == "__main__":
    sys.exit(main())
