"""Run the unit tests in three processes, each of which reads and runs its own share of the files; add up what they say.

    python -m scripts.lib.unit_tests FOLDER… -- ARGUMENTS FOR PYTEST…

pytest-xdist has each process read every file, and one more gather the results, which takes longer than the tests.
The three are forks of this one, which has imported what their files import: that is done once instead of three times.
Three for two cores, since some tests wait.
"""

from __future__ import annotations

import gc
import heapq
import multiprocessing
import os
import re
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

SHARES = 3
OF_OURS = re.compile(r"^from ((?:agi_app|bench|sandbox|witness)[\w.]*) import \(?([\w, \n]*)", re.MULTILINE)


def shares(texts: Mapping[Path, str], count: int) -> list[list[Path]]:
    """The files in shares of about the same size; those with property tests, which start slowly, in one of them."""
    slow_start = [file for file, text in texts.items() if "hypothesis" in text]
    heap = [(sum(len(texts[file]) for file in slow_start), 0, slow_start)]
    heap += [(0, number, []) for number in range(1, count)]
    heapq.heapify(heap)
    for file in sorted(texts.keys() - set(slow_start), key=lambda file: (-len(texts[file]), file)):
        size, number, share = heap[0]
        heapq.heapreplace(heap, (size + len(texts[file]), number, [*share, file]))
    return [sorted(share) for _, _, share in heap if share]


def import_for(texts: Iterable[str]) -> None:
    """Import what the files import of ours. What fails or warns is left to its tests, which then say so."""
    gc.disable()
    with warnings.catch_warnings(action="error"):
        for module, names in {found for text in texts for found in OF_OURS.findall(text)}:
            with suppress(Exception):
                __import__(module, fromlist=names.replace(",", " ").split())
    gc.freeze()  # in no process is it looked through for garbage
    gc.enable()


def run(files: list[Path], arguments: list[str], output: int) -> None:
    """Pytest's work and exit code, in a process of its own."""
    for stream in (1, 2):
        os.dup2(output, stream)
    spared = [word for plugin in ("cacheprovider", "logging", "xdist") for word in ("-p", f"no:{plugin}")]
    with tempfile.TemporaryDirectory(prefix="u") as folder:  # in a common one each clears away what others use
        os.environ["PYTEST_DEBUG_TEMPROOT"] = folder
        sys.exit(pytest.main(["-q", *spared, *arguments, *map(str, files)]))


def counted(outputs: Iterable[str]) -> Counter[str]:
    """How many tests ``passed``, ``failed`` and so on, by the last lines of all."""
    total: Counter[str] = Counter()
    for output in outputs:
        for number, what in re.findall(r"(\d+) ([a-z]+)", output.rstrip().rpartition("\n")[2].partition(" in ")[0]):
            total[what] += int(number)
    return total


def main() -> int:
    """Exit 1 when one of them failed, 5 when there was nothing to run."""
    began, split = time.monotonic(), sys.argv.index("--")
    files = [file for folder in sys.argv[1:split] for file in Path(folder).rglob("test_*.py")]
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    import_for(texts.values())
    begun = []
    for share in shares(texts, SHARES):
        output = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - is read below
        process = multiprocessing.get_context("fork").Process(
            target=run, args=(share, sys.argv[split + 1 :], output.fileno())
        )
        process.start()
        begun.append((process, output))
    said = []
    for process, output in begun:
        process.join()
        output.seek(0)
        said.append(output.read())
        print(said[-1], end="", flush=True)
    found = ", ".join(f"{number} {what}" for what, number in counted(said).items())
    print(f"together: {found} in {time.monotonic() - began:.1f} s")
    codes = {process.exitcode for process, _ in begun}
    none = {int(pytest.ExitCode.NO_TESTS_COLLECTED)}
    return int(pytest.ExitCode.NO_TESTS_COLLECTED) if codes == none else int(not codes <= {0, *none})


if __name__ == "__main__":
    sys.exit(main())
