"""Connections that end when the run is stopped, or when the server is too slow."""

from __future__ import annotations

import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

import httpx

from lotwise.acquire.download.retry import FaultError

Outcome = TypeVar("Outcome")

# After an interruption, workers have this many seconds to leave their files in order.
_LAST_SECONDS: Final = 0.5
_LOOKS_UP_EACH: Final = 0.1


class StoppedError(Exception):
    """The run is being stopped; received data are kept for the next run."""


class Stop(threading.Event):
    """Event that is set when the run is stopped; it closes every connection."""

    def __init__(self) -> None:
        super().__init__()
        self._connections: list[Connection] = []

    def watch(self, connection: Connection) -> None:
        """Also close this connection when the run is stopped."""
        self._connections.append(connection)

    def set(self) -> None:
        """Stop at once, also while a server does not respond."""
        super().set()
        for connection in self._connections:
            connection.break_off()


class Connection:
    """An HTTP client used by one thread at a time, with the sockets that it opened."""

    def __init__(self, client: httpx.Client, *, stop: Stop) -> None:
        self.client = client
        self.stop = stop
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._is_late = False
        stop.watch(self)

    @contextmanager
    def asking(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        auth: tuple[str, str] | None,
        patience: float,
    ) -> Iterator[httpx.Response]:
        """Send a request and return the response once its headers are complete.

        Raises
        ------
        FaultError
            The headers were not complete after ``patience`` seconds.
        StoppedError
            The run is being stopped.
        """
        self._is_late = False
        timer = threading.Timer(patience, self._be_late)
        timer.daemon = True
        timer.start()
        try:
            with self.client.stream(
                method,
                url,
                headers=headers,
                auth=auth if auth is not None else httpx.USE_CLIENT_DEFAULT,
                extensions={"trace": self._note},
            ) as response:
                timer.cancel()
                yield response
        except httpx.HTTPError as error:
            if self.stop.is_set():
                raise StoppedError from error
            if self._is_late:
                words = f"the headers of the response took more than {patience:,.0f} s"
                raise FaultError(words) from error
            raise
        finally:
            timer.cancel()

    def break_off(self) -> None:
        """End sending and receiving."""
        for opened in list(self._sockets):
            with suppress(OSError):
                # Bypasses TLS, whose closing handshake would wait for an unresponsive server.
                socket.socket.shutdown(opened, socket.SHUT_RDWR)

    def _be_late(self) -> None:
        self._is_late = True
        self.break_off()

    def _note(self, event: str, info: Mapping[str, Any]) -> None:
        """Keep each socket that httpcore opens or wraps in TLS."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._sockets.add(info["return_value"].get_extra_info("socket"))
            if self.stop.is_set():
                self.break_off()


def run_each(
    jobs: Sequence[Callable[[], Outcome]], *, n_threads: int, stop: Stop
) -> list[Outcome | BaseException]:
    """Run jobs in threads; return what each returned or raised, in order.

    On an interruption ``stop`` is set, and threads are given only a moment to end: a thread that
    resolves a host name or waits for a connection cannot be woken and is abandoned.
    """
    outcomes: list[Outcome | BaseException] = [StoppedError()] * len(jobs)
    waiting = iter(range(len(jobs)))
    lock = threading.Lock()
    # Not a Semaphore: an interruption within its Python code can leave its lock held for ever.
    ended: SimpleQueue[None] = SimpleQueue()

    def work() -> None:
        while not stop.is_set():
            with lock:
                place = next(waiting, None)
            if place is None:
                break
            try:
                outcomes[place] = jobs[place]()
            except BaseException as error:  # noqa: BLE001, told to the caller
                outcomes[place] = error
        ended.put(None)

    n_started = 0
    try:
        for _ in range(min(n_threads, len(jobs))):
            threading.Thread(target=work, daemon=True).start()
            n_started += 1
        # Not Thread.join: after an interruption it treats its thread as ended.
        for _ in range(n_started):
            # Wakes up at intervals: polars handles SIGINT such that waiting for a lock continues.
            while not _has(ended, _LOOKS_UP_EACH):
                pass
    except BaseException:
        stop.set()
        until = time.monotonic() + _LAST_SECONDS
        for _ in range(n_started):
            _has(ended, max(0.0, until - time.monotonic()))
        raise
    return outcomes


def _has(queue: SimpleQueue[None], seconds: float) -> bool:
    """Return whether an item comes within so many seconds, and take it."""
    try:
        queue.get(timeout=seconds)
    except Empty:
        return False
    return True
