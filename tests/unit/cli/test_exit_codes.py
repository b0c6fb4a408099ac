"""Exit codes that a closed pipe, a full disk or a defect must not turn into an answer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# A command that says much and then that the answer is no, or does what else it is given.
SAYS_NO = """
import click
import lotwise.cli
from lotwise.errors import RefusedError

@click.command()
def command():
    for _ in range({n_lines}):
        click.echo("x" * 80)
    {end}

lotwise.cli.LazyGroup.get_command = lambda *_: command
lotwise.cli.main()
"""
REFUSES = 'raise RefusedError("the answer is no")'


def start(end: str, *, n_lines: int = 0, **streams: object) -> subprocess.Popen[bytes]:
    code = SAYS_NO.format(end=end, n_lines=n_lines)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", code, "check"], env=environment, **streams)


@pytest.mark.parametrize(("end", "exit_code"), [(REFUSES, 1), ("pass", 0)])
def test_main__a_closed_pipe_does_not_change_the_answer(end, exit_code):
    pipe = subprocess.PIPE
    with start(end, n_lines=5_000, stdout=pipe, stderr=pipe) as process:
        process.stdout.close()
        said = process.stderr.read().decode()
        assert process.wait() == exit_code
    assert ("the answer is no" in said) == (exit_code == 1)
    assert "BrokenPipe" not in said


def test_main__both_streams_closed():
    with start(REFUSES, n_lines=10, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        process.stdout.close()
        assert process.wait() == 1


@pytest.mark.parametrize("n_lines", [1, 5_000])
def test_main__standard_output_on_a_full_disk(n_lines, lack):
    if not Path("/dev/full").exists():
        lack("needs /dev/full")
    with Path("/dev/full").open("wb") as full:
        process = start("pass", n_lines=n_lines, stdout=full, stderr=subprocess.PIPE)
        said = process.communicate()[1].decode()
    assert process.returncode == 3
    assert said == "lotwise: error: the disk is full; free some space and run again\n"


def test_main__a_defect_is_no_answer():
    process = start("1 / 0", stderr=subprocess.PIPE)
    said = process.communicate()[1].decode()
    assert process.returncode == 70
    assert said.startswith("Traceback (most recent call last):")
    assert said.endswith("ZeroDivisionError: division by zero\n")
