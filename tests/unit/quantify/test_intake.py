"""Checks of several samples in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """
import sys
from pathlib import Path
from lotwise.quantify.intake import check_samples
from lotwise.samples import read_samples

if __name__ == "__main__":
    check_samples(read_samples("samples.tsv"), table=Path("intake.tsv"), threads=2)
"""


def children_of(pid):
    """Numbers of the processes that a process started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if int(parent) == pid:
            found.append(int(stat.parent.name))
    return found


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.fault
def test_check_samples__processes_end_with_a_killed_one(tmp_path):
    read = "@r{n}\n" + "ACGT" * 25 + "\n+\n" + "I" * 100 + "\n"
    text = "".join(read.format(n=n) for n in range(200_000))
    rows = ["sample\tbatch\tfastq_1"]
    for name in ("A", "B", "C", "D"):
        (tmp_path / f"{name}.fastq").write_text(text)
        rows.append(f"{name}\t{name}\t{name}.fastq")
    (tmp_path / "samples.tsv").write_text("\n".join(rows) + "\n")
    (tmp_path / "check.py").write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, "check.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    until = time.monotonic() + 60
    while len(children := children_of(process.pid)) < 3 and time.monotonic() < until:
        time.sleep(0.01)  # two that check, and the tracker of multiprocessing
    assert len(children) == 3
    process.kill()
    process.wait()
    until = time.monotonic() + 20
    while any(map(is_running, children)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(is_running, children))
