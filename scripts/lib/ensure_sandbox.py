"""Build the Asterisk sandbox and its tools if this machine has none yet, with progress words.

Run before pytest, which would hide the progress of a step that takes a minute or two. Arguments name more tools.
"""

from __future__ import annotations

import sys

from sandbox.errors import SandboxError
from sandbox.root import TOOLS, ensure_root, ensure_tools


def main() -> int:
    """Exit 0 when the sandbox is ready, 2 with one message when this machine cannot have it."""
    try:
        ensure_tools(names=(*TOOLS, *sys.argv[1:]))
        ensure_root()
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
