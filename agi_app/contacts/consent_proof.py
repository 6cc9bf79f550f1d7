"""What a consent row points to besides itself: a registered wording, and a file that proves it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agi_app.atomic_files import name_fault, shortened
from agi_app.authoring.empty_words import is_nothing, points_elsewhere
from agi_app.authoring.suggestions import quote, suggest
from agi_app.contacts.columns import Cells
from agi_app.errors import InputError
from agi_app.messages import t

Keep = Callable[[Path], bytes]  # stores a file and returns the SHA-256 of its content


@dataclass(frozen=True, slots=True)
class Proofs:
    """What the rows of one import may point to.

    ``wordings`` has the registered texts by label (``name/version``) and language; ``folder`` is where
    the files named by the rows lie, and ``keep`` stores one of them.
    """

    wordings: Mapping[str, Mapping[str | None, str]] = field(default_factory=dict)
    folder: Path | None = None
    keep: Keep | None = None


_FILE_NAME = re.compile(
    r"[^\n]{1,80}\.(pdf|docx?|odt|rtf|txt|md|html?|xlsx?|csv|png|jpe?g|heic|tiff?|wav|mp3|m4a|zip)", re.IGNORECASE
)


def no_wording(text: str) -> str | None:
    """Why a text is not what a person agreed to, and what to write; None: it may be."""
    if points_elsewhere(text):
        return t("is not a wording: repeat the exact words in each row, or register them and write their wording_id")
    if _FILE_NAME.fullmatch(text):
        return t("is a file's name: write the exact words that were shown or said; the file belongs in evidence_file")
    return t("says nothing: write the exact words that were shown or said") if is_nothing(text) else None


def wording_of(cells: Cells, language: str | None, proofs: Proofs) -> tuple[str, str | None]:
    """The exact text of a row and its language; after a fault what there is."""
    label, text = cells.text("wording_id"), cells.exact("wording")
    if not label:
        if not text.strip():
            reason = t("is empty; without it this is no proof of consent")
            cells.fault("wording" if cells.has("wording") else "wording_id", "consent/wording", reason)
        elif why := no_wording(text.strip()):
            cells.fault("wording", "consent/wording", f"{quote(text.strip())} {why}")
        return text, language
    if (texts := proofs.wordings.get(label)) is None:
        hint = (
            suggest(label, proofs.wordings) if proofs.wordings else t("; `agi-app consent add-wording` registers one")
        )
        if "/" not in label:
            hint = t(
                ", NAME/VERSION{hint}; the words themselves belong in the column wording (--wording-file FILE)",
                hint=hint,
            )
        cells.fault(
            "wording_id",
            "consent/wording-id",
            t("{quote} is not a registered wording{hint}", quote=quote(label), hint=hint),
        )
        return text, language
    if language is None and len(texts) == 1:
        language = next(iter(texts))
    if language not in texts:
        known = ", ".join(sorted(name or t("no language") for name in texts))
        wanted = t("has no text in {language}", language=language) if language else t("needs the row's language")
        cells.fault(
            "wording_id",
            "consent/wording-id",
            t("{quote} {wanted}; it is registered in: {known}", quote=quote(label), wanted=wanted, known=known),
        )
        return text, language
    if text.strip() and text != texts[language]:
        reason = t("{quote} is registered with another text than the row has; empty one of the two", quote=quote(label))
        cells.fault("wording_id", "consent/wording-id", reason)
    return texts[language], language


def evidence_of(cells: Cells, proofs: Proofs) -> tuple[bytes | None, str | None]:
    """The hash and the name of the row's evidence file, now kept; call it last, for a row without a fault."""
    if not (name := cells.text("evidence_file")):
        return None, None
    if fault := name_fault(name):
        reason = f"{quote(shortened(Path(name)))} {fault}"
    elif proofs.folder is None or proofs.keep is None:
        reason = t("names a file; name the folder of the files with --evidence-folder")
    elif not (proofs.folder / name).resolve().is_relative_to(proofs.folder.resolve()):
        reason = t("{quote} leads out of the evidence folder", quote=quote(name))
    else:
        try:
            return proofs.keep(proofs.folder / name), name
        except InputError as error:
            reason = str(error)
    cells.fault("evidence_file", "consent/evidence-file", reason)
    return None, None
