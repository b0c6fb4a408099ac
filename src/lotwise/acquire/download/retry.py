"""Errors of one attempt, and the waiting time before the next."""

from __future__ import annotations

import email.utils
import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from lotwise.config.acquire import NetworkSettings
from lotwise.errors import EnvironmentFault, InputError

# 408 timeout, 425 too early, 429 too many requests; every 5xx may be temporary.
_TRANSIENT_STATUS: Final = frozenset({408, 425, 429})
# More new bytes than this restart the count of attempts.
_REAL_PROGRESS: Final = 1 << 20
# A file that is complete but wrong this many times is wrong at the source.
SPOILT_ATTEMPTS: Final = 3


class DownloadError(EnvironmentFault):
    """A file could not be downloaded (exit code 3)."""


class NotFoundError(DownloadError):
    """The server does not have the file (404 or 410)."""


class WrongAnswerError(InputError):
    """The received file is not of the requested kind, for example an error message."""


class FaultError(Exception):
    """One attempt failed.

    Parameters
    ----------
    problem
        What happened, for the user.
    transient
        Whether another attempt may succeed.
    retry_after
        Seconds that the server asked to wait, if given.
    absent
        The server does not have the file.
    spoilt
        The received data are wrong and must not be resumed.
    """

    def __init__(
        self,
        problem: str,
        *,
        transient: bool = True,
        retry_after: float | None = None,
        absent: bool = False,
        spoilt: bool = False,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.transient = transient
        self.retry_after = retry_after
        self.absent = absent
        self.spoilt = spoilt


def fault_of_status(status: int, reason: str, retry_after: str | None) -> FaultError:
    """Return the error of an HTTP status other than 200 or 206.

    Examples
    --------
    >>> fault = fault_of_status(429, "Too Many Requests", "7")
    >>> fault.problem, fault.transient, fault.retry_after
    ('HTTP 429 Too Many Requests', True, 7.0)
    >>> fault_of_status(404, "Not Found", None).transient
    False
    """
    return FaultError(
        f"HTTP {status} {reason}".rstrip(),
        transient=status in _TRANSIENT_STATUS or status >= 500,
        retry_after=seconds_to_wait(retry_after),
        absent=status in {204, 404, 410},
    )


def seconds_to_wait(retry_after: str | None) -> float | None:
    """Return the seconds of a ``Retry-After`` header: a number or an HTTP date (RFC 9110, 10.2.3).

    None if it is missing or invalid; never negative.
    """
    if retry_after is None:
        return None
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", retry_after):
        return float(retry_after)
    try:
        moment = email.utils.parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def delay_before(
    attempt: int, *, fault: FaultError, network: NetworkSettings, jitter: random.Random
) -> float:
    """Return the seconds to wait before attempt ``attempt`` (the first retry is 1).

    Exponential back-off with a random factor between 0.5 and 1, so that many clients do not
    retry at the same time; never shorter than the server's ``Retry-After``.
    """
    backoff = min(network.backoff * 2.0 ** (attempt - 1), network.backoff_ceiling)
    delay = backoff * (0.5 + jitter.random() / 2)
    return delay if fault.retry_after is None else max(delay, fault.retry_after)


class Attempts:
    """The failed attempts at one file, and what follows from them.

    Parameters
    ----------
    url
        The address, for messages.
    network
        Number of attempts, back-off and the longest wait.
    jitter
        The source of random factors of the back-off.
    received
        Bytes of the file that earlier runs left.
    """

    def __init__(
        self, url: str, network: NetworkSettings, jitter: random.Random, *, received: int
    ) -> None:
        self._url = url
        self._network = network
        self._jitter = jitter
        self._most_received = received
        self._failed = 0
        self._spoilt = 0

    def delay_after(self, fault: FaultError, *, received: int) -> float:
        """Return the seconds to wait before the next attempt.

        Parameters
        ----------
        fault
            Why the last attempt failed.
        received
            Bytes of the file when it failed.

        Raises
        ------
        DownloadError
            Another attempt is useless, or none is left.
        """
        if fault.spoilt:
            self._spoilt += 1
        progressed = received >= self._most_received + _REAL_PROGRESS
        self._failed = 1 if progressed else self._failed + 1
        self._most_received = max(self._most_received, received)
        problem = fault.problem
        remedy: str | None = None
        wanted = fault.retry_after
        if fault.spoilt and self._spoilt >= SPOILT_ATTEMPTS:
            problem += f", in each of {self._spoilt} attempts"
            remedy = "the file was not kept; try again later or use a mirror"
        elif fault.absent:
            raise NotFoundError(
                problem, path=self._url, remedy="check the accession or the release"
            ) from fault
        elif not fault.transient:
            pass
        elif self._failed >= self._network.attempts:
            problem += f", after {self._failed} attempts"
            remedy = "run again later; the download then continues after the received part"
        elif wanted is not None and wanted > self._network.retry_after_ceiling:
            problem += f", and the server asks to wait {wanted:,.0f} s"
            remedy = "run again after that time"
        else:
            return delay_before(
                self._failed, fault=fault, network=self._network, jitter=self._jitter
            )
        raise DownloadError(problem, path=self._url, remedy=remedy) from fault


def offline_error(missing: Mapping[str, str]) -> DownloadError:
    """Return the error for missing files, by path with their addresses."""
    names = ", ".join(f"{path} (from {url})" for path, url in missing.items())
    count = "1 file is" if len(missing) == 1 else f"{len(missing)} files are"
    return DownloadError(
        f"there is no network access (offline), but {count} missing: {names}",
        remedy="run once with network access",
    )
