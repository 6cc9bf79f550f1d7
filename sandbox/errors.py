"""The one error of the sandbox: something of the test world cannot start or did not hold."""

from __future__ import annotations


class SandboxError(RuntimeError):
    """Says what failed, where its log is, and how to mend it."""
