"""What keeps a package from being made or checked."""

from __future__ import annotations


class PackageError(Exception):
    """Says what is wrong and how to mend it; ends the command with status 2."""
