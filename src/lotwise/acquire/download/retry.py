"""Faults of one attempt, and how long to wait before the next."""

from __future__ import annotations

import email.utils
import random
import re
from datetime import UTC, datetime
from typing import Final

from lotwise.config.acquire import NetworkSettings
from lotwise.errors import EnvironmentFault

# 408 too slow, 425 too early, 429 too many; every 5xx may pass.
_TRANSIENT_STATUS: Final = frozenset({408, 425, 429})


class DownloadError(EnvironmentFault):
    """A file could not be had from the network (exit code 3)."""


class NotFoundError(DownloadError):
    """The server says that there is no such file (404 or 410)."""


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
    if re.fullmatch(r"\s*\d{1,9}\s*", retry_after):
        return float(retry_after)
    try:
        moment = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
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
