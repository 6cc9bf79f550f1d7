"""What every folder that is handed out has: the verifier, and a signed list of its files."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from agi_app.atomic_files import write_whole
from agi_app.audit.checkpoint import sign_note
from agi_app.audit.standalone_verifier import FILES_FORMAT, SUMS_FILE, SUMS_SIGNATURE, file_hash, files_of
from agi_app.errors import InputError
from agi_app.messages import t
from agi_app.proof.notary import Notary


def write_verifier(file: Path) -> None:
    """A copy of the stand-alone verifier. Raises InputError."""
    try:
        file.write_bytes(resources.files("agi_app.audit").joinpath("standalone_verifier.py").read_bytes())
    except OSError as error:
        raise InputError(t("{file}: cannot be written: {strerror}", file=file, strerror=error.strerror)) from error


def sign_files(notary: Notary, folder: Path) -> None:
    """Add the sums of all files of the folder, and the signature of the sums. Blocks. Raises InputError."""
    try:
        sums = "".join(f"{file_hash(folder / name)}  {name}\n" for name in sorted(files_of(folder)))
        write_whole(folder / SUMS_FILE, sums.encode(), 0o600)
        text = f"{FILES_FORMAT}\n{notary.origin}\n{file_hash(folder / SUMS_FILE)}\n"
        write_whole(folder / SUMS_SIGNATURE, sign_note(text, notary.origin, notary.key).encode(), 0o600)
    except OSError as error:
        raise InputError(
            t("{folder}: cannot be written: {strerror}", folder=folder, strerror=error.strerror)
        ) from error


def message(note: str | None) -> str:
    """A checkpoint as a few plain lines to mail to an outsider. Raises InputError when nothing was signed yet."""
    if note is None:
        raise InputError(t("there is nothing to sign yet: no consent, decision or other record"))
    return t(
        "A signed checkpoint of our call records. Please keep this message as it is.\nTogether with any"
        " later export of ours it shows that nothing recorded before was changed since:\n    python3 -I"
        " verify.py EXPORT --since THIS-MESSAGE.txt\n\n"
    ) + note.rstrip("\n")
