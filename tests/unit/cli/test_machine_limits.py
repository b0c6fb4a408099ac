"""Commands on a machine that lacks something: exit code 3 and one line, never a traceback."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.fault

FEW_FILES = """
import os, resource
import lotwise.cli
import lotwise.run.steps, lotwise.expression.read, lotwise.report.workbook, polars, anndata
import lotwise.cli.expression
n_open = len(os.listdir("/proc/self/fd"))
resource.setrlimit(resource.RLIMIT_NOFILE, (n_open - 1, n_open - 1))
lotwise.cli.main()
"""


def call(*arguments, code=None, limit=None, **environment):
    command = [sys.executable, *(["-c", code] if code else ["-m", "lotwise"])]
    return subprocess.run(
        [*command, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        preexec_fn=limit, capture_output=True, text=True, check=False,
    )  # fmt: skip


def require_fault(done, *words):
    assert done.returncode == 3, (done.returncode, done.stderr)
    [line] = [line for line in done.stderr.splitlines() if "error:" in line]
    assert "Traceback" not in done.stderr
    assert any(word in line for word in words), line


def fill(disk):
    """Leave no byte free."""
    with (disk / "ballast").open("wb", buffering=0) as ballast:
        try:
            while ballast.write(b"\0" * 4096):
                pass
        except OSError:
            return


@pytest.fixture
def results(recorded_run, tmp_path):
    """Results that a test may change."""
    return shutil.copytree(recorded_run / "results", tmp_path / "results")


def test_workbook__temporary_folder_on_a_full_disk(results, small_disk):
    fill(small_disk)
    done = call("workbook", results, TMPDIR=str(small_disk))
    # Python falls back on another folder where the first cannot be written at all.
    assert done.returncode in {0, 3}, done.stderr
    assert "Traceback" not in done.stderr


def test_workbook__a_full_temporary_folder_does_not_matter(results, small_disk):
    fill(small_disk)
    done = call("workbook", results, TMPDIR=str(small_disk))
    assert done.returncode == 0, done.stderr
    assert (results / "tables.xlsx").is_file()


def test_workbook__disk_of_the_results_is_full(recorded_run, small_disk):
    folder = small_disk / "results"
    (folder / "correlation").mkdir(parents=True)
    shutil.copy(recorded_run / "results" / "correlation" / "gene.pairs.tsv", folder / "correlation")
    fill(small_disk)
    done = call("workbook", folder)
    require_fault(done, "the disk is full")


def test_expression__longest_file_of_a_process(study):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    done = call("expression", study.sheet, "--out", study.out, "--tx2gene", study.tx2gene,
                limit=limit)  # fmt: skip
    require_fault(done, "ulimit -f")


def test_expression__too_many_open_files(study):
    done = call("expression", study.sheet, "--out", study.out, "--tx2gene", study.tx2gene,
                code=FEW_FILES)  # fmt: skip
    require_fault(done, "ulimit -n", "Too many open files")


def test_figures__a_disk_that_fills_up_under_another_process(study, small_disk):
    """Figures are written beside the process that was called; its exit code is that of a fault."""
    first = call("expression", study.sheet, "--out", study.out, "--tx2gene", study.tx2gene)
    assert first.returncode == 0, first.stderr
    (study.out / "figures").symlink_to(small_disk)
    fill(small_disk)
    done = call("figures", "gene", "--out", study.out, OMP_NUM_THREADS="2")
    require_fault(done, "the disk is full")
