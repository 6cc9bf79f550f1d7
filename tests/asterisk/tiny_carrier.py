"""A carrier that answers OPTIONS and REGISTER and refuses calls, over UDP or TLS, and keeps what it was sent."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import re
import socket
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PASSWORD = "pass;word"
CHALLENGE = 'WWW-Authenticate: Digest realm="carrier",nonce="n",algorithm=MD5'
_KEPT = re.compile(r"(Via|From|To|Call-ID|CSeq|Contact):", re.IGNORECASE)


class TinyCarrier:
    """``tls``: a folder, into which its certificate (for 127.0.0.1) is written as ``ca.pem``; None: UDP."""

    def __init__(self, tls: Path | None = None) -> None:
        self.requests: list[str] = []
        self.silent = False
        self._over = False
        kind = socket.SOCK_DGRAM if tls is None else socket.SOCK_STREAM
        self._socket = socket.socket(socket.AF_INET, kind)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._context: ssl.SSLContext | None = None
        if tls is not None:
            self._socket.listen()
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate(tls))
        self._socket.settimeout(0.2)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        self._thread.join(5)
        self._socket.close()

    def of(self, method: str) -> list[str]:
        """The requests of a method so far."""
        return [one for one in self.requests if one.startswith(f"{method} ")]

    def _run(self) -> None:
        while not self._over:
            with contextlib.suppress(TimeoutError, ssl.SSLError, ConnectionError):
                if self._context is None:
                    data, peer = self._socket.recvfrom(65_535)
                    for answer in self._answers(data.decode()):
                        self._socket.sendto(answer, peer)
                else:
                    plain, _ = self._socket.accept()
                    threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        assert self._context is not None
        with contextlib.suppress(OSError), self._context.wrap_socket(plain, server_side=True) as stream:
            stream.settimeout(0.2)
            while not self._over:
                with contextlib.suppress(TimeoutError):
                    if not (data := stream.recv(65_535)):
                        return
                    for answer in self._answers(data.decode()):
                        stream.sendall(answer)

    def _answers(self, request: str) -> list[bytes]:
        head, _, _ = request.partition("\r\n\r\n")
        lines = head.split("\r\n")
        method = lines[0].partition(" ")[0]
        if self.silent or method.startswith("SIP/") or not method.strip():
            return []
        self.requests.append(request)
        if method == "ACK":
            return []
        known = "Authorization:" in head
        status = {"OPTIONS": "200 OK", "REGISTER": "200 OK" if known else "401 Unauthorized"}.get(
            method, "486 Busy Here"
        )
        kept = [f"{n};tag=x" if n.lower().startswith("to:") and "tag=" not in n else n for n in lines if _KEPT.match(n)]
        more = [CHALLENGE] if status.startswith("401") else ["Expires: 60"]
        return ["\r\n".join([f"SIP/2.0 {status}", *kept, *more, "Content-Length: 0", "", ""]).encode()]


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key; ``ca.pem`` beside it has it alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "carrier")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "ca.pem").write_bytes(pem)
    (folder / "both.pem").write_bytes(private + pem)
    return folder / "both.pem"
