"""Run two programs in turn on the same input and compare their cost."""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
LIBRARIES = ("lotwise", "numpy", "scipy", "pandas", "polars", "matplotlib", "seaborn")


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Cost of a command: median wall and processor seconds of its runs, and its peak memory.

    ``elapsed`` holds the wall seconds of every run, so that their spread can be seen.
    """

    name: str
    seconds: float
    processor: float
    megabytes: float
    elapsed: tuple[float, ...]


def time_command(
    name: str, command: Sequence[str | Path], *, runs: int = 3, codes: Sequence[int] = (0,)
) -> Timing:
    """Run a command several times; the memory is that of the largest of its processes."""
    elapsed, processor, megabytes = [], [], []
    for _ in range(runs):
        with tempfile.TemporaryFile() as errors:
            start = time.perf_counter()
            child = subprocess.Popen(list(map(str, command)), stdout=errors, stderr=errors)
            _, status, usage = os.wait4(child.pid, 0)
            elapsed.append(time.perf_counter() - start)
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode not in codes:
                errors.seek(0)
                sys.exit(f"{name} failed ({child.returncode}): {errors.read().decode()[-800:]}")
        processor.append(usage.ru_utime + usage.ru_stime)
        megabytes.append(usage.ru_maxrss / 1024)
    return Timing(
        name=name,
        seconds=statistics.median(elapsed),
        processor=statistics.median(processor),
        megabytes=max(megabytes),
        elapsed=tuple(elapsed),
    )


def time_peer(name: str, command: Sequence[str | Path], *, runs: int = 1) -> list[Timing]:
    """Time a peer; return None, and print the reason, if it fails here."""
    try:
        return [time_command(name, command, runs=runs)]
    except SystemExit as failure:
        print(f"not timed: {str(failure).splitlines()[0]} {str(failure).splitlines()[-1]}")
        return []


def scaled(timing: Timing, factor: float, *, name: str) -> Timing:
    """Return the cost of a task that is a multiple of the timed one; the name must state it."""
    return replace(
        timing,
        name=name,
        seconds=timing.seconds * factor,
        processor=timing.processor * factor,
        elapsed=tuple(seconds * factor for seconds in timing.elapsed),
    )


def less(timing: Timing, base: Timing) -> Timing:
    """Subtract the cost of making the input."""
    return replace(
        timing,
        seconds=timing.seconds - base.seconds,
        processor=timing.processor - base.processor,
        elapsed=tuple(seconds - base.seconds for seconds in timing.elapsed),
    )


def has_r(*packages: str) -> bool:
    """Return whether R and these packages are installed; print a message if not."""
    code = ";".join(f"library({package})" for package in packages) or "0"
    if (
        shutil.which("Rscript")
        and not subprocess.run(["Rscript", "-e", code], capture_output=True, check=False).returncode
    ):
        return True
    print(f"not timed: R with {', '.join(packages) or 'its base'} is not there", flush=True)
    return False


def has_program(name: str) -> bool:
    """Return whether a peer is on PATH; print a message if not."""
    if shutil.which(name):
        return True
    print(f"not timed: {name} is not there", flush=True)
    return False


@dataclass(frozen=True, kw_only=True)
class Held:
    """A number that is not a ratio of seconds, and its upper bound (None: only shown)."""

    what: str
    value: float
    most: float | None = None


def report(
    case: str,
    ours: Timing,
    peers: Sequence[Timing] = (),
    *,
    needed: Mapping[str, float] | None = None,
    most_seconds: float | None = None,
    most_megabytes: float | None = None,
    held: Sequence[Held] = (),
) -> None:
    """Print a case and append it to the file that BENCHMARK_RESULTS names.

    ``needed`` is the minimum ratio of a peer's seconds to ours, by the peer's name; if such a peer
    could not be timed, the bound counts as not met.
    """
    for timing in (ours, *peers):
        spread = f"{min(timing.elapsed):.2f} to {max(timing.elapsed):.2f}"
        print(
            f"{case}\t{timing.name}\t{timing.seconds:.2f} s ({spread})\t"
            f"{timing.processor:.2f} s of processor\t{timing.megabytes:.0f} MB",
            flush=True,
        )
    needed = dict(needed or {})
    ratios = {peer.name: peer.seconds / ours.seconds for peer in peers}
    for name, ratio in ratios.items():
        bound = f"\t(needed: {needed[name]:.3g})" if name in needed else ""
        print(f"{case}\t{name} / lotwise = {ratio:.2f}{bound}", flush=True)
    held = [
        *held,
        *([] if most_seconds is None else [_held("s", ours.seconds, most_seconds)]),
        *([] if most_megabytes is None else [_held("MB", ours.megabytes, most_megabytes)]),
    ]
    for number in held:
        bound = "" if number.most is None else f"\t(at most: {number.most:g})"
        print(f"{case}\t{number.what}: {number.value:.4g}{bound}", flush=True)
    for words in missed_bounds(ratios, needed, held):
        print(f"{case}\tMISSED: {words}", flush=True)
    target = os.environ.get("BENCHMARK_RESULTS")
    if target:
        row = {
            "case": case,
            "script": Path(sys.argv[0]).name,
            "timings": [asdict(timing) for timing in (ours, *peers)],
            "ratios": ratios,
            "needed": needed,
            "held": [asdict(number) for number in held],
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "load": os.getloadavg()[0],
            "python": platform.python_version(),
            "versions": {name: version(name) for name in LIBRARIES},
        }
        with Path(target).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")


def missed_bounds(
    ratios: Mapping[str, float], needed: Mapping[str, float], held: Sequence[Held]
) -> list[str]:
    """Return for each unmet bound what was measured; NaN meets no bound."""
    missed = [
        f"{name} was not timed (needed {least:.3g})"
        for name, least in needed.items()
        if name not in ratios
    ]
    missed += [
        f"{name} / lotwise = {ratio:.3g}, needed {needed[name]:.3g}"
        for name, ratio in ratios.items()
        if name in needed and not ratio >= needed[name]
    ]
    return missed + [
        f"{number.what}: {number.value:.4g}, at most {number.most:g}"
        for number in held
        if number.most is not None and not number.value <= number.most
    ]


def _held(unit: str, value: float, most: float) -> Held:
    return Held(what=unit, value=value, most=most)
