"""Files fetched whole and verified, or not at all.

A file is received under a temporary name, resumed where the server's file is provably the
same, compared with the size and checksum that the source gives, read to its end where it is
gzip or tar, renamed, and noted in ``manifest.tsv``; a second run finds it there and asks the
network nothing.
"""

from __future__ import annotations

import hashlib
import logging
import random
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import httpx

from lotwise.acquire.download.budget import Budget, check_room
from lotwise.acquire.download.client import make_client
from lotwise.acquire.download.integrity import (
    DamagedError,
    Integrity,
    check_content,
    digest_of,
    is_wrapped,
    unwrap_gzip,
)
from lotwise.acquire.download.locking import locked
from lotwise.acquire.download.manifest import STATE, Entry, Manifest
from lotwise.acquire.download.names import place_within
from lotwise.acquire.download.progress import progress_for
from lotwise.acquire.download.retry import DownloadError, FaultError, NotFoundError, delay_before
from lotwise.acquire.download.transfer import Part, Received, Stop, StoppedError, Transfer, ask_size
from lotwise.config.acquire import NetworkSettings
from lotwise.errors import EnvironmentFault, LotwiseError
from lotwise.files.atomic import environment_fault, make_directory
from lotwise.files.machine import machine_fault

_logger = logging.getLogger(__name__)

# More bytes than this beyond the farthest point so far make the count of attempts begin anew.
_REAL_PROGRESS: Final = 1 << 20
# A file that comes whole and wrong this often is wrong at the source.
_SPOILT_ATTEMPTS: Final = 3


@dataclass(frozen=True)
class Source:
    """One file wanted.

    Parameters
    ----------
    url
        Where it is.
    path
        Where it goes, relative to the downloader's directory, with ``/``.
    integrity
        What the source says of it.
    """

    url: str
    path: str
    integrity: Integrity = field(default_factory=Integrity)


class Downloader:
    """Fetches files into one directory.

    Parameters
    ----------
    root
        The directory; several processes may fetch into it at once.
    network
        Time-outs, attempts, limits, proxy and certificates.
    over_cap
        Go past ``max_total_gib`` without asking.
    progress
        Show a bar; None shows it where standard error is a terminal.
    jitter
        Source of the random part of waits.

    Examples
    --------
    >>> from lotwise.config.acquire import NetworkSettings
    >>> with Downloader(getfixture("tmp_path"), network=NetworkSettings(offline=True)) as fetcher:
    ...     fetcher.fetch(Source("https://example.org/a.txt", "a.txt"))
    Traceback (most recent call last):
        ...
    lotwise.acquire.download.retry.DownloadError: offline, and 1 file is missing: a.txt ...
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
        self._client: httpx.Client | None = None

    def __enter__(self) -> Self:
        """Open for use; connections are made when the first file is asked for."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close all connections."""
        if self._client is not None:
            self._client.close()

    def fetch(self, source: Source) -> Path:
        """Fetch one file, or find it there; see :meth:`fetch_all`."""
        return self.fetch_all([source])[0]

    def fetch_all(self, sources: Sequence[Source]) -> list[Path]:
        """Fetch files, several at once, and give their paths in the order asked.

        Raises
        ------
        DownloadError
            Files could not be had; all others were still fetched. Offline, files are missing.
        NotFoundError
            The server has no such file.
        CapError
            More bytes would come than the configuration allows.
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
            raise _offline(missing)
        sizes = _known_sizes(missing)
        self._budget.plan(sizes)
        check_room(self.root, sum(sizes.values()) - self._received(missing))
        self._client = self._client or make_client(self.network)
        progress = progress_for(self._show_progress)
        progress.expect(sum(sizes.values()))
        for source in missing:
            self._hosts.setdefault(
                _host(source), threading.Semaphore(self.network.workers_per_host)
            )
        with closing(progress), ThreadPoolExecutor(self.network.workers) as pool:
            jobs = [
                pool.submit(
                    self._fetch_one,
                    source,
                    Transfer(
                        client=self._client,
                        network=self.network,
                        progress=progress,
                        reserve=partial(self._budget.claim, source.path),
                        stop=self._stop,
                    ),
                )
                for source in missing
            ]
            self._await(jobs)
        _raise_first([job.exception() for job in jobs if not job.cancelled()])
        return paths

    def missing(self, sources: Iterable[Source]) -> list[Source]:
        """Tell which of ``sources`` are not yet there whole; each path once."""
        entries = self._manifest.read()
        wanted = {source.path: source for source in sources}
        return [source for source in wanted.values() if not self._is_there(source, entries)]

    def sizes(self, sources: Sequence[Source]) -> dict[str, int | str]:
        """Tell the bytes of each file by its path, or in words why they are not known.

        Nothing is fetched: what is there is measured, of the rest the server is asked once.
        """
        entries = self._manifest.read()
        # Measured, since a file may be there that the manifest does not know.
        known: dict[str, int | str] = {
            s.path: place_within(self.root, s.path).stat().st_size
            for s in sources
            if self._is_there(s, entries)
        }
        asked = [source for source in sources if source.path not in known]
        if self.network.offline or not asked:
            return known | {source.path: "offline" for source in asked}
        client = self._client = self._client or make_client(self.network)

        def ask(source: Source) -> int | str:
            try:
                return ask_size(client, source.url)
            except FaultError as fault:
                return fault.problem

        with ThreadPoolExecutor(self.network.workers_per_host) as pool:
            answers = list(pool.map(ask, asked))
        return known | {s.path: answer for s, answer in zip(asked, answers, strict=True)}

    def _part(self, source: Source) -> Part:
        return Part(self._state(source, "part"))

    def _state(self, source: Source, suffix: str) -> Path:
        key = hashlib.sha256(source.path.encode()).hexdigest()[:16]
        return self.root / STATE / f"{key}.{suffix}"

    def _received(self, sources: Sequence[Source]) -> int:
        """Count the bytes of files of known size that earlier runs left and that are resumed."""
        return sum(min(self._part(s).size(), s.integrity.size or 0) for s in sources)

    def _is_there(self, source: Source, entries: dict[str, Entry]) -> bool:
        path = place_within(self.root, source.path)
        entry = entries.get(source.path)
        if entry is not None:
            agrees = entry.agrees_with(source.integrity)
            # A mirror with the same checksum is the same file; otherwise the address must fit.
            same_origin = entry.url == source.url or source.integrity.has_checksum
            if agrees and (same_origin or self.network.offline):
                return self._manifest.holds(entry, path)
            if agrees is not None:
                return False
        if not path.is_file():
            return False
        # Put there by hand, by a run that ended before it could note it, or noted with another
        # checksum than the source gives now.
        if not (source.integrity.has_checksum or self.network.offline):
            return False
        try:
            digest = digest_of(path, source.integrity.algorithm)
            source.integrity.check(path, size=path.stat().st_size, digest=digest)
            check_content(path, path.name)
        except DamagedError as damage:
            _logger.warning("%s is there but is not used: %s", path, damage)
            return False
        if source.integrity.has_checksum:
            # Noted, so that it is read once; a folder that cannot be written is read again.
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

    def _await(self, jobs: list[Future[None]]) -> None:
        """Wait for all; on an interruption let each worker end at its next chunk."""
        try:
            wait(jobs)
        except BaseException:
            self._stop.set()
            for job in jobs:
                job.cancel()
            raise

    def _fetch_one(self, source: Source, transfer: Transfer) -> None:
        path = place_within(self.root, source.path)
        make_directory(self.root / STATE)
        try:
            with (
                self._hosts[_host(source)],
                locked(self._state(source, "lock"), path, self._stop),
            ):
                if self._is_there(source, self._manifest.read()):
                    return
                make_directory(path.parent)
                self._persist(source, path, self._part(source), transfer)
        except OSError as error:
            if fault := machine_fault(error):
                raise environment_fault(fault, path) from error
            raise EnvironmentFault(
                f"cannot be written ({error.strerror or error})",
                path=path,
                remedy="mend the folder, or name another one with `downloads`",
            ) from error

    def _persist(self, source: Source, path: Path, part: Part, transfer: Transfer) -> None:
        """Attempt until the file is there, attempts run out or the fault is lasting."""
        attempt, spoilt, farthest = 0, 0, part.size()
        while True:
            if self._stop.is_set():
                raise StoppedError
            try:
                received = transfer.attempt(source.url, part, algorithm=source.integrity.algorithm)
                self._accept(source, path, part, received)
            except FaultError as fault:
                size = part.size()
                if fault.spoilt:
                    part.discard()
                    spoilt += 1
                attempt = 1 if size >= farthest + _REAL_PROGRESS else attempt + 1
                farthest = max(farthest, size)
                if spoilt >= _SPOILT_ATTEMPTS and fault.spoilt:
                    raise _spoilt(source, fault, spoilt) from fault
                self._give_up_or_wait(source, fault, attempt)
            else:
                return

    def _give_up_or_wait(self, source: Source, fault: FaultError, attempt: int) -> None:
        network = self.network
        delay = delay_before(attempt, fault=fault, network=network, jitter=self._jitter)
        if not fault.transient:
            raise _lasting(source, fault) from fault
        if attempt >= network.attempts:
            raise DownloadError(
                f"{fault.problem}, after {attempt} attempts",
                path=source.url,
                remedy="run again later; what has come is kept and resumed",
            )
        wanted = fault.retry_after
        if wanted is not None and wanted > network.retry_after_ceiling:
            raise DownloadError(
                f"{fault.problem}, and the server asks to wait {wanted:,.0f} s",
                path=source.url,
                remedy="run again after that time",
            )
        _logger.info("%s: %s; again in %.1f s", source.url, fault.problem, delay)
        if self._stop.wait(delay):
            raise StoppedError

    def _accept(self, source: Source, path: Path, part: Part, received: Received) -> None:
        """Check what came, give it its name and note it."""
        try:
            digest = _settled(part, path.name, source.integrity, received)
        except DamagedError as damage:
            raise FaultError(str(damage), spoilt=True) from damage
        part.promote(path)
        self._note(source, path, digest)


def _settled(part: Part, name: str, integrity: Integrity, received: Received) -> str:
    """Check what came, below a layer of gzip that the server put on; give its digest."""
    size, digest = received.size, received.digest
    wrapped = is_wrapped(part.path, name, received.encoding)
    # What the source itself describes so is not unwrapped: some files are gzip within gzip.
    if wrapped and not _fits(part, integrity, received):
        bare = part.path.with_suffix(".bare")
        try:
            unwrap_gzip(part.path, bare)
            bare.replace(part.path)
        finally:
            bare.unlink(missing_ok=True)
        size, digest = part.size(), digest_of(part.path, integrity.algorithm)
    integrity.check(part.path, size=size, digest=digest)
    check_content(part.path, name)
    return digest


def _fits(part: Part, integrity: Integrity, received: Received) -> bool:
    """Tell whether what came is, as it is, what the source says; False where it says nothing."""
    if integrity == Integrity():
        return False
    try:
        integrity.check(part.path, size=received.size, digest=received.digest)
    except DamagedError:
        return False
    return True


def _host(source: Source) -> str:
    return urlsplit(source.url).netloc


def _known_sizes(sources: Iterable[Source]) -> dict[str, int]:
    return {
        source.path: source.integrity.size
        for source in sources
        if source.integrity.size is not None
    }


def _spoilt(source: Source, fault: FaultError, n_times: int) -> DownloadError:
    return DownloadError(
        f"{fault.problem}, {n_times} times",
        path=source.url,
        remedy="nothing of it was kept; try later or a mirror",
    )


def _lasting(source: Source, fault: FaultError) -> DownloadError:
    if fault.absent:
        return NotFoundError(
            fault.problem, path=source.url, remedy="check the accession or the release"
        )
    return DownloadError(fault.problem, path=source.url)


def _offline(missing: list[Source]) -> DownloadError:
    names = ", ".join(f"{source.path} (from {source.url})" for source in missing)
    count = "1 file is" if len(missing) == 1 else f"{len(missing)} files are"
    return DownloadError(
        f"offline, and {count} missing: {names}", remedy="run once with the network"
    )


def _raise_first(errors: list[BaseException | None]) -> None:
    """Raise the first of several faults, telling how many more there are."""
    faults = [error for error in errors if error is not None]
    if not faults:
        return
    for fault in faults:
        if not isinstance(fault, LotwiseError):
            raise fault
    for fault in faults[1:]:
        _logger.error("%s", fault)
    raise faults[0]
