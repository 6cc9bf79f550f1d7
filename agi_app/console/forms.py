"""Forms that a browser sends: fields, and files into unnamed ones of this process, as many bytes as a page takes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import IO

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from agi_app.api.problems import RequestRefused
from agi_app.api.slow_bodies import ComingBody
from agi_app.console.pages import UploadedFile
from agi_app.messages import t

MOST_FORM = 64 * 1024  # bytes of all fields
MOST_SHOWN = 2 * 1024 * 1024  # bytes of a form that is only shown again
MOST_FIELDS = 100
MOST_REASON = 300  # characters
FORM_S = 30.0  # seconds for a form without files and long fields
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
    async with _readable():
        await _read(request, stack, (fields, files), (upload, max(MOST_FORM, most_text)))
    return fields, files


async def as_far_as_sent(
    request: web.Request, upload: int, most_text: int
) -> tuple[dict[str, str], dict[str, str], bool]:
    """Fields and names of files of a form that is not done, read in ``FORM_S`` and at most ``MOST_SHOWN``; no file is
    kept. Last: whether that is all, and not more than its page takes."""
    fields: dict[str, str] = {}
    files: dict[str, UploadedFile] = {}
    most, good = max(MOST_FORM, most_text), True
    try:
        if not upload and not most_text:
            good = (request.content_length or 0) <= most
            fields = await form_of(request, MOST_SHOWN)
        elif request.content_type == "multipart/form-data":
            async with contextlib.AsyncExitStack() as stack, _readable(), asyncio.timeout(FORM_S):
                await _read(request, stack, (fields, files), (upload, MOST_SHOWN), _nowhere)
            good = sum(len(value.encode("utf-8", "replace")) for value in fields.values()) <= most
        else:
            good = False
    except RequestRefused:
        good = False
    return fields, {name: one.name for name, one in files.items()}, good


@contextlib.asynccontextmanager
async def _readable() -> AsyncIterator[None]:
    """RequestRefused for what cannot be read, and for what does not come to its end; who is gone asks for nothing."""
    try:
        yield
    except TimeoutError as error:
        raise RequestRefused("slow", t("the form did not come to its end in time")) from error
    except (LookupError, HttpProcessingError, web.RequestPayloadError, UnicodeError) as error:
        raise RequestRefused("media_type", t("the form cannot be read")) from error
    except (ConnectionError, ValueError) as error:
        raise RequestRefused("bad_request") from error


def _nowhere() -> IO[bytes]:
    return Path(os.devnull).open("w+b")


async def _read(
    request: web.Request,
    stack: contextlib.AsyncExitStack,
    found: tuple[dict[str, str], dict[str, UploadedFile]],
    most: tuple[int, int],
    opened: Callable[[], IO[bytes]] = tempfile.TemporaryFile,
) -> None:
    """``most``: bytes of all files, and of all fields; ``opened``: where a file goes."""
    (fields, files), (left, left_of_fields), coming = found, most, ComingBody(request.content)
    parts = await request.multipart()
    while (part := await coming.next(parts.next())) is not None:
        if not isinstance(part, BodyPartReader) or not part.name or len(fields) + len(files) >= MOST_FIELDS:
            raise RequestRefused("media_type")
        if part.filename is None:
            text = await _whole(part, coming, left_of_fields)
            left_of_fields -= len(text)
            fields[part.name] = text.decode("utf-8", "replace")
        elif part.filename:
            content = stack.enter_context(opened())
            left -= (size := await _into(part, coming, content, left))
            files[part.name] = UploadedFile(re.split(r"[/\\]", part.filename)[-1], content, size)


async def _whole(part: BodyPartReader, coming: ComingBody, most: int) -> bytes:
    found = bytearray()
    while chunk := await coming.next(part.read_chunk()):
        found += chunk
        if len(found) > most:
            raise RequestRefused("too_large")
    return bytes(found)


async def _into(part: BodyPartReader, coming: ComingBody, file: IO[bytes], most: int) -> int:
    """How many bytes were written; the file is at its beginning."""
    size = 0
    while chunk := await coming.next(part.read_chunk(_AT_ONCE)):
        size += len(chunk)
        if size > most:
            raise RequestRefused("too_large")
        await asyncio.to_thread(file.write, chunk)
    file.seek(0)
    return size


async def form_of(request: web.Request, most: int = MOST_FORM) -> dict[str, str]:
    """The fields of a form. Raises RequestRefused for anything else, or one of more than ``most`` bytes."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise RequestRefused("media_type")
    if (request.content_length or 0) > most:
        raise RequestRefused("too_large")
    async with _readable(), asyncio.timeout(FORM_S):
        return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def reason_of(form: Mapping[str, str]) -> str | None:
    """Why somebody does it; None: the form does not say, or says what cannot be kept."""
    text = " ".join(form.get("reason", "").split())
    return text if 1 <= len(text) <= MOST_REASON and text.isprintable() else None
