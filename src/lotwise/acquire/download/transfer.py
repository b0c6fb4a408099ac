"""One attempt to receive a file, resuming the part left by an earlier attempt.

The received part is stored in ``NAME.part``. ``NAME.part.json`` stores what shows whether the
server's file is still the same (RFC 9110, 13.1.5: a strong ETag or the Last-Modified date).
Without either, the download starts again.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import httpx

from lotwise.acquire.download.connection import Connection, StoppedError
from lotwise.acquire.download.integrity import Algorithm, digest_of
from lotwise.acquire.download.progress import Progress
from lotwise.acquire.download.retry import FaultError, fault_of_status
from lotwise.acquire.download.source import Source, without_login
from lotwise.acquire.download.writer import FileWriter
from lotwise.config.acquire import NetworkSettings

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)


@dataclass(frozen=True)
class Origin:
    """The file and version from which the part was received."""

    url: str
    etag: str | None
    last_modified: str | None
    total: int | None
    encoding: str

    @property
    def validator(self) -> str | None:
        """The value for ``If-Range``; None if a part cannot be resumed safely."""
        if self.encoding != "identity":
            return None
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified


class Part:
    """The received part of one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._notes = path.with_name(path.name + ".json")

    def size(self) -> int:
        """Size on disk in bytes; 0 if nothing was received."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def origin(self) -> Origin | None:
        """Return the origin of the part; None if unknown."""
        try:
            return Origin(**json.loads(self._notes.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def begin(self, origin: Origin) -> None:
        """Start an empty part; its origin is on disk before the first byte."""
        self.discard()
        self._notes.write_text(json.dumps(asdict(origin)), encoding="utf-8")
        self.path.touch()

    def discard(self) -> None:
        """Delete the part."""
        self.path.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)

    def promote(self, target: Path) -> None:
        """Rename the complete file to its final name."""
        self.path.replace(target)
        self._notes.unlink(missing_ok=True)


@dataclass(frozen=True)
class Received:
    """A body received completely, not yet verified."""

    size: int
    digest: str
    encoding: str


@dataclass(frozen=True)
class Transfer:
    """Receives one file; each call of :meth:`attempt` is one request.

    Parameters
    ----------
    connection
        The connection; it defines time limits and redirects.
    network
        Time-outs and the slowest rate.
    progress
        Called with each chunk.
    reserve
        Called with the number of bytes of the file before they are written; raises an error if a
        limit would be exceeded.
    """

    connection: Connection
    network: NetworkSettings
    progress: Progress
    reserve: Callable[[int], None]

    def attempt(self, source: Source, part: Part) -> Received:
        """Receive the rest of ``source`` into ``part``.

        Raises
        ------
        FaultError
            The attempt failed; the error says whether another may succeed.
        StoppedError
            The run is being stopped.
        """
        url, algorithm = source.url, source.integrity.algorithm
        origin = part.origin()
        if origin is not None and origin.url == url and origin.total == part.size():
            # Received completely by a run that ended before it verified the file.
            return Received(part.size(), digest_of(part.path, algorithm), origin.encoding)
        offset, origin = _resumable(part, url)
        headers = {"Accept-Encoding": "identity"}
        if origin is not None:
            headers |= {"Range": f"bytes={offset}-", "If-Range": cast("str", origin.validator)}
        with (
            _faults_of_http(),
            self.connection.asking(
                "GET", url, headers=headers, auth=source.login, patience=_patience(self.network)
            ) as response,
        ):
            if origin is not None and response.status_code == 416:
                raise FaultError(
                    "HTTP 416: the file on the server is shorter than the part already received",
                    spoilt=True,
                )
            if response.status_code not in (200, 206):
                raise fault_of_status(
                    response.status_code,
                    response.reason_phrase,
                    response.headers.get("retry-after"),
                )
            _check_scheme(url, response)
            if response.status_code == 206:
                _check_continuation(response, origin, offset)
            else:
                offset, origin = 0, _origin_of(response, url)
                part.begin(origin)
            return self._receive(response, part, offset=offset, algorithm=algorithm)

    def _receive(
        self, response: httpx.Response, part: Part, *, offset: int, algorithm: Algorithm
    ) -> Received:
        origin = part.origin()
        total = origin.total if origin else None
        if total is not None:
            self.reserve(total)
        size = offset
        with FileWriter(part.path, algorithm) as writer:
            for chunk in self._chunks(response):
                size += len(chunk)
                if total is None:
                    self.reserve(size)
                writer.write(chunk)
        if total is not None and size != total:
            raise FaultError(f"the transfer ended after {size:,} of {total:,} bytes")
        return Received(size, writer.digest(), origin.encoding if origin else "identity")

    def _chunks(self, response: httpx.Response) -> Iterator[bytes]:
        window_start, window_bytes = time.monotonic(), 0
        for chunk in response.iter_raw():
            if self.connection.stop.is_set():
                raise StoppedError
            yield chunk
            self.progress.advance(len(chunk))
            window_bytes += len(chunk)
            elapsed = time.monotonic() - window_start
            if elapsed >= self.network.slow_window:
                if window_bytes < self.network.slowest_bytes_per_second * elapsed:
                    raise FaultError(
                        f"the transfer is too slow: {window_bytes / elapsed:,.0f} bytes per second"
                    )
                window_start, window_bytes = time.monotonic(), 0


def ask_size(connection: Connection, source: Source, network: NetworkSettings) -> int:
    """Request the size of a file without downloading it.

    Raises
    ------
    FaultError
        The server cannot be reached, does not have the file, or does not give its size.
    """
    headers = {"Accept-Encoding": "identity"}
    with (
        _faults_of_http(),
        connection.asking(
            "HEAD", source.url, headers=headers, auth=source.login, patience=_patience(network)
        ) as response,
    ):
        pass
    if response.status_code != 200:
        raise fault_of_status(response.status_code, response.reason_phrase, None)
    _check_scheme(source.url, response)
    total = _origin_of(response, source.url).total
    if total is None:
        raise FaultError("the server does not report the size of the file", transient=False)
    return total


def _patience(network: NetworkSettings) -> float:
    """Return the time limit, in seconds, for receiving the headers."""
    return network.connect_timeout + max(network.read_timeout, network.slow_window)


def _resumable(part: Part, url: str) -> tuple[int, Origin | None]:
    """Return where to continue and the origin; (0, None) to start again."""
    origin, size = part.origin(), part.size()
    if origin is None or origin.url != url or origin.validator is None or size == 0:
        return 0, None
    if origin.total is not None and size > origin.total:
        return 0, None
    return size, origin


def _origin_of(response: httpx.Response, url: str) -> Origin:
    length = response.headers.get("content-length", "")
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    return Origin(
        url=url,
        etag=response.headers.get("etag"),
        last_modified=response.headers.get("last-modified"),
        total=int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None,
        encoding={"x-gzip": "gzip", "": "identity"}.get(encoding, encoding),
    )


def _check_continuation(response: httpx.Response, origin: Origin | None, offset: int) -> None:
    """Check that a 206 response continues the same file."""
    where = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
    if origin is None or where is None or int(where[1]) != offset:
        raise FaultError("the server sent a different part of the file than requested", spoilt=True)
    total = None if where[3] == "*" else int(where[3])
    now = _origin_of(response, origin.url)
    for before, after in (
        (origin.total, total),
        (origin.etag, now.etag),
        (origin.last_modified, now.last_modified),
    ):
        if before is not None and after is not None and before != after:
            raise FaultError("the file on the server changed during the download", spoilt=True)


def _check_scheme(url: str, response: httpx.Response) -> None:
    if not url.startswith("https:"):
        return
    for address in (*(hop.url for hop in response.history), response.url):
        if address.scheme != "https":
            words = f"was redirected to an unencrypted address, {without_login(str(address))[0]}"
            raise FaultError(words, transient=False)


@contextmanager
def _faults_of_http() -> Iterator[None]:
    """Convert the exceptions of httpx into faults with plain messages."""
    try:
        yield
    except httpx.TooManyRedirects as error:
        raise FaultError("the redirects form a loop", transient=False) from error
    except httpx.ConnectTimeout as error:
        raise FaultError("no connection was made within the time limit") from error
    except httpx.TimeoutException as error:
        raise FaultError("no data were received within the time limit") from error
    except httpx.ConnectError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise FaultError(
                f"the server's certificate is not trusted ({_words(error)}); set 'ca_bundle' or "
                "'SSL_CERT_FILE' to the PEM file of the authority that signed it",
                transient=False,
            ) from error
        raise FaultError(f"no connection ({_words(error)})") from error
    except httpx.ProxyError as error:
        # A 4xx of a proxy is permanent: 407 requires a login, 403 forbids the address.
        lasting = re.match(r"4\d\d ", str(error)) is not None
        raise FaultError(
            f"the proxy refused the request ({_words(error)})", transient=not lasting
        ) from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise FaultError(f"cannot be requested ({_words(error)})", transient=False) from error
    except httpx.HTTPError as error:
        raise FaultError(f"the transfer was interrupted ({_words(error)})") from error


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
