"""What benchmarks/run.py makes of what the scripts measure."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEASURING = """
from timing import Held, Timing, report
def timing(name, seconds):
    return Timing(name=name, seconds=seconds, processor=seconds, megabytes=1, elapsed=(seconds,))
report("{name}", timing("lotwise", 2.0), [timing("peer", 5.0)], {bounds})
"""


@pytest.fixture
def run(tmp_path):
    """A folder of benchmarks with made-up cases; gives the command that runs them."""
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    for name in ("run.py", "timing.py"):
        shutil.copy(ROOT / "benchmarks" / name, folder)
    docs = tmp_path / "docs"
    docs.mkdir()
    shutil.copy(ROOT / "docs" / "benchmarks.md", docs)
    for name, bounds in {
        "good": "needed={'peer': 2.5}, most_seconds=2, most_megabytes=1",
        "slow": "needed={'peer': 3}",
        "late": "most_seconds=1.9",
        "undefined": "held=[Held(what='digits', value=float('nan'), most=1)]",
        "untimed": "needed={'R': 1}",
    }.items():
        (folder / f"{name}.py").write_text(MEASURING.format(name=name, bounds=bounds))
    (folder / "dies.py").write_text("import sys\nsys.exit('no data')\n")
    (folder / "mute.py").write_text("")

    def call(*cases):
        done = subprocess.run(
            [sys.executable, folder / "run.py", *cases],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr, (docs / "benchmarks.md").read_text()

    return call


def test_run__what_is_within_its_bounds_ends_with_0(run):
    code, said, page = run("good")
    assert (code, said) == (0, "")
    assert (
        "| good (`good.py`) | lotwise | 2.00 | 1 MB | s 2 (at most 2); MB 1 (at most 1) |" in page
    )
    assert "|  | peer | 5.00 | 1 MB | 2.5 (needed 2.5) |" in page
    assert "No bound was missed." in page


@pytest.mark.parametrize(
    ("case", "fault"),
    [
        ("slow", "slow, slow: peer / lotwise = 2.5, needed 3"),
        ("late", "late, late: s: 2, at most 1.9"),
        ("undefined", "undefined, undefined: digits: nan, at most 1"),
        ("untimed", "untimed, untimed: R was not timed (needed 1)"),
        ("dies", "dies ended with 1"),
        ("mute", "mute wrote no row"),
    ],
)
def test_run__what_is_not_is_named_and_ends_with_1(run, case, fault):
    code, said, page = run(case, "good")
    assert code == 1
    assert fault in said
    assert "good" not in said.splitlines()[-1]
    assert "| good (`good.py`)" in page
