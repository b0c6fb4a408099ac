"""A command ends together with the process named to it."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from lotwise.cli.ancestor import ENDS_WITH
from lotwise.files.process import has_ended, name_process

pytestmark = pytest.mark.fault

WAITING = """
import lotwise.cli, time
from click import command
@command()
def waiting():
    print("waiting", flush=True)
    time.sleep(60)
lotwise.cli.LazyGroup.get_command = lambda *_: waiting
lotwise.cli.main()
"""


def start(name):
    return subprocess.Popen(
        [sys.executable, "-c", WAITING, "check"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), ENDS_WITH: name},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("when", ["during", "before"])
def test_main__ends_with_the_process_that_started_it(when):
    """Also where that was gone before the command had begun."""
    with subprocess.Popen(["sleep", "60"]) as parent:
        name = name_process(parent.pid)
        if when == "before":
            parent.kill()
            parent.wait()
        with start(name) as process:
            if when == "during":
                process.stdout.readline()
                parent.kill()
                parent.wait()
            begin = time.monotonic()
            _, err = process.communicate(timeout=30)
        assert time.monotonic() - begin < 10
    assert process.returncode == 143
    assert "terminated; no file was left incomplete" in err


@pytest.mark.parametrize("name", ["00000000:1:5", "nonsense", ""])
def test_has_ended__of_another_machine_it_is_not_known(name):
    assert not has_ended(name)


def test_has_ended__another_process_with_its_number():
    ours = name_process(os.getpid())
    assert not has_ended(ours)
    assert has_ended(ours.rpartition(":")[0] + ":1")
