"""An HTTP/1.1 server over a real socket: a tree of files as public archives offer them.

It answers with ETag, Last-Modified and ranges, and with a listing for a folder, as the
servers of NCBI and EMBL-EBI do; told to, it misbehaves in the ways that networks do. Run as a
program it serves a folder: ``python archive_server.py FOLDER PORT``.
"""

from __future__ import annotations

import email.utils
import gzip
import hashlib
import html
import re
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

FAULTS = (
    "refuse", "reset", "stall", "trickle", "403", "404", "429", "500", "truncate", "long_length",
    "short_length", "corrupt", "html", "gzip_of_gzip", "content_encoding", "redirect_loop",
    "ignore_range", "change", "change_unnoticed",
)  # fmt: skip
# What goes wrong with a part alone: without a part they are no fault.
OF_PARTS = frozenset({"ignore_range", "change_unnoticed"})
# These the server says once and for all; a client must not try again.
LASTING = frozenset({"403", "404", "redirect_loop"})
STALL = 1.5
_ERROR_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Error 10053</title></head><body>Sorry</body></html>"
)


@dataclass
class Site:
    """Documents by path; a path with a query is looked up by path and sorted query first."""

    documents: dict[str, bytes | Path] = field(default_factory=dict)
    # The bodies that a path had before a fault changed it.
    versions: dict[str, list[bytes]] = field(default_factory=dict)

    def add(self, path: str, body: bytes | Path, **query: str) -> None:
        """Offer a document."""
        self.documents[key_of(path, query)] = body

    def find(self, path: str, query: dict[str, str]) -> bytes | Path | None:
        """Find a document; a folder is a listing of it."""
        body = self.documents.get(key_of(path, query), self.documents.get(path))
        if body is None and path.endswith("/"):
            names = sorted(
                {
                    known[len(path) :].split("/")[0] + "/" * ("/" in known[len(path) :])
                    for known in self.documents
                    if known.startswith(path)
                }
            )
            if names:
                rows = "\n".join(f'<a href="{name}">{html.escape(name)}</a>' for name in names)
                body = f"<html><head><title>Index of {path}</title></head>{rows}</html>".encode()
        return body

    def change(self, key: str) -> None:
        """Put another version in place of a document: the same kind, one byte longer inside."""
        body = self.documents[key]
        assert isinstance(body, bytes)
        self.versions.setdefault(key, []).append(body)
        if body[:2] == b"\x1f\x8b":
            self.documents[key] = gzip.compress(gzip.decompress(body) + b"x", mtime=0)
        else:
            self.documents[key] = body + b"x"


def etag_of(body: bytes) -> str:
    """Name a version of a document."""
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def date_of(body: bytes) -> str:
    """Date a version of a document: any moment, the same for the same version."""
    moment = int(hashlib.md5(body, usedforsecurity=False).hexdigest()[:7], 16)
    return email.utils.formatdate(1_400_000_000 + moment, usegmt=True)


def key_of(path: str, query: dict[str, str]) -> str:
    """Name a document by its path and query."""
    return path + "".join(f"&{name}={query[name]}" for name in sorted(query))


def never(_path: str, _n: int) -> str | None:
    """No fault."""
    return None


def always(fault: str):
    """The same fault for each request."""
    return lambda _path, _n: fault


def first(fault: str):
    """A fault for the first request of a path."""
    return lambda _path, n: fault if n == 0 else None


class ArchiveServer:
    """Serves a site on a port of its own until it is left.

    ``plan(path, n)`` names the fault of the ``n``-th request of a path, or None.
    """

    def __init__(self, site: Site, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.site = site
        self.tls = tls
        # Where the fault "downgrade" leads.
        self.elsewhere = ""
        self.plan = never
        self.requests: Counter[str] = Counter()
        self.log: list[tuple[str, dict[str, str]]] = []
        self.retry_after = "0"
        # By what a version is told: "etag", "weak" (an ETag that is), "date", or "" for nothing.
        self.tells = "etag"
        # Seconds before each 64 KiB of a body, for a network slower than loopback.
        self.pace = 0.0
        self.lock = threading.Lock()
        self._server = _listen(self, port)
        self.port = self._server.server_address[1]

    @property
    def url(self) -> str:
        """Where the site begins."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._serve()
        return self

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self._server.shutdown()
            self._server.server_close()

    def go_away(self, seconds: float) -> None:
        """Refuse connections for a while; runs in a thread of its own."""
        with self.lock:
            self._server.shutdown()
            self._server.server_close()
            time.sleep(seconds)
            self._server = _listen(self, self.port)
            self._serve()

    def _serve(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    owner: ArchiveServer

    def get_request(self):
        """Accept a connection; the handshake of TLS is made by the thread that reads from it."""
        connection, address = super().get_request()
        if self.owner.tls is not None:
            connection = self.owner.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, request, client_address):
        """Log nothing, since clients that disconnect are expected."""


def _listen(owner: ArchiveServer, port: int) -> _Listener:
    listener = _Listener(("127.0.0.1", port), _Handler)
    listener.owner = owner
    return listener


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while self._answer():
            pass

    def _answer(self) -> bool:
        line = self.rfile.readline(8192).decode("latin-1").split()
        if len(line) < 2:
            return False
        headers = {}
        while header := self.rfile.readline(8192).decode("latin-1").strip():
            name, _, value = header.partition(":")
            headers[name.strip().lower()] = value.strip()
        self.method = line[0]
        parts = urlsplit(line[1])
        path, query = unquote(parts.path), dict(parse_qsl(parts.query))
        owner = self.server.owner
        with owner.lock:
            number = owner.requests[path]
            owner.requests[path] += 1
            owner.log.append((path, headers))
            fault = owner.plan(path, number)
        body = owner.site.find(path, query)
        if body is None:
            return self._write(404, "Not Found", b"<html><title>404</title></html>")
        if fault is not None and not isinstance(body, Path):
            return self._misbehave(fault, path, key_of(path, query), body, headers)
        if isinstance(body, Path):
            return self._send_file(body, headers)
        return self._send(body, headers)

    def _send(self, body: bytes, headers: dict[str, str], **extra: str) -> bool:
        """Answer as a good server does: whole, or the range that was asked for."""
        marks = self._marks_of(body)
        mark = next(iter(marks.values()), "")
        wanted = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
        if wanted and headers.get("if-range", mark) == mark:
            start = int(wanted[1])
            if start >= len(body):
                return self._write(416, "Range Not Satisfiable", b"")
            where = f"bytes {start}-{len(body) - 1}/{len(body)}"
            return self._write(
                206, "Partial Content", body[start:], Content_Range=where, **marks, **extra
            )
        return self._write(200, "OK", body, **marks, **extra)

    def _marks_of(self, body: bytes) -> dict[str, str]:
        return {
            "etag": {"ETag": etag_of(body)},
            "weak": {"ETag": f"W/{etag_of(body)}"},
            "date": {"Last_Modified": date_of(body)},
            "": {},
        }[self.server.owner.tells]

    def _send_file(self, path: Path, headers: dict[str, str]) -> bool:
        size = path.stat().st_size
        wanted = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
        start = int(wanted[1]) if wanted else 0
        etag = f'"{size}-{path.stat().st_mtime_ns}"'
        status = "206 Partial Content" if wanted else "200 OK"
        where = f"Content-Range: bytes {start}-{size - 1}/{size}\r\n" if wanted else ""
        head = (
            f"HTTP/1.1 {status}\r\nContent-Length: {size - start}\r\nETag: {etag}\r\n"
            f"Accept-Ranges: bytes\r\n{where}\r\n"
        )
        self.wfile.write(head.encode())
        if self.method != "HEAD":
            with path.open("rb") as stream:
                self.connection.sendfile(stream, start)
        return True

    def _write(self, status: int, reason: str, body: bytes, **headers: str) -> bool:
        lines = {"Content_Length": str(len(body)), "Accept_Ranges": "bytes"} | headers
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
        self.wfile.write(f"HTTP/1.1 {status} {reason}\r\n{head}\r\n".encode())
        if self.method == "HEAD":
            return True
        pace = self.server.owner.pace
        step = 1 << 16 if pace else max(len(body), 1)
        for start in range(0, len(body), step):
            time.sleep(pace)
            self.wfile.write(body[start : start + step])
        return True

    def _misbehave(self, fault: str, path: str, key: str, body: bytes, headers: dict) -> bool:
        self.owner = self.server.owner
        self.path, self.key, self.body, self.headers = path, key, body, headers
        self.marks = self._marks_of(body)
        if fault.isdigit() and fault != "429":
            return self._write(int(fault), "No", _ERROR_PAGE)
        return getattr(self, "_" + ("too_many" if fault == "429" else fault))()

    def _half(self) -> None:
        half = self.body[: len(self.body) // 2]
        self._write(200, "OK", half, Content_Length=str(len(self.body)), **self.marks)

    def _refuse(self) -> bool:
        threading.Thread(target=self.owner.go_away, args=(0.03,), daemon=True).start()
        return self._break()

    def _break(self) -> bool:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        return False

    def _reset(self) -> bool:
        self._half()
        time.sleep(0.005)
        return self._break()

    def _stall(self) -> bool:
        self._half()
        time.sleep(STALL)
        return False

    def _trickle(self) -> bool:
        self._write(200, "OK", b"", Content_Length=str(len(self.body)), **self.marks)
        for start in range(0, 400, 10):
            self.wfile.write(self.body[start : start + 10])
            time.sleep(0.02)
        return False

    def _too_many(self) -> bool:
        return self._write(429, "Too Many", b"", Retry_After=self.owner.retry_after)

    def _truncate(self) -> bool:
        self._half()
        return False

    def _long_length(self) -> bool:
        size = len(self.body) + 7
        self._write(200, "OK", self.body, Content_Length=str(size), **self.marks)
        return False

    def _short_length(self) -> bool:
        self._write(200, "OK", self.body[:-9], **self.marks)
        return False

    def _short_part(self) -> bool:
        # A part that ends early, by its own length whole; not among FAULTS, since it needs a range.
        start = int(self.headers["range"].removeprefix("bytes=").rstrip("-"))
        where = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
        part = self.body[start:-9]
        return self._write(206, "Partial Content", part, Content_Range=where, **self.marks)

    def _silent(self) -> bool:
        # No header comes. Not among FAULTS, since a client must wait for as long as it is told.
        time.sleep(STALL)
        return False

    def _drip(self) -> bool:
        # Headers byte by byte, each in time.
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(self.body)}\r\nX: {'x' * 400}\r\n\r\n"
        for byte in head.encode():
            self.wfile.write(bytes([byte]))
            time.sleep(0.02)
        self.wfile.write(self.body)
        return False

    def _bomb(self) -> bool:
        # The document is gzip already, and small.
        return self._write(200, "OK", self.body, Content_Encoding="gzip", **self.marks)

    def _no_more(self) -> bool:
        # Not among FAULTS either.
        return self._write(416, "Range Not Satisfiable", b"")

    def _corrupt(self) -> bool:
        bad = bytearray(self.body)
        bad[len(bad) * 2 // 3] ^= 0x5A
        return self._write(200, "OK", bytes(bad), **self.marks)

    def _html(self) -> bool:
        return self._write(200, "OK", _ERROR_PAGE, Content_Type="text/html")

    def _gzip_of_gzip(self) -> bool:
        return self._write(200, "OK", gzip.compress(self.body, 1), ETag='W/"x"')

    def _content_encoding(self) -> bool:
        wrapped = gzip.compress(self.body, 1)
        return self._write(200, "OK", wrapped, Content_Encoding="gzip", **self.marks)

    def _redirect_loop(self) -> bool:
        return self._write(302, "Found", b"", Location=self.path)

    def _downgrade(self) -> bool:
        return self._write(302, "Found", b"", Location=self.owner.elsewhere)

    def _ignore_range(self) -> bool:
        return self._send(self.body, {})

    def _change(self) -> bool:
        self._half()
        self.owner.site.change(self.key)
        return False

    def _change_unnoticed(self) -> bool:
        # The rest is of the new version, whatever If-Range asked for.
        self.owner.site.change(self.key)
        headers = {name: value for name, value in self.headers.items() if name != "if-range"}
        return self._send(self.owner.site.documents[self.key], headers)


def main() -> None:
    """Serve a folder until interrupted."""
    root, port = Path(sys.argv[1]), int(sys.argv[2])
    site = Site()
    for path in root.rglob("*"):
        if path.is_file():
            site.add("/" + path.relative_to(root).as_posix(), path)
    with ArchiveServer(site, port=port) as server:
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
