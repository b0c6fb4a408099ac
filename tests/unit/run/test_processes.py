"""Work in other processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from lotwise.errors import EnvironmentFault, InputError, LotwiseWarning
from lotwise.files.atomic import atomic_path
from lotwise.files.written import note_written
from lotwise.run.processes import Beside
from lotwise.workers import limit_threads


def note_process(folder, name):
    """Leave the number of the process that ran this."""
    time.sleep(0.05)
    (folder / name).write_text(str(os.getpid()))


def write_process(path):
    with atomic_path(path) as temporary:
        time.sleep(0.05)
        temporary.write_text(str(os.getpid()))


def refuse(path):
    raise InputError("is empty", path=path, remedy="fill it")


def fail():
    raise _Unsendable(1, 2)


class _Unsendable(Exception):  # noqa: N818
    def __init__(self, one, two):
        super().__init__(f"{one + two - 1} were needed")


def warn(words):
    warnings.warn(words, LotwiseWarning, stacklevel=1)


def kill_myself():
    os.kill(os.getpid(), signal.SIGKILL)


def processes(folder):
    return {int(path.read_text()) for path in folder.iterdir()}


def test_run__one_thread_stays_in_this_process(tmp_path):
    with limit_threads(1), Beside() as beside:
        for number in range(3):
            beside.run(note_process, tmp_path, str(number))
        assert len(list(tmp_path.iterdir())) == 3
    assert processes(tmp_path) == {os.getpid()}


def test_run__this_process_takes_part_and_no_more_than_the_limit_do(tmp_path):
    with limit_threads(3), Beside() as beside:
        for number in range(80):
            beside.run(note_process, tmp_path, str(number))
    assert len(list(tmp_path.iterdir())) == 80
    assert os.getpid() in processes(tmp_path)
    assert 2 <= len(processes(tmp_path)) <= 3


def test_run__what_cannot_be_sent_is_done_here(tmp_path):
    with limit_threads(2), Beside() as beside:
        beside.run(lambda: note_process(tmp_path, "here"))
    assert processes(tmp_path) == {os.getpid()}


def first_beside(beside, function, *arguments):
    """Have another process begin with a call before this one could take it over."""
    beside.run(function, *arguments)
    while not beside._tasks[0].answer.running() and not beside._tasks[0].answer.done():
        time.sleep(0.01)


def test_run__an_error_is_that_of_the_call(tmp_path):
    with (
        limit_threads(2),
        pytest.raises(InputError, match=r"sheet.tsv: is empty; fill it") as raised,
        Beside() as beside,
    ):
        first_beside(beside, refuse, "sheet.tsv")
    assert raised.value.remedy == "fill it"


def test_run__an_error_that_cannot_be_sent_goes_as_its_words():
    with limit_threads(2), pytest.raises(RuntimeError, match="2 were needed"), Beside() as beside:
        first_beside(beside, fail)


def test_run__warnings_are_given_here():
    with (
        limit_threads(2),
        pytest.warns(LotwiseWarning, match="look at it"),
        Beside() as beside,
    ):
        first_beside(beside, warn, "look at it")


def test_run__a_killed_process_is_an_environment_problem():
    with (
        limit_threads(2),
        pytest.raises(
            EnvironmentFault, match=r"ended unexpectedly \(exit status -9\); check whether"
        ),
        Beside() as beside,
    ):
        first_beside(beside, kill_myself)


def interrupted(beside, folder):
    with beside:
        first_beside(beside, note_process, folder, "one")
        beside.run(time.sleep, 60)
        raise KeyboardInterrupt


def test_beside__leaves_no_process_after_an_interruption(tmp_path):
    with limit_threads(2):
        beside = Beside()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            interrupted(beside, tmp_path)
    assert time.monotonic() - started < 50
    assert [child.poll() is not None for child in beside._children] == [True]


SCRIPT = """
from pathlib import Path
from lotwise.run.processes import Beside
from lotwise.workers import limit_threads
print("once")
with limit_threads(2), Beside() as beside:
    beside.run(Path.touch, Path("made"))
"""


@pytest.mark.parametrize("form", ["file", "notebook"])
def test_beside__a_script_without_a_guard_runs_once(tmp_path, form):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    words = [str(script)] if form == "file" else ["-c", SCRIPT]
    done = subprocess.run(
        [sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["once"]
    assert Path(tmp_path, "made").exists()


def test_run__what_another_process_wrote_is_noted_here(tmp_path):
    made = [tmp_path / f"{n}.tsv" for n in range(4)]
    with limit_threads(3), note_written() as written, Beside() as beside:
        for path in made:
            beside.run(write_process, path)
    assert set(written) == {*made}
    assert {path.read_text() for path in made} != {str(os.getpid())}
