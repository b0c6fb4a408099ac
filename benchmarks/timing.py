"""Run two programs in turn on the same input and compare what they cost."""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What a command cost: median wall seconds over the runs, and its peak memory."""

    name: str
    seconds: float
    megabytes: float


def time_command(name: str, command: list[str], *, runs: int = 3) -> Timing:
    """Run a command several times; the memory is that of its largest process."""
    seconds, megabytes = [], 0.0
    for _ in range(runs):
        start = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
            _, errors = child.communicate()
            seconds.append(time.perf_counter() - start)
        if child.returncode:
            sys.exit(f"{name} failed ({child.returncode}): {errors.decode()[-500:]}")
    # ru_maxrss of all children so far: the caller measures the lighter program first.
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Timing(name=name, seconds=statistics.median(seconds), megabytes=megabytes)


def report(case: str, ours: Timing, peers: list[Timing], *, needed: str) -> None:
    """Print a case and append it to the file that BENCHMARK_RESULTS names."""
    for timing in (ours, *peers):
        print(
            f"{case}\t{timing.name}\t{timing.seconds:.2f} s\t{timing.megabytes:.0f} MB", flush=True
        )
    ratios = {peer.name: peer.seconds / ours.seconds for peer in peers}
    for name, ratio in ratios.items():
        print(f"{case}\t{name} / lotwise = {ratio:.2f}\t(needed: {needed})", flush=True)
    target = os.environ.get("BENCHMARK_RESULTS")
    if target:
        row = {
            "case": case,
            "timings": [asdict(timing) for timing in (ours, *peers)],
            "ratios": ratios,
            "needed": needed,
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "versions": {name: version(name) for name in ("lotwise", "numpy", "polars")},
        }
        with Path(target).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")
