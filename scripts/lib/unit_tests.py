"""Run the unit tests in three processes, each of which reads and runs its own share of the files; add up what they say.

    python scripts/lib/unit_tests.py FOLDER… -- ARGUMENTS FOR PYTEST…

pytest-xdist has each process read every file, and one more gather the results, which takes longer than the tests.
Three for two cores, since some tests wait.
"""

from __future__ import annotations

import heapq
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SHARES = 3
NO_TESTS = 5  # pytest's exit code


def shares(files: Iterable[Path], count: int) -> list[list[Path]]:
    """The files in shares of about the same size; those with property tests, which start slowly, in one of them."""
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    slow_start = [file for file, text in texts.items() if "hypothesis" in text]
    heap = [(sum(len(texts[file]) for file in slow_start), 0, slow_start)]
    heap += [(0, number, []) for number in range(1, count)]
    heapq.heapify(heap)
    for file in sorted(texts.keys() - set(slow_start), key=lambda file: (-len(texts[file]), file)):
        size, number, share = heap[0]
        heapq.heapreplace(heap, (size + len(texts[file]), number, [*share, file]))
    return [sorted(share) for _, _, share in heap if share]


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
    spared = [word for plugin in ("cacheprovider", "logging", "xdist") for word in ("-p", f"no:{plugin}")]
    pytest = [sys.executable, "-m", "pytest", "-q", *spared, *sys.argv[split + 1 :]]

    def run(share: list[Path]) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryDirectory(prefix="u") as folder:  # in a common one each clears away what others use
            env = os.environ | {"PYTEST_DEBUG_TEMPROOT": folder}
            command = [*pytest, *map(str, share)]
            return subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=env
            )

    done = []
    with ThreadPoolExecutor(SHARES) as pool:
        for each in pool.map(run, shares(files, SHARES)):
            print(each.stdout, end="", flush=True)
            done.append(each)
    found = ", ".join(f"{number} {what}" for what, number in counted(each.stdout for each in done).items())
    print(f"together: {found} in {time.monotonic() - began:.1f} s")
    codes = {each.returncode for each in done}
    return NO_TESTS if codes == {NO_TESTS} else int(not codes <= {0, NO_TESTS})


if __name__ == "__main__":
    sys.exit(main())
