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


COMMAND = """
import os, signal, sys, threading, time
import click
import lotwise.cli

@click.command()
def command():
    {body}

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored below a job in the background
lotwise.cli.LazyGroup.get_command = lambda *_: command
{before}
lotwise.cli.main()
"""
INTERRUPTED = "lotwise: error: interrupted; no file was left incomplete"


@pytest.fixture
def call(tmp_path):
    def calling(body: str, before: str = "") -> tuple[int, str]:
        (tmp_path / "called.py").write_text(COMMAND.format(body=body, before=before))
        done = subprocess.run(
            [sys.executable, "-m", "called", "check"], capture_output=True, text=True, timeout=60,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
            check=False,
        )  # fmt: skip
        return done.returncode, done.stderr.strip()

    return calling


def test_main__an_interrupt_that_python_drops_still_ends_a_wait_for_an_answer(call):
    body = """
    class Cleared:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
    reading, _ = os.pipe()
    Cleared()
    os.read(reading, 1)
"""
    assert call(body) == (130, INTERRUPTED)


def test_main__an_interrupt_while_a_class_is_made_has_its_exit_code(call):
    # Python remembers a KeyboardInterrupt that passed through exec of a string.
    assert call("exec('os.kill(os.getpid(), signal.SIGINT)')") == (130, INTERRUPTED)


@pytest.mark.parametrize("late", ["SIGINT", "SIGTERM"])
def test_main__a_second_signal_does_not_stop_the_cleaning(call, late, tmp_path):
    body = f"""
    try:
        os.kill(os.getpid(), signal.SIGINT)
    finally:
        os.kill(os.getpid(), signal.{late})
        open({str(tmp_path / "cleaned")!r}, "w").close()
"""
    assert call(body) == (130, INTERRUPTED)
    assert (tmp_path / "cleaned").exists()


def test_main__a_second_signal_ends_a_cleaning_that_waits_for_ever(call):
    body = """
    try:
        os.kill(os.getpid(), signal.SIGINT)
    finally:
        waiting = threading.Lock()
        waiting.acquire()
        threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT]).start()
        threading.Timer(2.5, os.kill, [os.getpid(), signal.SIGINT]).start()
        waiting.acquire()
"""
    said = "lotwise: error: ended at once; temporary files may be left"
    start = time.monotonic()
    assert call(body) == (130, said)
    assert time.monotonic() - start > 2.5


@pytest.mark.parametrize("late", ["SIGINT", "SIGTERM"])
def test_main__a_signal_after_the_end_does_not_change_the_answer(call, late):
    before = f"""
say = lotwise.cli._say
def slow(*args, **kwargs):
    os.kill(os.getpid(), signal.{late})
    return say(*args, **kwargs)
lotwise.cli._say = slow
from lotwise.errors import RefusedError
"""
    assert call("raise RefusedError('the answer is no')", before) == (
        1, "lotwise: the answer is no",
    )  # fmt: skip


def test_main__an_interrupt_that_is_ignored_stays_ignored(call):
    # nohup, and a shell for its background jobs.
    before = "signal.signal(signal.SIGINT, signal.SIG_IGN)"
    assert call("os.kill(os.getpid(), signal.SIGINT)", before) == (0, "")
