"""Connections that end when the run is stopped, or when the server only drips."""

from __future__ import annotations

import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

import httpx

from lotwise.acquire.download.retry import FaultError

Outcome = TypeVar("Outcome")

# After an interruption workers have this long to leave their files in order.
_LAST_SECONDS: Final = 0.5
_LOOKS_UP_EACH: Final = 0.1


class StoppedError(Exception):
    """The run is being stopped; what has come stays for the next one."""


class Stop(threading.Event):
    """Set when the run is being stopped; breaks every connection off."""

    def __init__(self) -> None:
        super().__init__()
        self._connections: list[Connection] = []

    def watch(self, connection: Connection) -> None:
        """Break this connection off as well, when the time comes."""
        self._connections.append(connection)

    def set(self) -> None:
        """Stop, at once also where a server is silent."""
        super().set()
        for connection in self._connections:
            connection.break_off()


class Connection:
    """An HTTP client that one thread uses at a time, with the sockets that it opened."""

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
        """Send a request and give the response once its headers are there.

        Raises
        ------
        FaultError
            The headers were not there after ``patience`` seconds, however they came.
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
                words = f"the headers of the answer took more than {patience:,.0f} s"
                raise FaultError(words) from error
            raise
        finally:
            timer.cancel()

    def break_off(self) -> None:
        """End what is being sent and received."""
        for opened in list(self._sockets):
            with suppress(OSError):
                # Past TLS, whose goodbye would wait for the silent server.
                socket.socket.shutdown(opened, socket.SHUT_RDWR)

    def _be_late(self) -> None:
        self._is_late = True
        self.break_off()

    def _note(self, event: str, info: Mapping[str, Any]) -> None:
        """Keep each socket that httpcore opens, or puts TLS around."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._sockets.add(info["return_value"].get_extra_info("socket"))
            if self.stop.is_set():
                self.break_off()


def run_each(
    jobs: Sequence[Callable[[], Outcome]], *, n_threads: int, stop: Stop
) -> list[Outcome | BaseException]:
    """Do jobs in threads; give what each returned or raised, in their order.

    On an interruption ``stop`` is set and nothing is waited for longer than a moment: a thread
    that looks up a host or waits for a connection cannot be woken, and is left behind.
    """
    outcomes: list[Outcome | BaseException] = [StoppedError()] * len(jobs)
    waiting = iter(range(len(jobs)))
    lock, ended = threading.Lock(), threading.Semaphore(0)

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
        ended.release()

    n_started = 0
    try:
        for _ in range(min(n_threads, len(jobs))):
            threading.Thread(target=work, daemon=True).start()
            n_started += 1
        # Not Thread.join: interrupted, it takes its thread for ended.
        for _ in range(n_started):
            # Looks up now and then: polars handles SIGINT such that a wait for a lock goes on.
            while not ended.acquire(timeout=_LOOKS_UP_EACH):
                pass
    except BaseException:
        stop.set()
        until = time.monotonic() + _LAST_SECONDS
        for _ in range(n_started):
            ended.acquire(timeout=max(0.0, until - time.monotonic()))
        raise
    return outcomes
