import subprocess
import sys

import pytest

from lotwise.errors import InputError
from lotwise.files.checksums import checksum
from lotwise.quantify.cache import cached_directory

BUILD_SLOWLY = """
import sys, time
from pathlib import Path
from lotwise.quantify.cache import cached_directory
def build(directory):
    with open(sys.argv[2], "a") as record:
        record.write("built\\n")
    time.sleep(0.5)
    (directory / "index").write_text("whole")
directory = cached_directory(Path(sys.argv[1]), "x", {"v": 1}, build)
assert (directory / "index").read_text() == "whole"
"""


def test_cached_directory__two_processes_build_once(tmp_path):
    command = [sys.executable, "-c", BUILD_SLOWLY, str(tmp_path / "cache"), str(tmp_path / "log")]
    processes = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert (tmp_path / "log").read_text() == "built\n"


def test_cached_directory__a_failed_build_leaves_nothing(tmp_path):
    def fail(directory):
        (directory / "half").touch()
        raise InputError("no")

    with pytest.raises(InputError, match=r"^no$"):
        cached_directory(tmp_path, "x", {}, fail)
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_cached_directory__another_key_is_another_directory(tmp_path):
    def build(directory):
        (directory / "a").touch()

    assert cached_directory(tmp_path, "x", {"version": "1"}, build) != cached_directory(
        tmp_path, "x", {"version": "2"}, build
    )


def test_cached_directory__one_without_its_key_is_built_again(tmp_path):
    def build(directory):
        (directory / "a").write_text("new")

    directory = cached_directory(tmp_path, "x", {}, build)
    (directory / "lotwise.key.json").unlink()
    (directory / "a").write_text("damaged")
    assert (cached_directory(tmp_path, "x", {}, build) / "a").read_text() == "new"


def test_checksum__is_sha256_and_refuses_what_is_not_there(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert checksum(tmp_path / "a").startswith("ba7816bf8f01cfea")
    with pytest.raises(InputError, match="cannot be read"):
        checksum(tmp_path / "b")
