"""Download of files, complete and verified or not at all.

A file is received under a temporary name and resumed only if the server's file is provably the
same. It is compared with the size and checksum given by the source, read to its end if it is
gzip or tar, renamed, and recorded in ``manifest.tsv``. A second run finds it there and sends no
request.
"""

from __future__ import annotations

import hashlib
import logging
import random
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlsplit

from lotwise.acquire.download.arrival import settle
from lotwise.acquire.download.budget import Budget, check_room
from lotwise.acquire.download.client import make_client
from lotwise.acquire.download.connection import Connection, Stop, StoppedError, run_each
from lotwise.acquire.download.integrity import DamagedError, check_content, digest_of, first_line
from lotwise.acquire.download.locking import locked
from lotwise.acquire.download.manifest import STATE, Entry, Manifest
from lotwise.acquire.download.names import place_within
from lotwise.acquire.download.progress import Progress, progress_for
from lotwise.acquire.download.retry import (
    SPOILT_ATTEMPTS,
    Attempts,
    DownloadError,
    FaultError,
    WrongAnswerError,
    delay_before,
    offline_error,
)
from lotwise.acquire.download.source import Source
from lotwise.acquire.download.transfer import Part, Received, Transfer, ask_size
from lotwise.config.acquire import NetworkSettings
from lotwise.errors import EnvironmentFault, InputError, LotwiseError
from lotwise.files.atomic import environment_fault, make_directory
from lotwise.files.machine import machine_fault

__all__ = ["Downloader", "Source"]

Content = TypeVar("Content")

_logger = logging.getLogger(__name__)


class Downloader:
    """Downloads files into one directory.

    Parameters
    ----------
    root
        The directory; several processes may use it at once.
    network
        Time-outs, attempts, limits, proxy and certificates.
    over_cap
        Exceed ``max_total_gib`` without asking.
    progress
        Show a progress bar; None shows it if standard error is a terminal.
    jitter
        Source of the random part of waiting times.

    Examples
    --------
    >>> from lotwise.config.acquire import NetworkSettings
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> with Downloader(Path(mkdtemp()), network=NetworkSettings(offline=True)) as fetcher:
    ...     fetcher.fetch(Source("https://example.org/a.txt", "a.txt"))
    Traceback (most recent call last):
        ...
    lotwise.acquire.download.retry.DownloadError: there is no network access (offline), but ...
    """

    def __init__(
        self,
        root: Path,
        *,
        network: NetworkSettings | None = None,
        over_cap: bool = False,
        progress: bool | None = None,
        jitter: random.Random | None = None,
    ) -> None:
        self.root = root
        self.network = network or NetworkSettings()
        self._show_progress = progress
        self._jitter = jitter or random.SystemRandom()
        self._manifest = Manifest(root)
        self._stop = Stop()
        self._budget = Budget(None if over_cap else self.network.max_total_bytes)
        self._hosts: dict[str, threading.Semaphore] = {}
        self._idle: list[Connection] = []

    def __enter__(self) -> Self:
        """Return the downloader; connections are opened with the first download."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close all connections."""
        while self._idle:
            self._idle.pop().client.close()

    def fetch(self, source: Source) -> Path:
        """Download one file, or find it in the directory; see :meth:`fetch_all`."""
        return self.fetch_all([source])[0]

    def fetch_all(self, sources: Sequence[Source]) -> list[Path]:
        """Download files, several at once; return their paths in the order of ``sources``.

        Raises
        ------
        DownloadError
            Files could not be downloaded (all others were), or files are missing offline.
        NotFoundError
            The server has no such file.
        CapError
            The downloads would exceed the configured limit.
        EnvironmentFault
            The disk is full.
        InputError
            A path leads out of the directory.
        """
        paths = [place_within(self.root, source.path) for source in sources]
        missing = self.missing(sources)
        if not missing:
            return paths
        if self.network.offline:
            raise offline_error({source.path: source.url for source in missing})
        sizes = _known_sizes(missing)
        self._budget.plan(sizes)
        check_room(self.root, sum(sizes.values()) - self._received(missing))
        progress = progress_for(self._show_progress)
        progress.expect(sum(sizes.values()))
        for source in missing:
            self._hosts.setdefault(
                _host(source), threading.Semaphore(self.network.workers_per_host)
            )
        # Created here, because wrong certificates or a wrong proxy are not the error of one file.
        self._idle.append(self._connection())
        with closing(progress):
            jobs = [partial(self._fetch_one, source, progress) for source in missing]
            outcomes = run_each(jobs, n_threads=self.network.workers, stop=self._stop)
        _raise_first([outcome for outcome in outcomes if isinstance(outcome, BaseException)])
        return paths

    def fetch_as(self, source: Source, read: Callable[[Path], Content]) -> Content:
        """Download one file and read it; a file that cannot be read is downloaded again.

        A server in trouble may send an error message with status 200. Without this check, such a
        message would be kept and used by every later run.

        Raises
        ------
        DownloadError
            Each time something else was received; its first line is quoted.
        InputError
            The received file is the requested one, and ``read`` refuses it each time.
        """
        for attempt in range(1, SPOILT_ATTEMPTS + 1):
            path = self.fetch(source)
            try:
                return read(path)
            except InputError as error:
                if self.network.offline:
                    raise
                fault, begins = error, first_line(path)
            path.unlink(missing_ok=True)
            _logger.info("%s: %s; it begins %r", source.url, fault, begins)
            if attempt < SPOILT_ATTEMPTS:
                spoilt = FaultError(str(fault), spoilt=True)
                self._stop.wait(
                    delay_before(attempt, fault=spoilt, network=self.network, jitter=self._jitter)
                )
        if isinstance(fault, WrongAnswerError):
            raise DownloadError(
                f"the received file {fault.problem}; the file begins with {begins!r} (in each of "
                f"{SPOILT_ATTEMPTS} attempts)",
                path=source.url,
                remedy="the file was not kept; try again later or use a mirror",
            ) from fault
        raise fault

    def missing(self, sources: Iterable[Source]) -> list[Source]:
        """Return the ``sources`` that are not yet complete in the directory, each path once."""
        entries = self._manifest.read()
        wanted = {source.path: source for source in sources}
        return [source for source in wanted.values() if not self._is_there(source, entries)]

    def sizes(self, sources: Sequence[Source]) -> dict[str, int | str]:
        """Return the size of each file in bytes by path, or the reason why it is unknown.

        Nothing is downloaded: existing files are measured, for others the server is asked once.
        """
        entries = self._manifest.read()
        # Measured, because a file may exist that the manifest does not list.
        known: dict[str, int | str] = {
            s.path: place_within(self.root, s.path).stat().st_size
            for s in sources
            if self._is_there(s, entries)
        }
        asked = [source for source in sources if source.path not in known]
        if self.network.offline or not asked:
            return known | {source.path: "offline" for source in asked}
        self._idle.append(self._connection())
        jobs = [partial(self._ask_size, source) for source in asked]
        answers = run_each(jobs, n_threads=self.network.workers_per_host, stop=self._stop)
        for source, answer in zip(asked, answers, strict=True):
            if isinstance(answer, FaultError):
                known[source.path] = answer.problem
            elif isinstance(answer, BaseException):
                raise answer
            else:
                known[source.path] = answer
        return known

    def _ask_size(self, source: Source) -> int:
        with self._connected() as connection:
            return ask_size(connection, source, self.network)

    def _connection(self) -> Connection:
        """Return an unused connection, or open one."""
        try:
            return self._idle.pop()
        except IndexError:
            return Connection(make_client(self.network), stop=self._stop)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """Lend a connection; the next file uses it again."""
        connection = self._connection()
        try:
            yield connection
        finally:
            self._idle.append(connection)

    def _part(self, source: Source) -> Part:
        return Part(self._state(source, "part"))

    def _state(self, source: Source, suffix: str) -> Path:
        key = hashlib.sha256(source.path.encode()).hexdigest()[:16]
        return self.root / STATE / f"{key}.{suffix}"

    def _received(self, sources: Sequence[Source]) -> int:
        """Count the bytes that earlier runs left of files of known size that will be resumed."""
        return sum(min(self._part(s).size(), s.integrity.size or 0) for s in sources)

    def _is_there(self, source: Source, entries: dict[str, Entry]) -> bool:
        path = place_within(self.root, source.path)
        entry = entries.get(source.path)
        if entry is not None:
            agrees = entry.agrees_with(source.integrity)
            # A mirror with the same checksum has the same file; otherwise the address must match.
            same_origin = entry.url == source.url or source.integrity.has_checksum
            if agrees and (same_origin or self.network.offline):
                return self._manifest.holds(entry, path)
            if agrees is not None:
                return False
        if not path.is_file():
            return False
        # Placed by hand, by a run that ended before it recorded the file, or recorded with another
        # checksum than the source gives now.
        if not (source.integrity.has_checksum or self.network.offline):
            return False
        try:
            digest = digest_of(path, source.integrity.algorithm)
            source.integrity.check(path, size=path.stat().st_size, digest=digest)
            check_content(path, path.name)
        except DamagedError as damage:
            _logger.warning("%s exists but is not used: %s", path, damage)
            return False
        if source.integrity.has_checksum:
            # Recorded, so that it is read only once; in a read-only folder it is read again.
            with suppress(OSError, LotwiseError):
                self._note(source, path, digest)
        return True

    def _note(self, source: Source, path: Path, digest: str) -> None:
        status = path.stat()
        known = {source.integrity.algorithm: digest} | source.integrity.checksums
        self._manifest.record(
            Entry(
                path=source.path,
                url=source.url,
                size=status.st_size,
                checksum=" ".join(f"{name}:{value}" for name, value in known.items()),
                modified_ns=status.st_mtime_ns,
                time=datetime.now(UTC).isoformat(timespec="seconds"),
            )
        )

    def _fetch_one(self, source: Source, progress: Progress) -> None:
        path = place_within(self.root, source.path)
        make_directory(self.root / STATE)
        reserve = partial(self._budget.claim, source.path)
        try:
            with (
                self._hosts[_host(source)],
                locked(self._state(source, "lock"), path, self._stop),
            ):
                if self._is_there(source, self._manifest.read()):
                    return
                make_directory(path.parent)
                with self._connected() as connection:
                    transfer = Transfer(
                        connection=connection,
                        network=self.network,
                        progress=progress,
                        reserve=reserve,
                    )
                    self._persist(source, path, self._part(source), transfer)
        except OSError as error:
            if fault := machine_fault(error):
                raise environment_fault(fault, path) from error
            raise EnvironmentFault(
                f"cannot be written ({error.strerror or error})",
                path=path,
                remedy="fix the folder's permissions, or choose another folder with `downloads`",
            ) from error

    def _persist(self, source: Source, path: Path, part: Part, transfer: Transfer) -> None:
        """Try until the file is complete, no attempts are left, or the error is permanent."""
        attempts = Attempts(source.url, self.network, self._jitter, received=part.size())
        while True:
            if self._stop.is_set():
                raise StoppedError
            try:
                received = transfer.attempt(source, part)
                self._accept(source, path, part, received, transfer.reserve)
            except FaultError as fault:
                size = part.size()
                if fault.spoilt:
                    part.discard()
                delay = attempts.delay_after(fault, received=size)
                _logger.info("%s: %s; next attempt in %.1f s", source.url, fault.problem, delay)
                if self._stop.wait(delay):
                    raise StoppedError from fault
            else:
                return

    def _accept(
        self,
        source: Source,
        path: Path,
        part: Part,
        received: Received,
        reserve: Callable[[int], None],
    ) -> None:
        """Verify the received file, rename it and record it."""
        try:
            digest = settle(part, path.name, source.integrity, received, reserve)
        except DamagedError as damage:
            raise FaultError(str(damage), spoilt=True) from damage
        part.promote(path)
        self._note(source, path, digest)


def _host(source: Source) -> str:
    return urlsplit(source.url).netloc


def _known_sizes(sources: Iterable[Source]) -> dict[str, int]:
    return {
        source.path: source.integrity.size
        for source in sources
        if source.integrity.size is not None
    }


def _raise_first(errors: list[BaseException | None]) -> None:
    """Raise the first of several errors, with the number of the others."""
    faults = [error for error in errors if error is not None]
    if not faults:
        return
    for fault in faults:
        if not isinstance(fault, LotwiseError):
            raise fault
    for fault in faults[1:]:
        _logger.error("%s", fault)
    raise faults[0]
