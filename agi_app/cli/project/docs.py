"""docs: the documents that come with agi-app."""

from __future__ import annotations

from typing import Annotated

import typer

from agi_app.cli.common import JsonOption, say, say_json, say_lines, table
from agi_app.operations.project import documents


def docs(
    page: Annotated[
        str | None, typer.Argument(help="A page, such as how-to/audit; all are listed without one.")
    ] = None,
    path: Annotated[bool, typer.Option("--path", help="Where the page's file is, instead of its text.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a page of the documents, or list them. They are those of this version."""
    if page is not None:
        file = documents.page(page)
        if as_json:
            say_json({"page": page, "file": str(file), "text": file.read_text(encoding="utf-8")})
        elif path:
            say(str(file))
        else:
            say_lines(file.read_text(encoding="utf-8").rstrip())
    elif as_json:
        say_json([{"page": name, "title": title} for name, title in documents.pages()])
    else:
        table("documents", ("page", "title"), documents.pages())
