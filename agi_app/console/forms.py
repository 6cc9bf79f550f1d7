"""Forms that a browser sends: fields, and files into unnamed ones of this process, as many bytes as a page takes."""

from __future__ import annotations

import asyncio
import contextlib
import re
import tempfile
from collections.abc import AsyncIterator, Mapping
from typing import IO

from aiohttp import BodyPartReader, web

from agi_app.api.problems import RequestRefused
from agi_app.console.pages import UploadedFile

MOST_FORM = 64 * 1024  # bytes of all fields
MOST_FIELDS = 100
MOST_REASON = 300  # characters
_AT_ONCE = 256 * 1024  # bytes


async def sent_with(
    request: web.Request, stack: contextlib.AsyncExitStack, upload: int, most_text: int = 0
) -> tuple[dict[str, str], dict[str, UploadedFile]]:
    """Fields and files of a form; ``upload``: the most bytes of all files, ``most_text``: of long fields.

    RequestRefused for anything else.
    """
    if request.method != "POST":
        return {}, {}
    if not upload and not most_text:
        return await form_of(request), {}
    if request.content_type != "multipart/form-data":
        raise RequestRefused("media_type")
    fields: dict[str, str] = {}
    files: dict[str, UploadedFile] = {}
    left, left_of_fields = upload, max(MOST_FORM, most_text)
    async for part in _parts(request):
        if not isinstance(part, BodyPartReader) or not part.name or len(fields) + len(files) >= MOST_FIELDS:
            raise RequestRefused("media_type")
        if part.filename is None:
            text = await _whole(part, left_of_fields)
            left_of_fields -= len(text)
            fields[part.name] = text.decode("utf-8", "replace")
        elif part.filename:
            content = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
            left -= (size := await _into(part, content, left))
            files[part.name] = UploadedFile(re.split(r"[/\\]", part.filename)[-1], content, size)
    return fields, files


async def _parts(request: web.Request) -> AsyncIterator[object]:
    """The parts of a form; who is gone before its end has asked for nothing."""
    try:
        async for part in await request.multipart():
            yield part
    except (ConnectionError, ValueError) as error:
        raise RequestRefused("bad_request") from error


async def _whole(part: BodyPartReader, most: int) -> bytes:
    found = bytearray()
    while chunk := await part.read_chunk():
        found += chunk
        if len(found) > most:
            raise RequestRefused("too_large")
    return bytes(found)


async def _into(part: BodyPartReader, file: IO[bytes], most: int) -> int:
    """How many bytes were written; the file is at its beginning."""
    size = 0
    while chunk := await part.read_chunk(_AT_ONCE):
        size += len(chunk)
        if size > most:
            raise RequestRefused("too_large")
        await asyncio.to_thread(file.write, chunk)
    file.seek(0)
    return size


async def form_of(request: web.Request) -> dict[str, str]:
    """The fields of a form. Raises RequestRefused for anything else, or one that is too large."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise RequestRefused("media_type")
    if (request.content_length or 0) > MOST_FORM:
        raise RequestRefused("too_large")
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def reason_of(form: Mapping[str, str]) -> str | None:
    """Why somebody does it; None: the form does not say, or says what cannot be kept."""
    text = " ".join(form.get("reason", "").split())
    return text if 1 <= len(text) <= MOST_REASON and text.isprintable() else None
