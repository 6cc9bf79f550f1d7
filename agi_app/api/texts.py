"""Kinds of text that requests have; the patterns are in the document, too."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

# No control characters, and no space at either end: what a person wrote into one field.
_LINE = r"^[^\u0000-\u0020\u007f-\u00a0]([^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0])?$"
Word = Annotated[str, Field(min_length=1, max_length=100, pattern=_LINE)]
Reason = Annotated[str, Field(min_length=3, max_length=500, pattern=_LINE, description="what for; it is kept")]
Text = Annotated[str, Field(min_length=1, max_length=5000, pattern=_LINE)]
Number = Annotated[
    str, Field(pattern=r"^\+[1-9][0-9]{6,14}$", description="a telephone number in E.164, with its plus sign")
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
LineName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9+*#_-]{1,40}$", description="one of our numbers, as the PBX has it")
]
