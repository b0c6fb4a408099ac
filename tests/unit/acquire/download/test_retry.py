"""What follows from the failed attempts at one file."""

from __future__ import annotations

import random

import pytest

from lotwise.acquire.download.retry import Attempts, DownloadError, FaultError, NotFoundError
from lotwise.config.acquire import NetworkSettings

MEBIBYTE = 1 << 20


def attempts(**settings):
    network = NetworkSettings(**{"attempts": 3, "backoff": 1, **settings})
    return Attempts("https://host/file", network, random.SystemRandom(), received=0)


def test_delay_after__no_attempt_is_left():
    failed = attempts()
    first = failed.delay_after(FaultError("timeout"), received=0)
    second = failed.delay_after(FaultError("timeout"), received=0)
    assert 0.5 <= first <= 1 <= second <= 2
    with pytest.raises(DownloadError, match="timeout, after 3 attempts; run again later"):
        failed.delay_after(FaultError("timeout"), received=0)


def test_delay_after__real_progress_restarts_the_count_and_a_little_does_not():
    failed = attempts()
    for number in range(1, 20):
        assert failed.delay_after(FaultError("reset"), received=number * MEBIBYTE) <= 1
    failed.delay_after(FaultError("reset"), received=19 * MEBIBYTE + 1)
    with pytest.raises(DownloadError, match="after 3 attempts"):
        failed.delay_after(FaultError("reset"), received=19 * MEBIBYTE + 2)


def test_delay_after__bytes_that_were_discarded_are_not_progress_again():
    """A file that grows to the same size and is spoilt each time must not go on for ever."""
    failed = attempts(attempts=10)
    for _ in range(2):
        failed.delay_after(FaultError("checksum differs", spoilt=True), received=5 * MEBIBYTE)
    with pytest.raises(DownloadError, match="checksum differs, in each of 3 attempts; the file"):
        failed.delay_after(FaultError("checksum differs", spoilt=True), received=5 * MEBIBYTE)


def test_delay_after__permanent_errors_are_not_tried_again():
    with pytest.raises(NotFoundError, match="HTTP 404; check the accession"):
        attempts().delay_after(FaultError("HTTP 404", transient=False, absent=True), received=0)
    with pytest.raises(DownloadError, match=r"^https://host/file: HTTP 403$"):
        attempts().delay_after(FaultError("HTTP 403", transient=False), received=0)


def test_delay_after__waits_as_long_as_the_server_asks_up_to_a_limit():
    assert attempts().delay_after(FaultError("HTTP 429", retry_after=9), received=0) == 9
    busy = FaultError("HTTP 429", retry_after=1e6)
    with pytest.raises(DownloadError, match=r"the server asks to wait 1,000,000 s; run again"):
        attempts().delay_after(busy, received=0)
