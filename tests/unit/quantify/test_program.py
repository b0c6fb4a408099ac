import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lotwise.errors import EnvironmentFault, InputError
from lotwise.quantify.program import ask_version, find_program, run_program


@pytest.fixture
def script(tmp_path):
    def write(body, name="tool"):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return write


def run(program, tmp_path):
    return run_program(
        [program, "quant"], version="1", log=tmp_path / "l" / "log", workspace=tmp_path
    )


def test_run_program__keeps_the_call_and_all_that_was_printed(script, tmp_path):
    call = run(script("echo out; echo err >&2"), tmp_path)
    assert (call.program, call.version, call.exit_status) == ("tool", "1", 0)
    assert call.command[1:] == ("quant",)
    log = (tmp_path / "l" / "log").read_text().splitlines()
    assert log[0].endswith("tool quant")
    assert sorted(log[1:]) == ["err", "out"]


def test_run_program__a_failure_is_one_line_with_the_complaint_and_the_log(script, tmp_path):
    body = "echo reading; echo 'Error: index is of version 3' >&2; echo bye; exit 7"
    with pytest.raises(
        InputError, match=r"^tool ended with exit status 7: 'Error: index is of version 3'; "
    ) as caught:
        run(script(body), tmp_path)
    assert str(tmp_path / "l" / "log") in str(caught.value)


def test_run_program__cites_the_last_line_where_nothing_complains(script, tmp_path):
    with pytest.raises(InputError, match=r"status 1: 'last'"):
        run(script("echo first; echo last; exit 1"), tmp_path)


def test_run_program__killed(script, tmp_path):
    with pytest.raises(EnvironmentFault, match=r"tool was killed by SIGKILL; .*see the log"):
        run(script("kill -9 $$"), tmp_path)


def test_run_program__disk_full_by_the_programs_own_word(script, tmp_path):
    body = "echo 'write: No space left on device'; exit 1"
    with pytest.raises(EnvironmentFault, match=r"tool could not write: the disk is full"):
        run(script(body), tmp_path)


def test_run_program__not_a_program(tmp_path):
    (tmp_path / "tool").write_text("no shebang and not executable")
    with pytest.raises(EnvironmentFault, match=r"cannot be started"):
        run(tmp_path / "tool", tmp_path)


def test_find_program__configured_path_must_be_a_program(tmp_path):
    with pytest.raises(
        InputError, match=r"is not an executable file; give the path of the program salmon"
    ):
        find_program("salmon", configured=tmp_path / "absent", install="x")


def test_find_program__nowhere_says_how_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentFault, match=r"no program salmon in PATH; install salmon"):
        find_program("salmon", configured=None, install="install salmon")


def test_ask_version__a_program_that_prints_none(script):
    with pytest.raises(EnvironmentFault, match=r"was run with '--version' and printed no version"):
        ask_version((script("echo hello"), "--version"), r"version (\S+)")


KILLED = """
import sys
from pathlib import Path
from lotwise.quantify.program import run_program
folder = Path(sys.argv[1])
run_program([sys.argv[2]], version="1", log=folder / "log", workspace=folder)
"""


@pytest.mark.fault
def test_run_program__a_killed_lotwise_leaves_no_program_running(script, tmp_path):
    """Neither the program nor what it started: as RSEM starts its aligner."""
    pids = tmp_path / "pids"
    program = script(f"sleep 60 & echo $$ $! > {pids}.new; mv {pids}.new {pids}; wait")
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path, program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as lotwise:
        for _ in range(600):
            if pids.exists():
                break
            time.sleep(0.05)
        lotwise.kill()
    started = [int(pid) for pid in pids.read_text().split()]
    assert len(started) == 2
    for _ in range(100):
        if not any(is_running(pid) for pid in started):
            break
        time.sleep(0.05)
    assert not any(is_running(pid) for pid in started)


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_run_program__no_watcher_is_left(script, tmp_path):
    run_program([script("exit 0")], version="1", log=tmp_path / "log", workspace=tmp_path)
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    names = [Path(f"/proc/{pid}/comm").read_text().strip() for pid in children]
    assert "sh" not in names
