"""A run that is stopped, or finds the disk full, leaves whole files or none."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time

import anndata
import numpy as np
import pytest

pytestmark = pytest.mark.fault

N_ISOFORMS = 30_000


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Four samples of 30,000 isoforms: reading and writing take about a second."""
    folder = tmp_path_factory.mktemp("large")
    rng = np.random.default_rng(1)
    base = rng.lognormal(1, 2, N_ISOFORMS)
    sheet = ["sample\tbatch\tquant"]
    for name in "ABCD":
        tpm = base * rng.lognormal(0, 0.2, N_ISOFORMS)
        tpm *= 1e6 / tpm.sum()
        rows = [f"t{i}\t900\t700\t{v:.6f}\t{v:.2f}" for i, v in enumerate(tpm.tolist())]
        text = "\n".join(["Name\tLength\tEffectiveLength\tTPM\tNumReads", *rows])
        (folder / f"{name}.sf").write_text(text + "\n")
        sheet.append(f"{name}\t{name}\t{name}.sf")
    (folder / "samples.tsv").write_text("\n".join(sheet) + "\n")
    genes = "".join(f"t{i}\tg{i // 3}\n" for i in range(N_ISOFORMS))
    (folder / "tx2gene.tsv").write_text("transcript\tgene\n" + genes)
    return folder


def start(folder, out):
    return subprocess.Popen(
        [sys.executable, "-m", "lotwise", "expression", folder / "samples.tsv", "--out", out,
         "--tx2gene", folder / "tx2gene.tsv"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip


def files(out):
    return [path for path in out.rglob("*") if path.is_file()] if out.is_dir() else []


def wait_for(process, out, wanted: str) -> None:
    """Wait until a file of that name, be it temporary, is there."""
    for _ in range(2000):
        if any(wanted in path.name for path in files(out)) or process.poll() is not None:
            return
        time.sleep(0.005)


def check_whole(path) -> None:
    if path.suffix == ".h5ad":
        assert anndata.read_h5ad(path).n_obs == 4
    elif path.suffix == ".gz":
        with gzip.open(path, "rt") as text:
            assert sum(1 for _ in text) in {N_ISOFORMS + 1, N_ISOFORMS // 3 + 1}
    else:
        assert path.read_text().count("\n") == 5


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        (signal.SIGINT, "samples.tsv"),
        (signal.SIGINT, "isoform.h5ad"),
        (signal.SIGTERM, "gene.h5ad"),
        (signal.SIGTERM, "gene.tpm"),
    ],
)
def test_signal__leaves_whole_files_and_no_temporary_one(large, tmp_path, sent, wanted):
    out = tmp_path / "out"
    process = start(large, out)
    wait_for(process, out, f"-{wanted}")
    process.send_signal(sent)
    _, err = process.communicate(timeout=60)
    names = [path.name for path in files(out)]
    assert not [name for name in names if name.startswith(".tmp-")], names
    for path in files(out):
        check_whole(path)
    word, code = {
        signal.SIGINT: ("interrupted", 130),
        signal.SIGTERM: ("terminated", 143),
    }[sent]
    assert process.returncode == code, err
    assert err.strip() == f"lotwise: error: {word}; no file was left incomplete"
    assert len(names) < 5


def test_kill__leaves_no_half_file_under_the_name_of_a_result(large, tmp_path):
    out = tmp_path / "out"
    process = start(large, out)
    wait_for(process, out, "-isoform.h5ad")
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    kept = [path for path in files(out) if not path.name.startswith(".tmp-")]
    assert kept
    for path in kept:
        check_whole(path)


def test_disk_full__is_a_fault_of_the_surroundings(large, small_disk):
    out = small_disk / "out"
    process = start(large, out)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert err.count("\n") == 1
    assert err.startswith(f"lotwise: error: {out}")
    assert "the disk is full; free disk space and run again" in err
    for path in files(out):
        assert not path.name.startswith(".tmp-")
        check_whole(path)


SWALLOWED = """
import os, signal, sys, time
import lotwise.cli
sys.unraisablehook = lotwise.cli._raise_again
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored below a job in the background
class Cleared:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
reading, _ = os.pipe()
try:
    Cleared()
    os.read(reading, 1)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_main__an_interrupt_that_python_drops_still_ends_a_wait_for_an_answer():
    done = subprocess.run(
        [sys.executable, "-c", SWALLOWED], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "interrupted\n"
