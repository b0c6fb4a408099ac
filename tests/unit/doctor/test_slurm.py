"""Use of SLURM's answers; the commands are stand-ins, tests/services uses the real ones."""

from __future__ import annotations

import os
import time

import pytest

from lotwise.doctor.profile import Profile
from lotwise.doctor.slurm import (
    Cluster,
    ask,
    ask_cluster,
    best_status_command,
    examine_leftovers,
    examine_slurm,
)

SINFO = 'case "$1" in --version) echo "slurm 24.11.5" ;; *) echo short; echo long ;; esac'
SCONTROL = 'echo "MinJobAge               = 300 sec"'
NO_ACCOUNTING = 'echo "Slurm accounting storage is disabled" >&2; exit 1'


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """Put stand-ins for commands, and nothing else, in PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(**scripts: str) -> None:
        for name, script in scripts.items():
            path = folder / name
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)

    return put


def profile_of(tmp_path, **said):
    return Profile(path=tmp_path / "config.yaml", executor="slurm", **said)


def by_subject(cluster, profile):
    return {finding.subject: finding for finding in examine_slurm(cluster, profile)}


def test_ask__one_that_hangs_is_a_fault_and_not_a_wait(commands):
    commands(sacct="exec /bin/sleep 60")
    start = time.monotonic()
    assert ask("sacct", timeout=0.5).fault == "sacct does not respond within 0.5 s"
    assert time.monotonic() - start < 20


def test_ask_cluster__without_accounting(commands):
    commands(sinfo=SINFO, scontrol=SCONTROL, sacct=NO_ACCOUNTING)
    cluster = ask_cluster(timeout=30)
    assert cluster == Cluster(
        version="slurm 24.11.5",
        accounting_fault="sacct ended with exit code 1: 'Slurm accounting storage is disabled'",
        min_job_age_seconds=300,
        partitions=frozenset({"short", "long"}),
    )
    assert best_status_command(cluster) == "squeue"


def test_ask_cluster__with_accounting(commands):
    commands(sinfo=SINFO, scontrol=SCONTROL, sacct="exit 0")
    assert best_status_command(ask_cluster(timeout=30)) == "sacct"


def test_ask_cluster__nothing_there(commands):
    assert ask_cluster(timeout=1) == Cluster(controller_fault="sinfo is not in PATH")


def test_examine_slurm__absent_is_missing_only_for_a_profile_of_slurm(tmp_path):
    absent = Cluster(controller_fault="sinfo is not in PATH")
    assert by_subject(absent, None)["controller"].state == "unused"
    assert by_subject(absent, profile_of(tmp_path))["controller"].state == "missing"


def test_examine_slurm__sacct_without_accounting_would_hang(tmp_path):
    cluster = Cluster(version="slurm 24", accounting_fault="sacct ends with 1")
    found = by_subject(cluster, profile_of(tmp_path, status_command="sacct"))["status command"]
    assert found.state == "missing"
    assert "squeue" in found.remedy


def test_examine_slurm__no_status_command_means_sacct_where_it_is_installed(tmp_path, commands):
    cluster = Cluster(version="slurm 24", accounting_fault="sacct ends with 1")
    assert by_subject(cluster, profile_of(tmp_path))["status command"].state == "ok"
    commands(sacct=NO_ACCOUNTING)
    assert by_subject(cluster, profile_of(tmp_path))["status command"].state == "missing"


@pytest.mark.parametrize(("age", "state"), [(59, "warning"), (60, "ok"), (None, "ok")])
def test_examine_slurm__squeue_that_forgets_too_soon(tmp_path, age, state):
    cluster = Cluster(version="slurm 24", min_job_age_seconds=age)
    profile = profile_of(tmp_path, status_command="squeue", first_status_seconds=20)
    assert by_subject(cluster, profile)["status command"].state == state


def test_examine_slurm__partition_and_account(tmp_path):
    cluster = Cluster(
        version="slurm 24", accounting_fault="disabled", partitions=frozenset({"short"})
    )
    profile = profile_of(tmp_path, status_command="squeue", partition="long", account="lab")
    found = by_subject(cluster, profile)
    assert found["partition"].remedy == "set slurm_partition to one of short"
    assert found["account"].state == "missing"
    good = profile_of(tmp_path, status_command="squeue", partition="short")
    assert by_subject(cluster, good).keys() == {"controller", "accounting", "status command"}


@pytest.mark.parametrize(
    ("accounts", "remedy"),
    [
        ({"lab", "core"}, None),
        ({"core", "shared"}, "set slurm_account to one of core, shared"),
        (set(), "remove slurm_account from the profile, or request an account"),
    ],
)
def test_examine_slurm__an_account_that_the_user_has_not(tmp_path, accounts, remedy):
    cluster = Cluster(version="slurm 24", accounts=frozenset(accounts))
    found = by_subject(cluster, profile_of(tmp_path, status_command="sacct", account="Lab"))
    assert (found["account"].remedy if "account" in found else None) == remedy


def test_ask_cluster__accounts_of_the_user(commands):
    sacctmgr = 'case "$*" in *"user="*) echo lab; echo core ;; *) exit 1 ;; esac'
    commands(sinfo=SINFO, scontrol=SCONTROL, sacct="exit 0", sacctmgr=sacctmgr)
    assert ask_cluster(timeout=30).accounts == {"lab", "core"}
    commands(sacctmgr="exit 1")
    assert ask_cluster(timeout=30).accounts is None


def test_examine_leftovers__lock_and_jobs_of_this_folder_alone(tmp_path, commands):
    assert list(examine_leftovers(tmp_path, timeout=30)) == []
    elsewhere = tmp_path / "elsewhere"
    commands(squeue=f'echo "12|{tmp_path}"; echo "13|{elsewhere}"; echo "14|{tmp_path}"')
    (left,) = examine_leftovers(tmp_path, timeout=30)
    assert left.state == "warning"
    assert left.remedy.endswith(": `scancel 12 14`")
    locks = tmp_path / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "0.output.lock").touch()
    (left,) = examine_leftovers(tmp_path, timeout=30)
    assert left.remedy.endswith("`scancel 12 14`, then `snakemake --unlock`")
    os.environ["PATH"] = ""
    (left,) = examine_leftovers(tmp_path, timeout=30)
    assert left.remedy.endswith(": `snakemake --unlock`")
