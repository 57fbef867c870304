"""A mirror of release files on loopback, with every fault that a network can have.

The first word of a path says how the file named by the rest is served: /good/x, /cut/x and so on (`Handler`). Asked as
a proxy, with a whole URL, it does the same. Unit tests use `Mirror`; the Molecule scenario runs this file:

    release_mirror.py FOLDER PORT_FILE LOG_FILE

serves FOLDER in the background until its process, whose id is in PORT_FILE's second line, is ended.
"""

from __future__ import annotations

import contextlib
import http.server
import os
import socketserver
import ssl
import sys
import threading
import time
import urllib.parse
from pathlib import Path


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves one request as its path's first word says."""

    protocol_version = "HTTP/1.1"
    server: Mirror

    def do_GET(self) -> None:
        self.server.note(self.path)
        how, _, name = urllib.parse.urlsplit(self.path).path.lstrip("/").partition("/")
        file = self.server.folder / name
        fault = getattr(self, f"serve_{how}", None)
        if fault is None or (how not in ("missing", "hang", "page") and not file.is_file()):
            self.send_error(404)
            return
        fault(file)

    def begin(self, length: int | None, kind: str = "application/octet-stream", status: int = 200) -> None:
        """The answer's head; the connection ends with the answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.close_connection = True

    def serve_good(self, file: Path) -> None:
        content = file.read_bytes()
        self.begin(len(content))
        self.wfile.write(content)

    def serve_corrupt(self, file: Path) -> None:
        """As long as it should be, with one bit turned over."""
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        self.begin(len(content))
        self.wfile.write(content)

    def serve_cut(self, file: Path) -> None:
        content = file.read_bytes()
        self.begin(len(content))
        self.wfile.write(content[: len(content) // 2])

    def serve_flaky(self, file: Path) -> None:
        """Cut off, but for the small looks at its beginning, until it was asked for three times."""
        cut = self.server.count("/flaky/") < 3
        (self.serve_cut if cut else self.serve_good)(file)

    def serve_stalled(self, file: Path) -> None:
        """Half of it and then nothing more, without an end."""
        content = file.read_bytes()
        self.begin(len(content))
        self.wfile.write(content[: len(content) // 2])
        self.wfile.flush()
        self.server.over.wait(60)

    def serve_chunked(self, file: Path) -> None:
        """Without a length beforehand."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        content = file.read_bytes()
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n0\r\n\r\n")

    def serve_chunkcut(self, file: Path) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        content = file.read_bytes()
        self.wfile.write(f"{len(content):x}\r\n".encode() + content[: len(content) // 2])
        self.close_connection = True

    def serve_moved(self, file: Path) -> None:
        self.send_response(302)
        self.send_header("Location", self.path.replace("/moved/", "/good/", 1))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def serve_missing(self, file: Path) -> None:
        self.send_error(404)

    def serve_denied(self, file: Path) -> None:
        self.send_error(407)

    def serve_page(self, file: Path) -> None:
        """What a captive portal says to everybody."""
        content = b"<html>Please log in.</html>"
        self.begin(len(content), "text/html")
        self.wfile.write(content)

    def serve_hang(self, file: Path) -> None:
        self.server.over.wait(60)

    def log_message(self, *arguments: object) -> None:
        """What was asked for is noted elsewhere."""


class Mirror(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """A mirror of a folder on a free port of loopback. `asked` has the paths of all requests."""

    daemon_threads = True

    def __init__(self, folder: Path, log: Path | None = None, certificate: Path | None = None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.log, self.asked = folder, log, []
        self.over = threading.Event()
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def url(self, how: str = "") -> str:
        """Its address, with the way in which it is to serve."""
        return f"{self.scheme}://127.0.0.1:{self.server_port}/{how}".rstrip("/")

    def note(self, path: str) -> None:
        """Remember a request."""
        self.asked.append(path)
        if self.log:
            with self.log.open("a") as out:
                out.write(f"{path}\n")

    def count(self, text: str) -> int:
        """How many requests had that in their path."""
        return sum(text in path for path in self.asked)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are what is tested here."""

    @contextlib.contextmanager
    def serving(self):
        """Serve while the block runs."""
        thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.over.set()
            self.shutdown()
            self.server_close()
            thread.join()


def main() -> None:
    """Serve in the background."""
    folder, port_file, log = map(Path, sys.argv[1:4])
    mirror = Mirror(folder, log)
    process = os.fork()
    if process:
        port_file.write_text(f"{mirror.server_port}\n{process}\n")
        return
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    with mirror.serving():
        while folder.is_dir():  # whoever removes the folder ends the mirror, too
            time.sleep(1)


if __name__ == "__main__":
    main()
