"""An HTTP proxy over a real socket: forwards plain requests and opens tunnels (CONNECT)."""

from __future__ import annotations

import base64
import select
import socket
import socketserver
import threading
from typing import Self
from urllib.parse import urlsplit


class ProxyServer:
    """Forwards on a port of its own until it is left, and keeps what it was asked for.

    ``login`` is ``user:password`` that clients must say. ``routes`` tells where a host of
    that name really is: names that no name server knows show that the proxy was used.
    """

    def __init__(self, routes: dict[str, int], *, login: str | None = None) -> None:
        self.routes = routes
        self.login = login
        self.asked: list[str] = []
        self._server = _Listener(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self.port = self._server.server_address[1]

    @property
    def url(self) -> str:
        """The address to configure."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    owner: ProxyServer

    def handle_error(self, request, client_address):
        """Log nothing, since clients that disconnect are expected."""


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline(8192).decode("latin-1").split()
        if len(line) < 3:
            return
        headers = []
        while (header := self.rfile.readline(8192)).strip():
            headers.append(header)
        owner = self.server.owner
        owner.asked.append(f"{line[0]} {line[1]}")
        if owner.login is not None:
            token = base64.b64encode(owner.login.encode())
            if not any(b"Basic " + token in header for header in headers):
                self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                                 b"Content-Length: 0\r\n\r\n")  # fmt: skip
                return
        if line[0] == "CONNECT":
            self._tunnel(line[1].partition(":")[0])
        else:
            self._forward(line, headers)

    def _reach(self, host):
        return socket.create_connection(("127.0.0.1", self.server.owner.routes[host]))

    def _forward(self, line, headers):
        parts = urlsplit(line[1])
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        kept = [h for h in headers if not h.lower().startswith((b"proxy-", b"connection"))]
        with self._reach(parts.hostname) as upstream:
            head = f"{line[0]} {path} HTTP/1.1\r\nConnection: close\r\n".encode()
            upstream.sendall(head + b"".join(kept) + b"\r\n")
            upstream.shutdown(socket.SHUT_WR)
            while block := upstream.recv(1 << 16):
                self.wfile.write(block)

    def _tunnel(self, host):
        with self._reach(host) as upstream:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ends = {self.connection: upstream, upstream: self.connection}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    block = end.recv(1 << 16)
                    if not block:
                        return
                    ends[end].sendall(block)
