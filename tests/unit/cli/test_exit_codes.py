"""Exit codes that a closed pipe, a full disk or a defect must not turn into an answer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.fault

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


# An answer, and what the command line says of it.
ENDS = {
    "done": ("pass", 0),
    "no": (REFUSES, 1),
    "wrong input": ('from lotwise.errors import InputError; raise InputError("wrong")', 2),
    "no network": ('from lotwise.errors import EnvironmentFault; raise EnvironmentFault("no")', 3),
    "defect": ("1 / 0", 70),
    "warning": ('import warnings; warnings.warn("look", stacklevel=1)', 0),
    "log": ('import logging; logging.getLogger("lotwise").warning("look")', 0),
    "call": ('raise click.UsageError("so not")', 2),
}
LOSES = {">/dev/full": 1, "2>/dev/full": 2, ">/dev/full 2>&1": 0}


@pytest.mark.parametrize("redirect", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", *LOSES])
@pytest.mark.parametrize("end", ENDS)
def test_main__closed_and_full_streams_do_not_change_the_answer(end, redirect, lack):
    """The true exit code; 3 instead of 0 where words of the command are lost."""
    if not Path("/dev/full").exists():
        lack("needs /dev/full")
    words, code = ENDS[end]
    speaks = end in {"warning", "log"}
    lost = (redirect in {">/dev/full", ">/dev/full 2>&1"}) or (speaks and redirect in LOSES)
    expected = 3 if code == 0 and lost else code
    script = SAYS_NO.format(end=words, n_lines=3)
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$@" {redirect}', "sh", sys.executable, "-c", script, "check"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == expected, done.stderr
    if end != "defect":
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("n_lines", [1, 5_000])
def test_main__standard_output_on_a_full_disk(n_lines, lack):
    if not Path("/dev/full").exists():
        lack("needs /dev/full")
    with Path("/dev/full").open("wb") as full:
        process = start("pass", n_lines=n_lines, stdout=full, stderr=subprocess.PIPE)
        said = process.communicate()[1].decode()
    assert process.returncode == 3
    assert said == "lotwise: error: the disk is full; free disk space and run again\n"


def test_main__a_closed_stream_is_not_the_next_file_that_is_opened(tmp_path):
    """What a library prints to stream 1 would end in a result."""
    end = f'out = open({str(tmp_path / "r.tsv")!r}, "w"); import os; os.write(1, b"noise")'
    subprocess.run(
        ["/bin/sh", "-c", '"$@" >&-', "sh", sys.executable, "-c",
         SAYS_NO.format(end=end, n_lines=0), "check"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=True,
    )  # fmt: skip
    assert (tmp_path / "r.tsv").read_bytes() == b""


def test_main__what_a_terminal_obeys_is_shown_as_its_code():
    end = r'click.echo("lot \x1b]0;owned\x07 \x9b31m \u202egnp.exe")'
    process = start(end, stdout=subprocess.PIPE)
    said = process.communicate()[0].decode()
    assert said == "lot \\x1b]0;owned\\x07 \\x9b31m \\u202egnp.exe\n"


def test_main__a_defect_is_no_answer():
    process = start("1 / 0", stderr=subprocess.PIPE)
    said = process.communicate()[1].decode()
    assert process.returncode == 70
    assert said.startswith("Traceback (most recent call last):")
    assert said.endswith("ZeroDivisionError: division by zero\n")
