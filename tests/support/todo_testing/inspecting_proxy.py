"""A proxy that inspects TLS, for tests: it asks for a password, ends every TLS connection with a certificate of its own
authority, passes on to origins that it alone can find, and notes what it was asked.

`python -m todo_testing.inspecting_proxy --listen 172.17.0.1:32290 --user alice:secret --folder DIR
--origin origin.test=127.0.0.1:32291` writes DIR/ca.pem and DIR/log, one `METHOD HOST:PORT` a line, for a tunnel also
`inside HOST:PORT REQUEST-LINE`. Other hosts are answered with 403, so that no test leaves this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import ipaddress
import os
import signal
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Authority:
    """A certificate authority with its key in memory and the certificates it issued in a folder."""

    def __init__(self, folder: Path, name: str = "todo.k8s test authority") -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        limits = x509.BasicConstraints(ca=True, path_length=0)
        self.certificate = self._sign(self.name, self.key, [(limits, True)])
        self.path = folder / "ca.pem"
        self.path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        self.contexts: dict[str, ssl.SSLContext] = {}

    def _sign(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, more: list) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(self.name, subject, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=2))
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        for extension, critical in [*more, (own, False), (issuer, False)]:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256())

    def context(self, host: str) -> ssl.SSLContext:
        """What a server needs to be taken for `host`."""
        if host not in self.contexts:
            key = ec.generate_private_key(ec.SECP256R1())
            try:
                name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
            except ValueError:
                name = x509.DNSName(host)
            leaf = self._sign(x509.Name([]), key, [(x509.SubjectAlternativeName([name]), True)])
            path = self.folder / f"{host}.pem"
            path.write_bytes(
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
                + leaf.public_bytes(serialization.Encoding.PEM)
            )
            self.contexts[host] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.contexts[host].load_cert_chain(path)
        return self.contexts[host]


class Proxy:
    """`origins` maps HOST to the address where it is to be found; `trust` verifies those that speak TLS."""

    def __init__(self, folder: Path, user: str, origins: dict[str, str], trust: str | None = None) -> None:
        self.authority, self.origins, self.log = Authority(folder), origins, folder / "log"
        self.expected = f"Basic {base64.b64encode(user.encode()).decode()}" if user else ""
        self.trust = ssl.create_default_context(cafile=trust)

    def note(self, text: str) -> None:
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"{text}\n")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection."""
        with contextlib.suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, *_ = head.split(b"\r\n", 1)[0].decode().split(" ")
            host, _, port = target.removeprefix("http://").split("/")[0].partition(":")
            self.note(f"{method} {host}:{port or 80}")
            answer = self.refusal(head, host)
            if answer:
                writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
            elif method == "CONNECT":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await writer.drain()
                await writer.start_tls(self.authority.context(host))
                await self.relay(reader, writer, host, self.trust, inside=f"{host}:{port}")
            else:  # plain HTTP: the origin wants the path alone
                path = b"/" + target.removeprefix("http://").partition("/")[2].encode()
                await self.relay(reader, writer, host, None, first=head.replace(target.encode(), path, 1))
        writer.close()

    def refusal(self, head: bytes, host: str) -> str:
        """Status of a request that is not passed on, empty for one that is."""
        lines = [line.partition(":") for line in head.decode(errors="replace").split("\r\n")[1:]]
        given = {name.lower(): value.strip() for name, _, value in lines}.get("proxy-authorization", "")
        if self.expected and given != self.expected:
            return '407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="test"'
        return "" if host in self.origins else "403 Forbidden"

    async def relay(self, reader, writer, host, trust, *, first: bytes = b"", inside: str = "") -> None:
        """Pass bytes both ways until either side ends; each request line in a tunnel is noted."""
        address, _, port = self.origins[host].rpartition(":")
        up_reader, up_writer = await asyncio.open_connection(
            address, int(port), ssl=trust, server_hostname=host if trust else None
        )
        up_writer.write(first)

        async def copy(source, target, told: str) -> None:
            with contextlib.suppress(OSError, ssl.SSLError, ConnectionError):
                while data := await source.read(65536):
                    line = data.split(b"\r\n", 1)[0]
                    if told and line.endswith((b" HTTP/1.1", b" HTTP/1.0")):
                        self.note(f"inside {told} {line.decode(errors='replace')}")
                    target.write(data)
                    await target.drain()
            target.close()

        await asyncio.gather(copy(reader, up_writer, inside), copy(up_reader, writer, ""))


async def run(options: argparse.Namespace) -> None:
    """Serve until ended."""
    options.folder.mkdir(parents=True, exist_ok=True)
    proxy = Proxy(options.folder, options.user, dict(pair.split("=", 1) for pair in options.origin), options.trust)
    host, _, port = options.listen.rpartition(":")
    server = await asyncio.start_server(proxy.serve, host, int(port))
    (options.folder / "pid").write_text(str(os.getpid()))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--user", default="")
    parser.add_argument("--origin", action="append", default=[], metavar="HOST=ADDRESS:PORT")
    parser.add_argument("--trust", help="file of authorities of origins that speak TLS")
    parser.add_argument("--seconds", type=int, default=3600, help="after which it ends by itself")
    settings = parser.parse_args()
    signal.alarm(settings.seconds)
    asyncio.run(run(settings))
