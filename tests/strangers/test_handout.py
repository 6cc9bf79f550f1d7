"""What is handed out, changed on its way: exports, proofs, and their verifier."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.store.conftest import Cluster
from tests.strangers.shop import ANN, WANG, Shop

pytestmark = pytest.mark.postgres


class Handout:
    """An export and a proof of one shop, and the key of those who check."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        self.shop, self.folder = shop, folder
        shop.ok("stop", ANN, "--reason", "letter")
        shop.ok("audit", "checkpoint")
        self.mail = shop.ok("audit", "checkpoint", "--mail").out
        shop.ok("consent", "withdraw", WANG, "--purpose", "survey")
        shop.ok("audit", "checkpoint")
        self.key = shop.ok("audit", "key").out.strip()
        shop.ok("audit", "export", "--output", str(folder / "export"))
        shop.ok(
            "audit", "prove", ANN, "--output", str(folder / "proof.json"), "--with-verifier", str(folder / "verify.py")
        )
        self._copies = 0

    def export(self) -> Path:
        """A copy of the export."""
        self._copies += 1
        return Path(shutil.copytree(self.folder / "export", self.folder / f"copy{self._copies}", symlinks=True))

    def check(self, what: Path, *more: str) -> tuple[int, str]:
        """The verifier's exit and last line."""
        done = subprocess.run(
            [sys.executable, "-I", str(self.folder / "verify.py"), str(what), "--key", self.key, *more],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        lines = (done.stdout + done.stderr).strip().splitlines()
        return done.returncode, lines[-1] if lines else ""


@pytest.fixture(scope="module")
def handout(pattern: Shop, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handout]:
    """Made once."""
    folder = tmp_path_factory.mktemp("handout")
    cluster.run("CREATE DATABASE stranger_handout TEMPLATE stranger_pattern")
    yield Handout(pattern.copy(folder / "shop", cluster.url("stranger_handout")), folder)
    cluster.run("DROP DATABASE stranger_handout WITH (FORCE)")


def _add(folder: Path) -> None:
    (folder / "tables" / "consent (2).csv").write_text("leaf,method\n1,signed\n")


def _swap_tables(folder: Path) -> None:
    shutil.copy(folder / "tables" / "consent.csv", folder / "tables" / "revocation.csv")


def _append(folder: Path) -> None:
    with (folder / "README.md").open("a") as file:
        file.write("All refusals were taken back.\n")


def _twice(folder: Path) -> None:
    file = folder / "export.json"
    file.write_text(file.read_text().replace("{", '{"erased": 0, ', 1))


def _bom(folder: Path) -> None:
    file = folder / "records" / "consent.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())


def _blank(folder: Path) -> None:
    file = folder / "records" / "consent.jsonl"
    file.write_bytes(file.read_bytes() + b"\n")


def _drop_line(folder: Path) -> None:
    file = folder / "records" / "revocation.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))


def _drop_table(folder: Path) -> None:
    (folder / "tables" / "revocation.csv").unlink()


def _drop_with_its_line(folder: Path) -> None:
    (folder / "tables" / "revocation.csv").unlink()
    sums = folder / "SHA256SUMS"
    sums.write_text(
        "".join(line for line in sums.read_text().splitlines(keepends=True) if "revocation.csv" not in line)
    )


def _no_sums(folder: Path) -> None:
    for name in ("SHA256SUMS", "SHA256SUMS.sig"):
        (folder / name).unlink()


def _link(folder: Path) -> None:
    file = folder / "tables" / "revocation.csv"
    file.unlink()
    file.symlink_to("consent.csv")


def _cut_leaves(folder: Path) -> None:
    file = folder / "leaves.bin"
    file.write_bytes(file.read_bytes()[:-32])


def _deep(folder: Path) -> None:
    (folder / "export.json").write_text("[" * 100_000)


def _huge(folder: Path) -> None:
    file = folder / "records" / "consent.jsonl"
    file.write_text('{"leaf": 1' + "0" * 10_000 + ', "nonce": "00", "payload": "{}"}\n')


def _folder_for_file(folder: Path) -> None:
    (folder / "checkpoint").unlink()
    (folder / "checkpoint").mkdir()


def _case(folder: Path) -> None:
    file = folder / "records" / "consent.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[0]["nonce"] = lines[0]["nonce"].upper()
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


CHANGES = [
    _add,
    _swap_tables,
    _append,
    _twice,
    _bom,
    _blank,
    _drop_line,
    _drop_table,
    _drop_with_its_line,
    _no_sums,
    _link,
    _cut_leaves,
    _deep,
    _huge,
    _folder_for_file,
    _case,
]


@pytest.mark.attack("an export changed on its way, in sixteen ways")
def test_export_changed(handout: Handout) -> None:
    """docs/explanation/proof.md: "a person who passes on an export, a proof or a complaint's folder | change a file of
    it | the verifier names the file; use `--key`"; audit.md: "`genuine: …` | 0 | every file is what was sealed"."""
    whole = handout.check(handout.folder / "export")
    assert whole[0] in (0, 3), whole
    assert "NOT GENUINE" not in whole[1]
    passed = []
    for change in CHANGES:
        folder = handout.export()
        change(folder)
        code, last = handout.check(folder)
        named = {"_add": "consent (2).csv", "_no_sums": "README.md"}.get(change.__name__)
        if named is not None and code == 3 and last.startswith("NOT CHECKED") and named in last:
            continue  # named as a file that nobody signed
        if code in (0, 3) or not last.startswith(("NOT GENUINE", "cannot be")):
            passed.append((change.__name__, code, last))
    assert passed == []


def _edit(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], Any]:
    def do(file: Path) -> None:
        proof = json.loads(file.read_text())
        change(proof)
        file.write_text(json.dumps(proof, ensure_ascii=False, indent=1) + "\n")

    return do


PROOFS: dict[str, Callable[[Path], Any]] = {
    "a record less": _edit(lambda p: p["entries"].pop()),
    "a record twice": _edit(lambda p: p["entries"].append(p["entries"][0])),
    "another order": _edit(lambda p: p["entries"].reverse()),
    "another person": _edit(lambda p: p.update(statement=p["statement"].replace(ANN, WANG))),
    "a name more": _edit(lambda p: p.update(note="all taken back")),
    "a payload": _edit(lambda p: p["entries"][0].update(payload=p["entries"][0]["payload"].replace("2026", "2025"))),
    "no path": _edit(lambda p: p["entries"][0].update(path=[])),
    "no signature": _edit(lambda p: p.update(signature="")),
    "no key": _edit(lambda p: p.update(public_key="")),
    "spaces": lambda f: f.write_text(f.read_text().replace("{", "{ ", 1)),
    "a name twice": lambda f: f.write_text(f.read_text().replace("{", '{"format": "agi-app proof 1",', 1)),
    "nothing": lambda f: f.write_text(""),
    "null": lambda f: f.write_text("null"),
    "deep": lambda f: f.write_text("[" * 100_000),
    "not a number": lambda f: f.write_text(f.read_text().replace('"leaf": ', '"leaf": NaN, "x": ', 1)),
    "binary": lambda f: f.write_bytes(b"\xff\x00" * 99),
}


@pytest.mark.attack("a person's proof changed on its way, in sixteen ways")
def test_proof_changed(handout: Handout) -> None:
    """docs/reference/proof-format.md: "A verifier must refuse unless: …"; audit.md: "The last line is the verdict"."""
    assert handout.check(handout.folder / "proof.json")[0] == 0
    passed = []
    for what, change in PROOFS.items():
        file = handout.folder / "changed.json"
        shutil.copy(handout.folder / "proof.json", file)
        change(file)
        code, last = handout.check(file)
        if code == 0 or not last.startswith(("NOT GENUINE", "cannot be")):
            passed.append((what, code, last))
    assert passed == []


@pytest.mark.attack("modules of the same names beside the verifier, in the folder that is checked")
def test_modules_beside_the_verifier(handout: Handout) -> None:
    """docs/how-to/audit.md: "The person checks it without us, with plain Python and no package": `python3 -I
    verify.py`."""
    folder = handout.export()
    for name in ("json", "hashlib", "base64", "csv", "re", "os"):
        (folder / f"{name}.py").write_text("print('genuine: all of it'); raise SystemExit(0)\n")
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", ".", "--key", handout.key],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "genuine: all of it" not in done.stdout
    assert done.returncode != 0


@pytest.mark.attack("a key of the forger's own, or one that only looks like ours")
def test_key_that_looks_alike(handout: Handout) -> None:
    """docs/explanation/proof.md: "with `--key`, since without it they could sign anew with a key of their own"."""
    name, ident, material = handout.key.split("+", 2)  # the base64 behind may have one, too
    flipped = material[:-6] + ("A" if material[-6] != "A" else "B") + material[-5:]
    for key in (
        f"{name}+{ident}+{flipped}",
        f"{name}x+{ident}+{material}",
        f"{name}+00000000+{material}",
        "",
        ident,
        material,
    ):
        done = subprocess.run(
            [sys.executable, "-I", str(handout.folder / "verify.py"), str(handout.folder / "proof.json"), "--key", key],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode != 0, key


@pytest.mark.attack("an older checkpoint that was changed, of another tree, or of nobody")
def test_since_another_checkpoint(handout: Handout) -> None:
    """docs/how-to/audit.md: "The last line says `nothing changed since the checkpoint of …`" (only then)."""
    mail = handout.mail
    export = handout.folder / "export"
    good = handout.folder / "good.txt"
    good.write_text(mail)
    code, last = handout.check(export, "--since", str(good))
    assert code in (0, 3), last
    other = handout.folder / "other"
    assert handout.shop.cli("init", str(other)).code == 0
    texts = [
        mail.replace("time 2026", "time 2025"),
        mail.replace("\n", "\n> ").replace("by ", "by 0"),
        "",
        "no checkpoint at all",
        "\n".join(line for line in mail.splitlines() if "—" not in line),
    ]
    for text in texts:
        (handout.folder / "bad.txt").write_text(text)
        code, last = handout.check(export, "--since", str(handout.folder / "bad.txt"))
        assert code not in (0, 3), (text, last)
        assert "nothing changed" not in last


@pytest.mark.attack("a folder that is there already, or a link, as the place of an export")
def test_export_into_something(handout: Handout) -> None:
    """docs/reference/cli.md: "`--out` | A new folder"."""
    shop = handout.shop
    target = shop.folder / "target"
    target.mkdir()
    (target / "verify.py").write_text("mine")
    (shop.folder / "link").symlink_to(target)
    for out in ("target", "link", "campaigns", "agi-app.toml"):
        assert shop.cli("audit", "export", "--output", out).code == 1, out
    assert (target / "verify.py").read_text() == "mine"


@pytest.mark.attack("orders to the terminal of whoever checks, in the records that they show")
def test_orders_in_the_verifier(shop: Shop) -> None:
    """docs/decisions/0066-files-of-others.md: "What a terminal obeys is shown as its code by the consoles themselves,
    so no command can forget it"."""
    shop.cli("stop", WANG, "--reason", "x\x1b[2J\x9b31m\x8d\u202ey", "--method", "m\x9b2J\u202e")
    shop.ok("audit", "checkpoint")
    shop.ok("audit", "prove", WANG, "--output", "wang.json", "--with-verifier", "verify.py")
    key = shop.ok("audit", "key").out.strip()
    done = subprocess.run(
        [sys.executable, "-I", str(shop.folder / "verify.py"), str(shop.folder / "wang.json"), "--key", key, "--show"],
        capture_output=True, timeout=60, check=False, env={**os.environ, "PYTHONUTF8": "1"},
    )  # fmt: skip
    shown = done.stdout.decode()
    assert done.returncode == 0, shown
    assert [f"U+{ord(c):04X}" for c in "\x1b\x9b\x8d\u202e" if c in shown] == []
