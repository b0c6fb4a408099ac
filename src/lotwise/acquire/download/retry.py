"""Faults of one attempt, and how long to wait before the next."""

from __future__ import annotations

import email.utils
import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from lotwise.config.acquire import NetworkSettings
from lotwise.errors import EnvironmentFault, InputError

# 408 too slow, 425 too early, 429 too many; every 5xx may pass.
_TRANSIENT_STATUS: Final = frozenset({408, 425, 429})


class DownloadError(EnvironmentFault):
    """A file could not be had from the network (exit code 3)."""


class NotFoundError(DownloadError):
    """The server says that there is no such file (404 or 410)."""


class WrongAnswerError(InputError):
    """What was fetched is not the kind of file that was asked for, such as an apology."""


class FaultError(Exception):
    """One attempt failed.

    Parameters
    ----------
    problem
        What happened, in words for the user.
    transient
        Whether another attempt may succeed.
    retry_after
        Seconds that the server asked to wait, if it did.
    absent
        The server said that there is no such file.
    spoilt
        What has been received is wrong and must not be resumed.
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
    """Turn an HTTP status that is not 200 or 206 into a fault.

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
    """Read a ``Retry-After`` header: seconds or an HTTP date (RFC 9110, 10.2.3).

    None where there is none or it cannot be read; never negative.
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
    """Seconds to wait before attempt ``attempt`` (the first repeat is 1).

    Exponential back-off with jitter between half and all of it, so that many clients
    do not come back together; never shorter than the server's ``Retry-After``.
    """
    backoff = min(network.backoff * 2.0 ** (attempt - 1), network.backoff_ceiling)
    delay = backoff * (0.5 + jitter.random() / 2)
    return delay if fault.retry_after is None else max(delay, fault.retry_after)


def spoilt_error(url: str, fault: FaultError, n_times: int) -> DownloadError:
    """Make the error of a file that came whole and wrong each time."""
    return DownloadError(
        f"{fault.problem}, {n_times} times",
        path=url,
        remedy="nothing of it was kept; try later or a mirror",
    )


def lasting_error(url: str, fault: FaultError) -> DownloadError:
    """Make the error of a fault that another attempt would meet again."""
    if fault.absent:
        return NotFoundError(fault.problem, path=url, remedy="check the accession or the release")
    return DownloadError(fault.problem, path=url)


def offline_error(missing: Mapping[str, str]) -> DownloadError:
    """Make the error of files, by path with their addresses, that are not there."""
    names = ", ".join(f"{path} (from {url})" for path, url in missing.items())
    count = "1 file is" if len(missing) == 1 else f"{len(missing)} files are"
    return DownloadError(
        f"offline, and {count} missing: {names}", remedy="run once with the network"
    )
