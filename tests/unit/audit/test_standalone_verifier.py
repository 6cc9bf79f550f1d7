"""The outsider's verifier: Ed25519 in plain Python, and what it takes for a checkpoint in a message."""

from __future__ import annotations

import ast
import datetime as dt
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from agi_app.audit import standalone_verifier as verifier
from agi_app.audit.checkpoint import Checkpoint, public_line, sign
from agi_app.audit.standalone_verifier import ORDER, P, signed_by
from agi_app.printable import FORMULA_STARTS
from agi_app.proof.signed_manifest import message

# RFC 8032, section 7.1: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
        "655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
        "b00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
        "c027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
        "454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17a"
        "d9bef1177331a704",
    ),
]
ORIGIN = "agi-app/11111111-2222-3333-4444-555555555555"
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
AT = dt.datetime(2026, 3, 2, 10, 0, 0, 250000, tzinfo=dt.UTC)


@pytest.mark.parametrize(("public", "text", "signature"), VECTORS)
def test_the_vectors_of_the_rfc(public: str, text: str, signature: str) -> None:
    key, said, signed = bytes.fromhex(public), bytes.fromhex(text), bytes.fromhex(signature)
    assert signed_by(key, signed, said)
    assert not signed_by(key, signed, said + b"x")
    for place in (0, 31, 32, 63):
        assert not signed_by(key, signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :], said)
    assert not signed_by(key, signed[:63], said)
    assert not signed_by(key, signed + b"\0", said)


@settings(max_examples=20, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), text=st.binary(max_size=300))
def test_what_the_library_signs_is_taken_and_a_second_spelling_of_it_is_not(seed: bytes, text: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signed = key.public_key().public_bytes_raw(), key.sign(text)
    assert signed_by(public, signed, text)
    s = int.from_bytes(signed[32:], "little") + ORDER
    assert not signed_by(public, signed[:32] + s.to_bytes(32, "little"), text)


@pytest.mark.parametrize("y", [0, 1, P - 1, P, P + 1, 2**255 - 1, 2**255 + 1, 2**255 + P - 1])
def test_no_key_of_small_order_and_none_with_a_second_spelling_signs(y: int) -> None:
    raw = y.to_bytes(32, "little")
    for first in (raw, bytes([1]) + bytes(31)):
        assert not signed_by(raw, first + bytes(32), b"anything")


def test_it_spells_formulas_as_all_tables_do() -> None:
    assert verifier.FORMULA_STARTS == FORMULA_STARTS


def wrapped(text: str) -> str:
    """As a mail program breaks long lines."""
    return "\n".join(
        part for line in text.split("\n") for part in [line[i : i + 72] for i in range(0, len(line) or 1, 72)]
    )


@pytest.mark.parametrize(
    "mailed",
    [
        lambda text: text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "".join(f"> > {line}  \n" for line in text.split("\n")),
        lambda text: f"Subject: Monday\n\nHello,\n{text}\n-- \nThe clinic\n",
        lambda text: text.replace("—", "?"),
        wrapped,
    ],
)
def test_a_mailed_checkpoint_is_read_however_mail_programs_change_it(mailed: object) -> None:
    assert callable(mailed)
    for lost in (None, 50):
        note = sign(Checkpoint(ORIGIN, 42, b"r" * 32, AT, "0a1b2c3d", lost), KEY)
        key = verifier.PublicKey(public_line(ORIGIN, KEY.public_key()))
        assert key.read_mail(mailed(message(note))) == key.read(note)


def test_a_mailed_checkpoint_of_another_key_or_size_is_refused() -> None:
    key = verifier.PublicKey(public_line(ORIGIN, KEY.public_key()))
    note = message(sign(Checkpoint(ORIGIN, 42, b"r" * 32, AT, "0a1b2c3d"), KEY))
    forged = message(sign(Checkpoint(ORIGIN, 42, b"r" * 32, AT, "0a1b2c3d"), Ed25519PrivateKey.generate()))
    for text, why in (
        (note.replace("\n42\n", "\n41\n"), "signature"),
        (forged, "another key"),
        (note.replace(ORIGIN, "agi-app/else"), "there is none"),
        ("Hello", "there is none"),
    ):
        with pytest.raises(verifier.NotGenuine, match=why):
            key.read_mail(text)


FILE = Path(verifier.__file__)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name == "PATH"}
    command = [sys.executable, "-I", "-S", str(FILE), *arguments]
    env = {**kept, "PYTHONIOENCODING": "utf-8", **environment}
    return subprocess.run(command, env=env, capture_output=True, encoding="utf-8", check=False)


def test_each_sentence_has_its_chinese_with_the_same_values() -> None:
    calls = [n for n in ast.walk(ast.parse(FILE.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)]
    ours = [n for n in calls if isinstance(n.func, ast.Name) and n.func.id == "t"]
    said = {n.args[0].value for n in ours if isinstance(n.args[0], ast.Constant)}
    assert len(said) > 50
    assert said <= verifier.ZH.keys()
    raised = [n for n in calls if isinstance(n.func, ast.Name) and n.func.id in ("NotGenuine", "CannotSay")]
    assert all(isinstance(n.args[0], ast.Call | ast.IfExp) for n in raised)  # t(…), or what was said already
    for english, chinese in verifier.ZH.items():
        values = [sorted(re.findall(r"%\(\w+\)\w|%s|\{.*?\}", text)) for text in (english, chinese)]
        assert values[0] == values[1], english


@pytest.mark.parametrize(
    ("arguments", "environment", "chinese"),
    [
        (["--lang", "zh"], {}, True),
        (["--lang=zh"], {"LANG": "en_US.UTF-8"}, True),
        (["--lang", "en"], {"LANG": "zh_CN.UTF-8"}, False),
        ([], {"LANG": "zh_CN.UTF-8"}, True),
        ([], {"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, True),
        ([], {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, False),
        ([], {}, False),
    ],
)
def test_it_speaks_the_language_asked_for_or_that_of_the_environment(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], chinese: bool
) -> None:
    proof = tmp_path / "proof.json"
    proof.write_text("{}", encoding="utf-8")
    found = run(str(proof), *arguments, **environment)
    assert found.returncode == 1
    assert ("不真实" in found.stderr) is chinese
    assert ("NOT GENUINE" in found.stderr) is not chinese


def test_its_help_and_its_refusals_are_all_in_one_language(tmp_path: Path) -> None:
    told = [run("--lang", "zh", *arguments) for arguments in (["--help"], [], ["--key"], ["x", "--wrong"])]
    told.append(run("--lang", "zh", str(tmp_path / "there is none")))
    for found in told:
        assert re.search("[一-鿿]", found.stdout + found.stderr)
        said = re.sub(r"\S*/\S*|\[Errno.*", "", found.stdout + found.stderr)
        assert not re.search(r"[a-z]{2,} [a-z]{2,}", said), said
