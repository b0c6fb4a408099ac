"""The workflow through profiles/slurm, on a real SLURM of one node."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml
from filelock import FileLock
from slurm_cluster import ACCOUNTING_DAEMONS, DAEMONS, SlurmCluster, wait_until
from slurm_study import PATIENCE_SECONDS, PROFILE, ROOT, Study

# /etc/slurm is one for the machine: clusters come one after another.
LOCK = Path(tempfile.gettempdir()) / "lotwise-slurm-tests.lock"
# The demo in few jobs: what comes last is one.
IN_GROUPS = (
    "--groups", "check=check", "quantify=quantify", "workbook=last", "record=last",
    "write_report=last", "--group-components", "check=3", "quantify=3",
)  # fmt: skip
# Two groups of checks, intake, index, two groups of samples, judge, expression; correlation of both
# levels, one of them twice; figures and evidence of both; the last. The verdict stays here.
N_JOBS_OF_DEMO = 8 + 3 + 4 + 1


@pytest.fixture
def run_folder():
    """A folder with a short path: sockets have no room for one of pytest's."""
    with FileLock(LOCK, timeout=900), tempfile.TemporaryDirectory(prefix="lotwise-") as folder:
        yield Path(folder)


@pytest.fixture
def cluster(require, run_folder):
    """A cluster without accounting."""
    require(*DAEMONS)
    with SlurmCluster(run_folder / "slurm") as running:
        yield running


@pytest.fixture
def accounted(require, run_folder):
    """A cluster with accounting."""
    require(*DAEMONS, *ACCOUNTING_DAEMONS)
    with SlurmCluster(run_folder / "slurm", accounting=True) as running:
        yield running


@pytest.fixture
def small_disk(run_folder):
    """A folder of results on a disk too small for them; gives the command that enlarges it."""
    folder = run_folder / "study" / "out"
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", folder]
    subprocess.run(mount, check=True)
    yield lambda: subprocess.run(["mount", "-o", "remount,size=50m", folder], check=True)
    subprocess.run(["umount", "--lazy", folder], check=True)


def findings(study, *arguments):
    """Return exit code and findings of `lotwise doctor` by check and subject."""
    done = study.lotwise("doctor", "--json", "--profile", study.profile, *arguments)
    rows = json.loads(done.stdout)
    return done.returncode, {f"{row['check']} {row['subject']}": row for row in rows}


def wait_for(study, line, *, times=1):
    """Wait until the steps wrote ``line`` down so many times."""
    wait_until(lambda: study.calls().count(line) >= times, f"{line!r}", seconds=PATIENCE_SECONDS)


def memory_of(cluster, comment):
    """Return the megabytes requested by each job of a rule, in the order of submission."""
    told = cluster.ask("squeue", "--states=all", "--noheader", "--sort=i", "--format=%k|%m")
    rows = (line.split("|") for line in told.splitlines())
    return [megabytes(asked) for rule, asked in rows if rule == comment]


def megabytes(text):
    number, unit = re.fullmatch(r"([\d.]+)([MG])", text).groups()
    return float(number) * (1024 if unit == "G" else 1)


def test_slurm__every_fault_ends_well_on_the_next_call(cluster, small_disk, run_folder):
    """A full disk, scancel, memory, the head killed, the node lost: none costs what was done."""
    study = Study(
        run_folder / "study",
        until=["correlation", "figures_gene"],
        expression={"tx2gene": "input/reference/tx2gene.tsv"},
    )
    study.simulate("--genes", "200", "--replicates", "2")
    code, found = findings(study)
    # The small disk is the one thing that is not as it should be.
    assert (code, found["disk results"]["state"]) == (1, "missing")
    assert [name for name, row in found.items() if row["state"] == "missing"] == ["disk results"]
    assert found["slurm status command"]["found"] == "squeue"
    assert "squeue" in found["slurm accounting"]["found"]

    end_with_full_disk(study)
    small_disk()
    end_by_scancel(study, cluster)
    made = end_with_memory_and_head(study, cluster)
    clear_what_was_left(study, cluster)
    end_with_lost_node(study, cluster)

    calls = study.calls()
    for step in ("expression", "correlate", "figures"):
        assert calls.count(f"ended {step}") == 1, calls
    assert {path: when for path, when in study.made().items() if path in made} == made
    assert not study.half_written()
    assert study.is_done()


def end_with_full_disk(study):
    assert study.run("--retries", "0") == 1
    assert "the disk is full" in study.said()
    assert not (study.results / "expression" / "gene.h5ad").exists()
    assert not study.half_written()


def end_by_scancel(study, cluster):
    """Cancel the expression in the middle of a table."""
    study.plan("expression", "half")
    head = study.start("--retries", "0")
    wait_for(study, "hangs expression")
    cluster.ask("scancel", *map(str, cluster.queue()))
    assert head.wait(PATIENCE_SECONDS) == 1
    assert "CANCELLED" in study.said()
    assert not (study.results / "expression" / "gene.h5ad").exists()
    assert not study.half_written()


def end_with_memory_and_head(study, cluster):
    """Let the correlation exceed its memory once, then kill the head; give what is made by then."""
    study.plan("correlate", "eat")
    study.plan("figures", "hang")
    head = study.start()
    wait_for(study, "hangs figures")
    wait_for(study, "ended correlate")
    first, second = memory_of(cluster, "rule_correlation_wildcards_gene")
    assert second == 2 * first
    assert "ended expression" in study.calls()
    wait_until(lambda: len(cluster.queue()) == 1, "the correlation to be recorded", seconds=90)
    head.kill()
    head.wait()
    return study.made()


def clear_what_was_left(study, cluster):
    """The lock and the job that still runs are named, with what to do about both."""
    assert study.run() == 1
    assert "--unlock" in study.said()
    left = findings(study)[1]["slurm earlier run"]
    (number,) = cluster.queue()
    assert f"`scancel {number}`, then `snakemake --unlock`" in left["remedy"]
    cluster.ask("scancel", str(number))
    study.unlock()
    assert "slurm earlier run" not in findings(study)[1]


def end_with_lost_node(study, cluster):
    """Lose the node in the middle of a figure; nobody clears away but the next who writes it."""
    study.plan("figures", "half")
    head = study.start()
    wait_for(study, "hangs figures", times=2)
    cluster.kill_node()
    assert study.half_written()
    wait_until(
        lambda: all(state != "RUNNING" for state, _ in cluster.queue().values()),
        "SLURM to miss the node", seconds=90,
    )  # fmt: skip
    cluster.start_node()
    assert head.wait(PATIENCE_SECONDS) == 0, study.said()


def demo(folder, *, profile=PROFILE):
    """The demo of `make demo`, with fewer genes and reads and two samples a batch."""
    folder.mkdir()
    config = yaml.safe_load((ROOT / "config" / "demo.yaml").read_text())
    place = config["results"]
    reads = config["reads"]
    reads["transcripts"] = reads["transcripts"].removeprefix(f"{place}/")
    reads["limits"] = {"smallest_reads_used": 100}
    config |= {"results": "out", "samples": config["samples"].removeprefix(f"{place}/")}
    config["figures"]["formats"] = ["png"]
    study = Study(folder, until=["all"], profile=profile, **config | {"evidence": {}})
    study.simulate("--as", "reads", "--genes", "60", "--replicates", "2", "--fragments", "2000")
    return study


def check_demo(study):
    """Everything is there, and the tables are those made without a cluster."""
    for name in ("report.html", "tables.xlsx", "provenance.json", "verdict.json"):
        assert (study.results / name).stat().st_size > 0, name
    assert "ended report" in study.calls()
    sheet = study.results / "quant" / "kallisto" / "samples.tsv"
    by_hand = study.folder / "by_hand"
    fasta = study.folder / "input" / "reference" / "transcripts.fa"
    command = ("expression", sheet, "--out", by_hand, "--level", "gene", "--tx2gene", fasta)
    # With bootstraps kallisto's HDF5 is read, whose numbers have all their digits.
    study.lotwise(*command, "--bootstraps").check_returncode()
    study.lotwise("correlate", "gene", "--out", by_hand).check_returncode()
    for table in ("expression/gene.tpm.tsv.gz", "correlation/gene.pairs.tsv"):
        assert (study.results / table).read_bytes() == (by_hand / table).read_bytes()
    assert not study.half_written()
    assert study.is_done()


@pytest.mark.usefixtures("cluster")
def test_slurm__the_demo_to_its_report(run_folder):
    study = demo(run_folder / "study")
    assert study.run() == 0, study.said()
    check_demo(study)


def test_slurm__the_demo_in_groups_with_accounting(accounted, run_folder):
    """Several samples a job, asked for by sacct; one job exceeds its memory and gets more."""
    profile = shutil.copytree(PROFILE, run_folder / "profile")
    study = demo(run_folder / "study", profile=profile)
    assert findings(study, "--fix")[0] == 0
    assert "slurm-status-command: sacct" in (profile / "config.yaml").read_text()

    study.plan("correlate", "eat")
    assert study.run(*IN_GROUPS) == 0, study.said()
    asked = [memory_of(accounted, f"rule_correlation_wildcards_{n}") for n in ("gene", "isoform")]
    least, again, most = sorted(needs for rule in asked for needs in rule)
    assert most == 2 * least == 2 * again
    assert accounted.n_submitted() == N_JOBS_OF_DEMO
    told = accounted.ask("squeue", "--states=all", "--noheader", "--format=%k|%C|%m|%l")
    groups = [line for line in told.splitlines() if line.startswith("rule_quantify")]
    # One sample after another: the memory and threads of one, the time of three.
    assert groups == ["rule_quantify_quantify|2|8000M|3:00:00"] * 2
    assert study.calls().count("ended quantify") == 6
    check_demo(study)


def test_slurm__a_status_command_that_hangs_is_found(cluster, run_folder):
    """A profile that takes sacct where accounting does not answer."""
    folder = run_folder / "study"
    folder.mkdir()
    profile = run_folder / "profile"
    profile.mkdir()
    text = (PROFILE / "config.yaml").read_text()
    assert "slurm-status-command: squeue" in text
    text = text.replace("slurm-status-command: squeue", "slurm-status-command: sacct")
    text = text.replace("- runtime=30", "- runtime=30\n  - slurm_partition=long")
    (profile / "config.yaml").write_text(text)
    study = Study(folder, until=["all"], profile=profile)
    code, found = findings(study)
    assert code == 1
    assert "would hang" in found["slurm status command"]["found"]
    assert found["slurm partition"]["remedy"] == "set slurm_partition to one of short"
    code, found = findings(study, "--fix")
    assert code == 1
    assert found["slurm status command"]["state"] == "ok"


def test_slurm_cluster__leaves_a_foreign_configuration_alone(run_folder, monkeypatch):
    from slurm_cluster import ForeignSlurmError

    foreign = run_folder / "slurm.conf"
    foreign.write_text("ClusterName=theirs\n")
    monkeypatch.setattr("slurm_cluster.CONFIGURATION", foreign)
    with (
        pytest.raises(ForeignSlurmError, match="was not written by these tests"),
        SlurmCluster(run_folder / "slurm"),
    ):
        pass
    assert foreign.read_text() == "ClusterName=theirs\n"
    assert list(run_folder.iterdir()) == [foreign]
