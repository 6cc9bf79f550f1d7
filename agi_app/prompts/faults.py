"""Why a prompt cannot be prepared."""

from __future__ import annotations


class PromptFault(ValueError):
    """What is wrong with one file and how to fix it; ``prepare.py`` puts the file's name in front.

    It never leaves this package: one bad file must not stop the others.
    """
