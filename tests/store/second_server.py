"""An office's PostgreSQL beside ours: a server of its own, its databases and roles, a door with TLS in front of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import itertools
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agi_app.store.database import embedded

PASSWORD = "s3cret-of-the-clinic"
_numbers = itertools.count(1)
_SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@dataclass(frozen=True)
class Office:
    """One database of it, with a role that reads and one that writes results."""

    server: embedded.EmbeddedServer
    name: str

    @property
    def owner_url(self) -> str:
        """As its owner, for what a test makes there."""
        return psycopg.conninfo.make_conninfo(self.server.url, dbname=self.name)

    @property
    def socket_folder(self) -> Path:
        """Where its socket is."""
        return Path(str(psycopg.conninfo.conninfo_to_dict(self.server.url)["host"]))

    def address(self, role: str, **changed: str) -> str:
        """As a setting has it: one that reaches it by its socket, with a password."""
        parts = {"host": str(self.socket_folder), "dbname": self.name, "user": role, "password": PASSWORD} | changed
        return psycopg.conninfo.make_conninfo(**parts)

    def run(self, *statements: str) -> None:
        """As its owner, each by itself."""
        with psycopg.connect(self.owner_url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def rows(self, query: str) -> list[tuple]:
        """What its owner sees."""
        with psycopg.connect(self.owner_url) as connection:
            return connection.execute(query).fetchall()


def passwords_wanted(server: embedded.EmbeddedServer) -> None:
    """From all but the owner, as an office's server wants them."""
    (server.folder / "data" / "pg_hba.conf").write_text("local all agi_app trust\nlocal all all scram-sha-256\n")
    with psycopg.connect(server.url, dbname="postgres", autocommit=True) as connection:
        connection.execute("SELECT pg_reload_conf()")


@contextmanager
def office(server: embedded.EmbeddedServer) -> Iterator[Office]:
    """A fresh database with the roles ``reader`` and ``writer`` of its own server."""
    made = Office(server, f"clinic_{next(_numbers)}")
    with psycopg.connect(server.url, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {made.name}")
        for role in ("reader", "writer"):
            connection.execute(f"DROP ROLE IF EXISTS {role}")
            connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    made.run(
        "CREATE TABLE appointment (appt_no text PRIMARY KEY, mobile text, starts_at timestamptz, kept bool, note text)",
        "GRANT SELECT ON appointment TO reader",
        "CREATE TABLE call_result (key uuid PRIMARY KEY, appt_no text, outcome text, answers jsonb)",
        "GRANT SELECT, INSERT, UPDATE ON call_result TO writer",
    )
    try:
        yield made
    finally:
        with psycopg.connect(server.url, dbname="postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {made.name} WITH (FORCE)")
            connection.execute("DROP ROLE reader; DROP ROLE writer")


def certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """The file of an authority's certificate, and a server that has one by it for ``name``, a host or an address."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    known: x509.GeneralName = x509.DNSName(name)
    if name[0].isdigit():
        known = x509.IPAddress(ipaddress.ip_address(name))
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([known]), critical=False)
        .sign(key, hashes.SHA256())
    )
    ca, whole = folder / f"ca-{name}.pem", folder / f"server-{name}.pem"
    ca.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    whole.write_bytes(ca.read_bytes() + key.private_bytes(*private))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(whole)
    return ca, server


@asynccontextmanager
async def door(socket_folder: Path, tls: ssl.SSLContext | None) -> AsyncIterator[int]:
    """A port of 127.0.0.1 that leads to the server's socket, with TLS as PostgreSQL begins it, or without any."""
    tasks = set[asyncio.Task]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await reader.readexactly(8)
            if first == _SSL_REQUEST:
                writer.write(b"N" if tls is None else b"S")
                await writer.drain()
                if tls is not None:
                    await writer.start_tls(tls)
                first = b""
            into, out = await asyncio.open_unix_connection(str(socket_folder / ".s.PGSQL.5432"))
            out.write(first)
            try:
                await asyncio.gather(_pass(reader, out), _pass(into, writer))
            finally:
                out.close()
        except (OSError, EOFError):
            pass

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        tasks.add(task)
        await asyncio.wait([task])
        writer.close()

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
