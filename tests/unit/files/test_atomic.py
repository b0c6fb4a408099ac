"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lotwise.errors import EnvironmentFault, InputError
from lotwise.files.atomic import atomic_directory, atomic_path, exclusive, scratch_directory
from lotwise.files.process import machine


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit])
def test_atomic_path__a_fault_keeps_the_older_file_alone(tmp_path, fault):
    target = tmp_path / "r.tsv"
    target.write_text("old")

    def write():
        with atomic_path(target) as temporary:
            temporary.write_text("half")
            raise fault

    with pytest.raises(fault):
        write()
    assert [path.name for path in tmp_path.iterdir()] == ["r.tsv"]
    assert target.read_text() == "old"


def test_atomic_path__keeps_the_suffixes_and_makes_folders(tmp_path):
    with atomic_path(tmp_path / "a" / "b" / "r.tsv.gz") as temporary:
        assert temporary.name.endswith("r.tsv.gz")
        assert temporary.parent == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b" / "r.tsv.gz").is_file()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_atomic_path__full_disk(tmp_path, number):
    with pytest.raises(EnvironmentFault, match="the disk is full"), atomic_path(tmp_path / "r"):
        raise OSError(number, os.strerror(number))
    assert list(tmp_path.iterdir()) == []


def test_atomic_path__a_folder_is_in_the_way(tmp_path):
    (tmp_path / "r").mkdir()
    with (
        pytest.raises(InputError, match=r"cannot be written \(Is a directory\)"),
        atomic_path(tmp_path / "r"),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_atomic_directory__replaces_whole_or_not(tmp_path):
    target = tmp_path / "d"
    for name in ("one", "two"):
        with atomic_directory(target) as temporary:
            (temporary / name).touch()
        assert [path.name for path in target.iterdir()] == [name]
    with pytest.raises(FileNotFoundError, match="no_such"), atomic_directory(target) as temporary:
        (temporary / "no_such" / "three").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["d", "two"]


@pytest.mark.parametrize("failing", ["rename", "replace"])
def test_atomic_directory__an_interruption_keeps_the_older(tmp_path, monkeypatch, failing):
    """Also between the moment when the older is gone and that when the new one is there."""
    target = tmp_path / "d"
    with atomic_directory(target) as temporary:
        (temporary / "one").touch()
    real = Path.rename

    def interrupt(path, to):
        if failing == "rename":
            real(path, to)
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, failing, interrupt)
    with pytest.raises(KeyboardInterrupt), atomic_directory(target) as temporary:
        (temporary / "two").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["d", "one"]


WRITER = """
import sys
from lotwise.files.atomic import atomic_directory, atomic_path, exclusive
from lotwise.files.process import machine
with {kind}(sys.argv[1]) as temporary:
    print(temporary.name, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("kind", [atomic_path, atomic_directory])
def test_atomic__sweeps_what_a_killed_process_left_and_no_more(tmp_path, kind):
    code = WRITER.format(kind=kind.__name__)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code, tmp_path / name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name in ("r.tsv", "r.tsv", "s-r.tsv")
    ]  # fmt: skip
    killed, alive, other = ((writer, writer.stdout.readline().strip()) for writer in writers)
    for writer, _ in (killed, other):
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    with kind(tmp_path / "r.tsv"):
        pass
    left = {path.name for path in tmp_path.iterdir()}
    alive[0].kill()
    for writer in writers:
        writer.communicate()
    assert left == {"r.tsv", alive[1], other[1]}
    with kind(tmp_path / "r.tsv"), kind(tmp_path / "s-r.tsv"):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"r.tsv", "s-r.tsv"}


def test_atomic_path__what_another_machine_left_is_swept_after_a_day(tmp_path):
    left = tmp_path / ".tmp-00000000-1-00000000-r.tsv"
    left.write_text("half")
    for age, names in ((80_000, {"r.tsv", left.name}), (90_000, {"r.tsv"})):
        before = left.stat().st_mtime - age
        os.utime(left, (before, before))
        with atomic_path(tmp_path / "r.tsv"):
            pass
        assert {path.name for path in tmp_path.iterdir()} == names


def test_atomic_directory__is_as_old_as_what_was_written_last_in_it(tmp_path):
    """A quantifier of another machine writes into a folder that it made days ago."""
    left = tmp_path / ".tmp-00000000-1-00000000-S1"
    left.mkdir()
    (left / "bam").write_text("half")
    before = left.stat().st_mtime - 90_000
    os.utime(left, (before, before))
    with atomic_directory(tmp_path / "S1"):
        pass
    assert left.exists()
    os.utime(left / "bam", (before, before))
    with atomic_directory(tmp_path / "S1"):
        pass
    assert not left.exists()


def test_atomic_path__a_name_as_long_as_a_file_system_takes(tmp_path):
    """A temporary name is longer than the final name."""
    target = tmp_path / ("n" * 240 + ".results.tsv.gz")
    with atomic_path(target) as temporary:
        assert temporary.name.endswith(".results.tsv.gz")
        temporary.write_text("whole")
    assert target.read_text() == "whole"
    with atomic_directory(tmp_path / ("é" * 127)) as folder:
        (folder / "a").touch()
    assert len(list(tmp_path.iterdir())) == 2


def test_atomic_path__a_process_number_of_another_container_is_not_trusted(tmp_path, monkeypatch):
    """Two containers with one host name: each has processes 1, 2, 3..."""
    ours = machine()
    monkeypatch.setattr(Path, "readlink", lambda _path: Path("pid:[1]"))
    machine.cache_clear()
    theirs = machine()
    monkeypatch.undo()
    machine.cache_clear()
    assert ours == machine() != theirs
    left = tmp_path / f".tmp-{theirs}-999999999-00000000-r.tsv"
    left.touch()
    with atomic_path(tmp_path / "r.tsv"):
        pass
    assert left.exists()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EMFILE, r"r: too many files are open; raise the limit \(ulimit -n\)"),
        (errno.EFBIG, "r: a file reached the size limit of this process"),
        (errno.EIO, "r: the disk reports an input/output error"),
    ],
)
def test_atomic_path__limits_of_the_machine_are_no_wrong_input(tmp_path, number, words):
    with pytest.raises(EnvironmentFault, match=words), atomic_path(tmp_path / "r"):
        raise OSError(number, os.strerror(number))


def test_exclusive__says_what_it_waits_for_and_gives_up(tmp_path, caplog):
    lock = tmp_path / "r.lock"
    with (
        exclusive(lock),
        pytest.raises(
            EnvironmentFault, match=r"another process has been using this lock file for 0 s; wait"
        ),
        exclusive(lock, patience=0.1),
    ):
        pass
    assert f"{lock}: waiting for another process" in caplog.text
    with exclusive(lock, patience=0.1):
        pass


def test_scratch_directory__is_gone_at_the_end_also_of_a_failure(tmp_path):
    def work(fault=None):
        with scratch_directory(tmp_path / "sample") as scratch:
            (scratch / "part").write_text("x")
            assert scratch.parent == tmp_path
            if fault is not None:
                raise fault

    work()
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="planted"):
        work(ValueError("planted"))
    assert not list(tmp_path.iterdir())


def test_scratch_directory__of_a_killed_process_is_removed_by_the_next_writer(tmp_path):
    program = (
        "import os, signal, sys; from lotwise.files.atomic import scratch_directory\n"
        "with scratch_directory(sys.argv[1]) as scratch:\n"
        "    (scratch / 'part').write_text('x'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, tmp_path / "sample"], check=False)
    assert killed.returncode == -9
    assert len(list(tmp_path.iterdir())) == 1
    with atomic_directory(tmp_path / "sample"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["sample"]
