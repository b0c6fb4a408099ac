"""A real SLURM of one node on this machine: munged, slurmctld, slurmd, and with accounting
MariaDB and slurmdbd. All state lies in a folder of its own; /etc/slurm alone is shared, since
`srun` inside a job looks nowhere else, and is refused where somebody else wrote it.

By hand, as root: `python tests/services/slurm_cluster.py FOLDER [--accounting]`, ended by Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

CONFIGURATION: Final = Path("/etc/slurm/slurm.conf")
DATABASE_CONFIGURATION: Final = CONFIGURATION.with_name("slurmdbd.conf")
DAEMONS: Final = ("munged", "slurmctld", "slurmd", "sbatch", "srun")
ACCOUNTING_DAEMONS: Final = ("slurmdbd", "mariadbd", "mariadb-install-db", "mariadb")
MARKER: Final = "# written by lotwise's tests\n"
PARTITION: Final = "short"
# What jobs may have; more than the machine has is accepted, nothing here is bound to cores.
N_CPUS: Final = 8
MEMORY_MB: Final = 16000
NODE_TIMEOUT_SECONDS: Final = 8
_START_SECONDS: Final = 40.0


class ForeignSlurmError(Exception):
    """There is a SLURM on this machine that is not ours to touch."""


@dataclass
class SlurmCluster:
    """One node; start and stop it with ``with``."""

    folder: Path
    accounting: bool = False
    # Long enough for `squeue` to tell what became of a job, as on real clusters.
    min_job_age_seconds: int = 300
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        for written in (CONFIGURATION, DATABASE_CONFIGURATION):
            if written.exists() and not written.read_text().startswith(MARKER):
                msg = f"{written} was not written by these tests: it stays as it is"
                raise ForeignSlurmError(msg)
        # Its sockets have short names; a path of pytest's is too long for them.
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        for name in ("state", "spool", "log"):
            (self.folder / name).mkdir(exist_ok=True)
        try:
            self._start_munged()
            if self.accounting:
                self._start_database()
            self._write_configuration()
            self.start_daemon("slurmctld", ["slurmctld", "-D", "-c"])
            self.start_node()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError, subprocess.SubprocessError):
            self._cancel_all()
        self.kill_node()
        for name in reversed(list(self._running)):
            self.end_daemon(name, signal.SIGTERM)
        for written in (CONFIGURATION, DATABASE_CONFIGURATION):
            if written.exists() and written.read_text().startswith(MARKER):
                written.unlink()

    # -- what tests do to it --------------------------------------------------------------

    def start_node(self) -> None:
        """Start slurmd and wait until the node takes jobs."""
        self.start_daemon("slurmd", ["slurmd", "-D", "-N", "localhost"])
        wait_until(self._node_is_up, "the node to take jobs")

    def kill_node(self) -> None:
        """Lose the node: slurmd and all that runs on it are gone at once."""
        self.end_daemon("slurmd", signal.SIGKILL)
        for process in self._steps():
            for victim in (*_descendants(process), process):
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)

    def queue(self) -> dict[int, tuple[str, str]]:
        """Return state and comment of each job that is pending or running, by its number."""
        lines = self.ask("squeue", "--noheader", "--format=%i|%T|%k").splitlines()
        fields = (line.split("|", 2) for line in lines)
        return {int(number): (state, comment) for number, state, comment in fields}

    def n_submitted(self) -> int:
        """Return the number of all jobs so far."""
        for line in self.ask("scontrol", "show", "config").splitlines():
            if line.startswith("NEXT_JOB_ID"):
                return int(line.split("=")[1]) - 1
        msg = "scontrol does not tell the number of the next job"
        raise AssertionError(msg)

    def ask(self, *command: str) -> str:
        """Run a command of SLURM and give what it prints."""
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        return done.stdout

    # -- how it is made -------------------------------------------------------------------

    def _start_munged(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o600)
        self.start_daemon(
            "munged",
            [
                "munged", "--foreground", "--force", f"--key-file={key}",
                f"--socket={self._munge_socket}", f"--pid-file={self.folder / 'munged.pid'}",
                f"--seed-file={self.folder / 'munged.seed'}",
                f"--log-file={self.folder / 'log' / 'munged.log'}",
            ],
        )  # fmt: skip
        wait_until(self._munge_socket.exists, "munged")

    def _start_database(self) -> None:
        data = self.folder / "mysql"
        own = ["--no-defaults", f"--datadir={data}"]
        subprocess.run(
            ["mariadb-install-db", *own, "--user=root", "--skip-test-db"],
            check=True, capture_output=True,
        )  # fmt: skip
        port, database_port = free_port(), free_port()
        sock = self.folder / "mysql.sock"
        self.start_daemon(
            "mariadbd",
            [
                "mariadbd", *own, "--user=root", f"--socket={sock}", "--bind-address=127.0.0.1",
                f"--port={port}", f"--pid-file={self.folder / 'mysql.pid'}",
            ],
        )  # fmt: skip
        client = ["mariadb", "--no-defaults", f"--socket={sock}", "--user=root"]
        wait_until(lambda: _succeeds([*client, "-e", "select 1"]), "MariaDB")
        password = secrets.token_hex(8)
        grant = (
            f"create user slurm@'127.0.0.1' identified by '{password}'; "
            "grant all on slurm_acct.* to slurm@'127.0.0.1'; "
            f"create user slurm@localhost identified by '{password}'; "
            "grant all on slurm_acct.* to slurm@localhost;"
        )
        subprocess.run([*client, "-e", grant], check=True)
        settings = {
            "AuthType": "auth/munge",
            "AuthInfo": f"socket={self._munge_socket}",
            "DbdHost": "localhost",
            "DbdPort": database_port,
            "SlurmUser": "root",
            "StorageType": "accounting_storage/mysql",
            "StorageHost": "127.0.0.1",
            "StoragePort": port,
            "StorageUser": "slurm",
            "StoragePass": password,
            "StorageLoc": "slurm_acct",
            "PidFile": self.folder / "slurmdbd.pid",
        }
        _write(DATABASE_CONFIGURATION, settings, mode=0o600)
        self._database_port = database_port
        self.start_daemon("slurmdbd", ["slurmdbd", "-D"])
        wait_until(lambda: _listens(database_port), "slurmdbd")

    def _write_configuration(self) -> None:
        settings: dict[str, object] = {
            "ClusterName": "lotwise",
            "SlurmctldHost": "localhost",
            "SlurmctldPort": free_port(),
            "SlurmdPort": free_port(),
            "SlurmUser": "root",
            "AuthType": "auth/munge",
            # A job whose node is lost waits for its credential to expire: two minutes otherwise.
            "AuthInfo": f"socket={self._munge_socket},cred_expire=5",
            "StateSaveLocation": self.folder / "state",
            "SlurmdSpoolDir": self.folder / "spool",
            "SlurmctldPidFile": self.folder / "slurmctld.pid",
            "SlurmdPidFile": self.folder / "slurmd.pid",
            # Neither systemd nor cgroups are needed.
            "ProctrackType": "proctrack/linuxproc",
            "TaskPlugin": "task/none",
            "MpiDefault": "none",
            "SwitchType": "switch/none",
            # Memory is bounded by looking every second.
            "JobAcctGatherType": "jobacct_gather/linux",
            "JobAcctGatherFrequency": "task=1",
            "JobAcctGatherParams": "OverMemoryKill",
            "SelectType": "select/cons_tres",
            "SelectTypeParameters": "CR_CPU_Memory",
            "MinJobAge": self.min_job_age_seconds,
            "SlurmdTimeout": NODE_TIMEOUT_SECONDS,
            "KillWait": 2,
            "ReturnToService": 2,
            "SchedulerParameters": "sched_interval=1,bf_interval=1,batch_sched_delay=0,defer_batch",
            "UnkillableStepTimeout": 30,
            "SlurmdParameters": "config_overrides",
        }
        if self.accounting:
            settings |= {
                "AccountingStorageType": "accounting_storage/slurmdbd",
                "AccountingStorageHost": "localhost",
                "AccountingStoragePort": self._database_port,
                # Of auth/munge the "password" is its socket.
                "AccountingStoragePass": self._munge_socket,
            }
        lines = [
            f"NodeName=localhost NodeAddr=127.0.0.1 CPUs={N_CPUS} RealMemory={MEMORY_MB}",
            f"PartitionName={PARTITION} Nodes=localhost Default=YES MaxTime=1-00:00:00 State=UP",
        ]
        _write(CONFIGURATION, settings, lines)

    @property
    def _munge_socket(self) -> Path:
        return self.folder / "munge.socket"

    def start_daemon(self, name: str, command: list[str]) -> None:
        """Start a daemon in the foreground, logging to the folder."""
        with (self.folder / "log" / f"{name}.out").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def end_daemon(self, name: str, how: signal.Signals) -> None:
        """End a daemon that this object started, and wait for it."""
        process = self._running.pop(name, None)
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _node_is_up(self) -> bool:
        try:
            state = self.ask("sinfo", "--noheader", "--format=%T").strip()
        except subprocess.SubprocessError:
            return False
        if "down" in state and "*" not in state:
            _succeeds(["scontrol", "update", "nodename=localhost", "state=resume"])
        return state in {"idle", "mixed", "allocated"}

    def _cancel_all(self) -> None:
        if "slurmctld" in self._running and self.queue():
            self.ask("scancel", *map(str, self.queue()))
            wait_until(lambda: not self.queue(), "the queue to be empty", seconds=20)

    def _steps(self) -> list[int]:
        """Return the processes that run job steps of this cluster."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    if (entry / "comm").read_text().startswith("slurmstepd"):
                        found.append(int(entry.name))
        return found


def wait_until(
    condition: Callable[[], bool], what: str, *, seconds: float = _START_SECONDS
) -> None:
    """Wait for ``condition``, and fail by name when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            msg = f"waited {seconds:.0f} s for {what}"
            raise TimeoutError(msg)
        time.sleep(0.1)


def free_port() -> int:
    """Return an unused port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write(
    path: Path, settings: Mapping[str, object], lines: list[str] | None = None, *, mode: int = 0o644
) -> None:
    text = "\n".join([*(f"{key}={value}" for key, value in settings.items()), *(lines or [])])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=mode)
    path.write_text(f"{MARKER}{text}\n")


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _descendants(process: int) -> list[int]:
    children = []
    with suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            children += [int(child) for child in (task / "children").read_text().split()]
    return [below for child in children for below in (*_descendants(child), child)]


def main() -> None:
    """Run a cluster until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--accounting", action="store_true")
    given = parser.parse_args()
    with SlurmCluster(given.folder.absolute(), accounting=given.accounting) as cluster:
        sys.stdout.write(cluster.ask("sinfo"))
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
