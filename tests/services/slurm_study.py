"""Small simulated batches, run on a cluster by Snakemake, whose steps fail as planned.

`lotwise` on the PATH of the jobs is a script that first does what was planned for its step, once,
and writes down when a step began and ended; then it is the real one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
PROFILE: Final = ROOT / "profiles" / "slurm"
BIN: Final = Path(sys.executable).parent
EATEN_MB: Final = 2600
# Until what hangs is given up; a run takes a fraction of it.
PATIENCE_SECONDS: Final = 900.0
Fault = Literal["hang", "eat", "half"]
_STAND_IN: Final = """#!/bin/sh
step=$1
case "$*" in
  *"--step judge"*) step=judge ;;
  *"--step index"*) step=index ;;
esac
echo "began $step" >> {folder}/calls.txt
# Renamed, not read and removed: of two jobs of a step that begin together one takes the plan.
fault=$(mv {folder}/plan.$step {folder}/taken.$$ 2>/dev/null && cat {folder}/taken.$$)
case "$fault" in
  hang) echo "hangs $step" >> {folder}/calls.txt; exec sleep 600 ;;
  eat) {python} -c 'import time; eaten = b"1" * ({megabytes} << 20); time.sleep(60)' ;;
  half) export PYTHONPATH={folder}/half STEP=$step ;;
esac
{lotwise} "$@" || exit
echo "ended $step" >> {folder}/calls.txt
"""

# Read by Python as it starts: lotwise itself stops in the middle of its first table.
_HALF: Final = """import os, time
replace = os.replace

def stop(source, target, **options):
    if os.path.basename(source).startswith(".tmp-") and not str(target).endswith(".json"):
        os.truncate(source, os.stat(source).st_size // 2)
        with open({calls!r}, "a") as calls:
            calls.write("hangs " + os.environ["STEP"] + "\\n")
        time.sleep(600)
    return replace(source, target, **options)

os.replace = stop
"""


class Study:
    """A folder with a configuration, and Snakemake run in it."""

    def __init__(
        self, folder: Path, *, until: Sequence[str], profile: Path = PROFILE, **config: object
    ) -> None:
        self.folder = folder
        self.until = until
        self.profile = profile
        self.results = folder / "out"
        self.log = folder / "head.log"
        (folder / "config.yaml").write_text(
            yaml.safe_dump(
                {
                    "samples": "input/samples.tsv",
                    "results": "out",
                    "levels": ["gene"],
                    "evidence": {"statistics": []},
                    "figures": {"formats": ["png"]},
                    **config,
                }
            )
        )
        programs = folder / "programs"
        programs.mkdir()
        stand_in = programs / "lotwise"
        stand_in.write_text(
            _STAND_IN.format(
                folder=folder, python=sys.executable, lotwise=BIN / "lotwise", megabytes=EATEN_MB
            )
        )
        stand_in.chmod(0o755)
        half = folder / "half"
        half.mkdir()
        calls = str(folder / "calls.txt")
        (half / "sitecustomize.py").write_text(_HALF.format(calls=calls))
        self.environment = os.environ | {"PATH": f"{programs}:{BIN}:{os.environ['PATH']}"}

    def simulate(self, *options: str) -> None:
        """Simulate the batches."""
        self._run(BIN / "lotwise", "simulate", "input", *options).check_returncode()

    def plan(self, step: str, fault: Fault) -> None:
        """Let the next call of a step fail."""
        (self.folder / f"plan.{step}").write_text(fault)

    def calls(self) -> list[str]:
        """Return the records that the steps wrote, in order."""
        path = self.folder / "calls.txt"
        return path.read_text().splitlines() if path.exists() else []

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start Snakemake on the cluster."""
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [*map(str, self._command(*arguments))],
                cwd=self.folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def run(self, *arguments: str, seconds: float = PATIENCE_SECONDS) -> int:
        """Run Snakemake on the cluster to its end; give its exit code."""
        head = self.start(*arguments)
        try:
            return head.wait(seconds)
        finally:
            head.kill()

    def is_done(self) -> bool:
        """Return whether Snakemake has nothing left to do."""
        # Of a run that ends before the last rule it counts, and finds none.
        return self.run("--dry-run") == 0 and bool(
            re.search(r"Nothing to be done|^total +0$", self.said(), re.MULTILINE)
        )

    def said(self) -> str:
        """Return the output of the last run of Snakemake."""
        return self.log.read_text(errors="replace")

    def lotwise(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run the command line here, outside the cluster."""
        return self._run(BIN / "lotwise", *arguments)

    def unlock(self) -> None:
        """Do as Snakemake says after a head process was killed."""
        command = [BIN / "snakemake", "--snakefile", ROOT / "Snakefile", "--unlock"]
        self._run(*command).check_returncode()

    def made(self) -> dict[Path, int]:
        """Return the existing tables and the time each was written, in nanoseconds."""
        folders = (self.results / name for name in ("quant", "expression", "correlation"))
        files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
        return {path: path.stat().st_mtime_ns for path in files}

    def half_written(self) -> list[Path]:
        """Return temporary files that were left behind."""
        return [path for path in self.results.rglob(".tmp-*") if path.is_file()]

    def _command(self, *arguments: str) -> list[object]:
        # Asked for more often than on a real cluster, where nobody waits at the screen.
        hurry = (
            "--slurm-init-seconds-before-status-checks",
            "7",
            "--latency-wait",
            "15",
            "--until",
            *self.until,
        )
        command = (BIN / "snakemake", "--snakefile", ROOT / "Snakefile")
        return [*command, "--profile", self.profile, *hurry, *arguments]

    def _run(self, *command: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*map(str, command)],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
