"""Failures of the machine are distinguished from errors of the input."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from lotwise.files.machine import machine_fault


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the disk is full"),
        (OSError("h5py: can't write, error message = 'No space left on device'"), "disk is full"),
        (RuntimeError("IO error: Too many open files (os error 24)"), "ulimit -n"),
        (FileNotFoundError(2, "No usable temporary directory found in ['/tmp']"), "set TMPDIR"),
        (MemoryError(), "memory ran out"),
        (RuntimeError("can't start new thread"), "ulimit -u"),
    ],
)
def test_machine_fault__says_what_to_do(error, words):
    assert words in machine_fault(error)


def test_machine_fault__looks_at_what_the_error_was_raised_from():
    def fail():
        try:
            with Path("/dev/full").open("w") as full:
                full.write("x")
        except OSError:
            raise ValueError("cannot write the workbook") from None

    with pytest.raises(ValueError, match="workbook") as raised:
        fail()
    assert "the disk is full" in machine_fault(raised.value)


@pytest.mark.parametrize("error", [ValueError("1 / 0"), PermissionError(errno.EACCES, "no")])
def test_machine_fault__nothing_of_the_machine(error):
    assert machine_fault(error) is None
