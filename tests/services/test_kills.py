"""`kill -9` at random moments: a later call gives the undisturbed result, and nothing runs on.

25 kills each of `compare`, `quantify`, `fetch` and Snakemake on small inputs, or as many as fit
into the time; each test records its number. LOTWISE_KILLS=25 makes all, however long they take.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from geo_site import GeoSample, add_series, base_urls, fastq_of

pytestmark = [pytest.mark.fault, pytest.mark.slow]

N_KILLS = int(os.environ.get("LOTWISE_KILLS", "25"))
SECONDS_OF_KILLS = float("inf") if "LOTWISE_KILLS" in os.environ else 75.0
FEWEST_KILLS = 5
ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
MARK = "LOTWISE_TEST_OF_KILLS"
# What differs between two undisturbed calls: times, and what was noted of each call.
VARIES = ("logs", "benchmarks", ".snakemake", ".lotwise", "steps", "provenance.json", "tables.xlsx",
          "report.html", "manifest.tsv", "run_info.json", "verdict_history.jsonl",
          "lotwise.calls.json", "revisions")  # fmt: skip


def contents(folder):
    """Checksums of all files of a result, but of those that tell times."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not set(path.relative_to(folder).parts) & set(VARIES)
        # How a sample was quantified: the command names the temporary folder.
        and not (path.parent.parent.name == "quant" and path.suffix == ".json")
        # Two undisturbed builds by kallisto differ, with one thread too: the same size, most bytes
        # not. What it quantifies with them, abundance.tsv, is the same and is compared.
        and path.name != "kallisto.idx"
        and not path.name.endswith((".log", ".lock", ".h5", ".pdf", ".svg", ".h5ad"))
    }


def start(command, cwd, mark):
    return subprocess.Popen(
        [*map(str, command)], cwd=cwd, start_new_session=True,
        env=os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", MARK: mark,
                          "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def running(mark):
    """Processes that were started, however far down, by a call with this mark."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                marked = wanted in (entry / "environ").read_bytes().split(b"\0")
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if marked and state != "Z":
                found.append((int(entry.name), (entry / "cmdline").read_bytes()[:200]))
    return found


def require_none(mark, seconds=10.0):
    until = time.monotonic() + seconds
    while (left := running(mark)) and time.monotonic() < until:
        time.sleep(0.05)
    for pid, _ in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, f"{len(left)} processes ran on: {left}"


def kill_at_random(command, *, cwd, made, after_kill=lambda: None, n_kills=N_KILLS, seed=0):
    """Kill calls of a command, then let one end; compare what it made with an undisturbed one."""
    rng = np.random.default_rng(seed)
    began = time.monotonic()
    process = start(command, cwd, "whole")
    _, err = process.communicate()
    assert process.returncode == 0, err
    lasted = time.monotonic() - began
    expected = contents(made)
    assert expected
    shutil.rmtree(made)
    n_killed = 0
    began = time.monotonic()
    for n in range(3 * n_kills):
        is_late = time.monotonic() - began > SECONDS_OF_KILLS
        if n_killed == n_kills or (is_late and n_killed >= FEWEST_KILLS):
            break
        if made.exists() and rng.random() < 0.5:
            shutil.rmtree(made)  # half of the kills meet an empty place, half what others left
        mark = f"{os.getpid()}-{seed}-{n}"
        started = time.monotonic()
        process = start(command, cwd, mark)
        try:
            _, err = process.communicate(timeout=rng.uniform(0.05, lasted))
            assert process.returncode == 0, err
            # It was faster than the first, which had nothing in memory: the next is killed sooner.
            lasted = min(lasted, time.monotonic() - started)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            n_killed += process.returncode == -signal.SIGKILL
        require_none(mark)
        after_kill()
    assert n_killed >= min(n_kills, FEWEST_KILLS)
    process = start(command, cwd, "last")
    _, err = process.communicate()
    logs = {path.name: path.read_text() for path in made.glob("logs/*.log")}
    assert process.returncode == 0, (err, logs)
    assert contents(made) == expected
    assert not list(made.rglob(".tmp-*"))
    return n_killed


@pytest.fixture
def quants(tmp_path):
    """Three small salmon files, their sheet and their genes."""
    rng = np.random.default_rng(5)
    n = 2_000
    base = rng.lognormal(3, 1.5, n)
    rows = ["sample\tbatch\tquant"]
    for name in "ABC":
        tpm = base * rng.lognormal(0, 0.2, n)
        tpm *= 1e6 / tpm.sum()
        lines = [f"t{i}\t900\t700\t{v:.6f}\t{v:.2f}" for i, v in enumerate(tpm.tolist())]
        text = "\n".join(["Name\tLength\tEffectiveLength\tTPM\tNumReads", *lines])
        (tmp_path / f"{name}.sf").write_text(text + "\n")
        rows.append(f"{name}\t{name}\t{name}.sf")
    (tmp_path / "samples.tsv").write_text("\n".join(rows) + "\n")
    genes = "".join(f"t{i}\tg{i // 3}\n" for i in range(n))
    (tmp_path / "tx2gene.tsv").write_text("transcript\tgene\n" + genes)
    return tmp_path


def test_compare__killed(quants, record_property):
    command = [BIN / "lotwise", "compare", "samples.tsv", "--tx2gene", "tx2gene.tsv", "--out",
               "out", "--no-evidence", "--format", "png", "--no-report"]  # fmt: skip
    record_property("faults", kill_at_random(command, cwd=quants, made=quants / "out", seed=1))


def test_quantify__killed(tmp_path, record_property):
    subprocess.run(
        [BIN / "lotwise", "simulate", "in", "--as", "reads", "--genes", "50",
         "--fragments", "5000"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    [sheet] = (tmp_path / "in").glob("samples.tsv")
    [fasta] = (tmp_path / "in").rglob("transcripts.fa*")
    command = [BIN / "lotwise", "quantify", sheet, "--transcripts", fasta, "--out", "out",
               "--threads", "2"]  # fmt: skip
    record_property("faults", kill_at_random(command, cwd=tmp_path, made=tmp_path / "out", seed=2))


def test_fetch__killed(site, server, tmp_path, record_property):
    samples = [
        GeoSample(f"GSM90000{i}", f"lot {i}", (), f"SRX90000{i}",
                  {f"SRR90000{i}": [fastq_of(i, 2_000)]})
        for i in range(3)
    ]  # fmt: skip
    add_series(site, "GSE900001", "x", samples)
    server.pace = 0.05
    options = [item for pair in base_urls(server.url).items()
               for item in ("--base-url", "=".join(pair))]  # fmt: skip
    command = [BIN / "lotwise", "fetch", "GSE900001", "--downloads", "out", "--samples",
               "out/samples.tsv", *options]  # fmt: skip
    record_property("faults", kill_at_random(command, cwd=tmp_path, made=tmp_path / "out", seed=3))


def test_snakemake__killed(quants, record_property):
    (quants / "config.yaml").write_text(
        "expression: {tx2gene: tx2gene.tsv}\nevidence: {statistics: [libraries]}\n"
        "figures: {formats: [png]}\nresults: out\nreport: false\n"
    )
    command = [BIN / "snakemake", "--snakefile", ROOT / "Snakefile", "--cores", "2", "--quiet",
               "--rerun-incomplete"]  # fmt: skip

    def unlock():
        """The one step by hand; Snakemake itself says it, and lotwise beside it."""
        locks = quants / ".snakemake" / "locks"
        if locks.is_dir() and any(locks.iterdir()):
            told = subprocess.run(command, cwd=quants, capture_output=True, text=True, check=False)
            assert told.returncode != 0
            assert "--unlock" in told.stderr + told.stdout
            subprocess.run([*command, "--unlock"], cwd=quants, check=True, capture_output=True)

    record_property(
        "faults",
        kill_at_random(command, cwd=quants, made=quants / "out", after_kill=unlock, seed=4),
    )
