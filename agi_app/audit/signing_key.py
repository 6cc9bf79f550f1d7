"""The audit key: an Ed25519 key in the data folder, made once, readable by its owner only.

It is not in the database, so a person who can change the database cannot sign a checkpoint. Nodes that share a database
share the key, like the suppression key.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agi_app.errors import ConfigError
from agi_app.messages import t
from agi_app.secret_keys import OTHERS, write_once

FOLDER = "audit"
KEY_FILE = "key.pem"


def audit_folder(data_folder: Path) -> Path:
    """Where the key and the checkpoints are."""
    return data_folder / FOLDER


def load_or_make(data_folder: Path) -> Ed25519PrivateKey:
    """The key of this installation, made on first use. ConfigError when others can read it or it is damaged."""
    file = audit_folder(data_folder) / KEY_FILE
    return load(file) or _make(file)


def load(file: Path) -> Ed25519PrivateKey | None:
    """The key in ``file``; None when there is none. Raises ConfigError."""
    try:
        with file.open("rb") as source:
            mode = os.fstat(source.fileno()).st_mode
            content = source.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(
            t("{file}: the audit key cannot be read: {strerror}", file=file, strerror=error.strerror)
        ) from error
    if mode & OTHERS:
        raise ConfigError(
            t(
                "{file}: other users can read the audit key (mode {mode:o}), and anyone who has it can forge the"
                " proof; run `chmod 600 {file}`, and if somebody may have read it, note that in your files",
                file=file,
                mode=mode & 0o777,
            )
        )
    try:
        key = serialization.load_pem_private_key(content, None)
    except (ValueError, TypeError, InternalError, UnsupportedAlgorithm) as error:
        raise ConfigError(
            t("{file}: the audit key is damaged: {error}; put it back from a backup", file=file, error=error)
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(
            t("{file}: the audit key is not an Ed25519 key; put the right one back from a backup", file=file)
        )
    return key


def _make(file: Path) -> Ed25519PrivateKey:
    """A new key; the one that another process made meanwhile wins."""
    checkpoints = file.with_name("checkpoints")
    if checkpoints.exists():
        raise ConfigError(
            t(
                "{file}: the audit key is gone, but {checkpoints} was signed with it; put the key back from a backup",
                file=file,
                checkpoints=checkpoints,
            )
        )
    key = Ed25519PrivateKey.generate()
    content = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key if write_once(file, content, "audit key") else load(file) or key
