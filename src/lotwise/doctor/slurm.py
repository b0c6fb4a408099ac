"""Checks of SLURM: presence, accounting, and whether a profile fits.

Without accounting (slurmdbd), ``sacct`` reports no states, and a Snakemake that uses it waits for
ever for jobs that have ended. ``squeue`` always responds, until ``MinJobAge`` seconds after a job.
"""

from __future__ import annotations

import getpass
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lotwise.doctor.finding import Finding
from lotwise.doctor.profile import Profile, StatusCommand

# If the status is requested less often than jobs are forgotten, some jobs are missed.
_LOOKS_BEFORE_FORGOTTEN: Final = 3
_ACCOUNTING_QUESTION: Final = (
    "sacct", "-X", "--parsable2", "--noheader", "--clusters=all", "--format=JobIdRaw,State",
)  # fmt: skip

_ACCOUNTS_QUESTION: Final = ("sacctmgr", "--parsable2", "--noheader", "show", "associations")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Output of a SLURM command; ``fault`` is empty if it succeeded."""

    text: str = ""
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Properties of SLURM on this machine.

    Attributes
    ----------
    version
        Version of SLURM; empty if its commands are missing.
    controller_fault, accounting_fault
        Why ``sinfo`` and ``sacct`` do not respond; empty if they do.
    min_job_age_seconds
        How long ``squeue`` lists a job that has ended, in seconds; None if unknown.
    partitions
        Names of the partitions.
    accounts
        Accounts that the user may charge; None if accounting does not list them.
    """

    version: str = ""
    controller_fault: str = ""
    accounting_fault: str = ""
    min_job_age_seconds: int | None = None
    partitions: frozenset[str] = frozenset()
    accounts: frozenset[str] | None = None


def ask(*command: str, timeout: float) -> Answer:
    """Run a SLURM command; a missing response after ``timeout`` seconds is reported as a fault.

    Examples
    --------
    >>> ask("no-such-command", timeout=1).fault
    'no-such-command is not in PATH'
    """
    program = shutil.which(command[0])
    if program is None:
        return Answer(fault=f"{command[0]} is not in PATH")
    try:
        done = subprocess.run(  # noqa: S603, found on PATH
            [program, *command[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer(fault=f"{command[0]} does not respond within {timeout:g} s")
    except OSError as error:
        return Answer(fault=f"{command[0]} cannot be run ({error.strerror})")
    if done.returncode != 0:
        complaint = (done.stderr or done.stdout).strip().splitlines()
        said = complaint[-1].strip() if complaint else "nothing"
        return Answer(fault=f"{command[0]} ended with exit code {done.returncode}: {said!r}")
    return Answer(text=done.stdout)


def ask_cluster(*, timeout: float) -> Cluster:
    """Query SLURM; at most five commands of ``timeout`` seconds."""
    version = ask("sinfo", "--version", timeout=timeout)
    if version.fault:
        return Cluster(controller_fault=version.fault)
    partitions = ask("sinfo", "--noheader", "--format=%R", timeout=timeout)
    if partitions.fault:
        return Cluster(version=version.text.strip(), controller_fault=partitions.fault)
    settings = ask("scontrol", "show", "config", timeout=timeout)
    accounting_fault = ask(*_ACCOUNTING_QUESTION, timeout=timeout).fault
    age = re.search(r"^MinJobAge\s*=\s*(\d+)", settings.text, re.MULTILINE)
    return Cluster(
        version=version.text.strip(),
        accounting_fault=accounting_fault,
        min_job_age_seconds=int(age.group(1)) if age else None,
        partitions=frozenset(partitions.text.split()),
        accounts=None if accounting_fault else _ask_accounts(timeout=timeout),
    )


def _ask_accounts(*, timeout: float) -> frozenset[str] | None:
    user = f"user={getpass.getuser()}"
    answer = ask(*_ACCOUNTS_QUESTION, user, "format=account", timeout=timeout)
    return None if answer.fault else frozenset(answer.text.split())


def best_status_command(cluster: Cluster) -> StatusCommand:
    """Return the better status command: sacct, which forgets no job, if accounting responds.

    Examples
    --------
    >>> best_status_command(Cluster(accounting_fault="sacct ends with 1"))
    'squeue'
    """
    return "squeue" if cluster.accounting_fault else "sacct"


def examine_slurm(cluster: Cluster, profile: Profile | None) -> Iterator[Finding]:
    """Check whether SLURM responds, and whether the profile fits it."""
    wanted = profile is not None and profile.executor == "slurm"
    if cluster.controller_fault:
        yield Finding(
            check="slurm",
            subject="controller",
            state="missing" if wanted else "unused",
            found=cluster.controller_fault,
            remedy="run this on a node from which jobs can be submitted" if wanted else "",
        )
        return
    yield Finding(check="slurm", subject="controller", state="ok", found=cluster.version)
    best = best_status_command(cluster)
    told = cluster.accounting_fault or "answers"
    yield Finding(
        check="slurm",
        subject="accounting",
        state="ok",
        found=f"{told}: the status command is {best}",
    )
    if profile is not None and wanted:
        yield _examine_status_command(cluster, profile)
        yield from _examine_places(cluster, profile)


def _examine_status_command(cluster: Cluster, profile: Profile) -> Finding:
    # The plugin uses sacct if it is installed, whether it responds or not.
    chosen = profile.status_command or ("sacct" if shutil.which("sacct") else "squeue")
    needed_seconds = _LOOKS_BEFORE_FORGOTTEN * profile.first_status_seconds
    age = cluster.min_job_age_seconds
    if chosen == "sacct" and cluster.accounting_fault:
        return Finding(
            check="slurm",
            subject="status command",
            state="missing",
            found="the profile uses sacct, which does not respond here: Snakemake would hang",
            remedy="set slurm-status-command: squeue, or use `lotwise doctor --fix`",
        )
    if chosen == "squeue" and age is not None and age < needed_seconds:
        return Finding(
            check="slurm",
            subject="status command",
            state="warning",
            found=f"squeue lists a job until {age} s after its end, but Snakemake first checks it "
            f"after {profile.first_status_seconds} s, then less often, and can miss its end",
            remedy="set slurm-init-seconds-before-status-checks to "
            f"{max(1, age // _LOOKS_BEFORE_FORGOTTEN)}"
            if cluster.accounting_fault
            else "set slurm-status-command: sacct, or use `lotwise doctor --fix`",
        )
    return Finding(check="slurm", subject="status command", state="ok", found=chosen)


def _examine_places(cluster: Cluster, profile: Profile) -> Iterator[Finding]:
    if profile.partition and profile.partition not in cluster.partitions:
        yield Finding(
            check="slurm",
            subject="partition",
            state="missing",
            found=f"the partition {profile.partition!r} does not exist",
            remedy=f"set slurm_partition to one of {', '.join(sorted(cluster.partitions))}",
        )
    if profile.account and cluster.accounting_fault:
        yield Finding(
            check="slurm",
            subject="account",
            state="missing",
            found=f"the profile uses {profile.account!r}, which cannot be checked without "
            "accounting",
            remedy="remove slurm_account from the profile",
        )
    known = cluster.accounts
    # SLURM writes account names in lower case.
    if profile.account and known is not None and profile.account.lower() not in known:
        yield Finding(
            check="slurm",
            subject="account",
            state="missing",
            found=f"you have no account {profile.account!r}",
            remedy=f"set slurm_account to one of {', '.join(sorted(known))}"
            if known
            else "remove slurm_account from the profile, or request an account",
        )


def examine_leftovers(folder: Path, *, timeout: float) -> Iterator[Finding]:
    """Check for what a killed run left in ``folder``: a lock, and jobs in the queue."""
    folder = folder.absolute()
    locks = folder / ".snakemake" / "locks"
    locked = locks.is_dir() and any(locks.iterdir())
    queue = ask("squeue", "--me", "--noheader", "--format=%i|%Z", timeout=timeout)
    fields = (line.partition("|") for line in queue.text.splitlines())
    jobs = [number for number, _, place in fields if Path(place) == folder]
    if not locked and not jobs:
        return
    found = [
        *(["it is locked"] if locked else []),
        *([f"{len(jobs)} jobs are queued"] * bool(jobs)),
    ]
    steps = [
        *([f"`scancel {' '.join(jobs)}`"] if jobs else []),
        *(["`snakemake --unlock`"] if locked else []),
    ]
    yield Finding(
        check="slurm" if jobs else "folder",
        subject="earlier run",
        state="warning",
        found=f"{' and '.join(found)} in {folder}",
        remedy=f"if no Snakemake runs there: {', then '.join(steps)}",
    )
