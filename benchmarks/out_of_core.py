"""Correlation of a store larger than memory: time relative to BLAS, peak memory, exactness.

    python benchmarks/out_of_core.py                   the four cases below, one after the other
    python benchmarks/out_of_core.py matrix            10,000 samples x 60,000 genes
    python benchmarks/out_of_core.py nearest           50,000 x 20,000, the 20 nearest of each
    python benchmarks/out_of_core.py matrix --dask     the same on two workers of dask.distributed
    python benchmarks/out_of_core.py matrix --divide 7 both sides divided, for a try

The store is made in a temporary folder and removed. BLAS is measured on a block in memory, before
and after, and scaled by flops: syrk of float32 (as the store is) and of float64.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import zarr
from timing import Held, Timing, report

SHAPES = {"matrix": (10_000, 60_000), "nearest": (50_000, 20_000)}
MEMORY = 1_400_000_000
K = 20
N_CHECKED = 30
MOST_GIGABYTES, MOST_DIFFERENCE, LEAST_OF_BLAS = 1.5, 1e-6, 0.5
BLAS = """
import sys, time, numpy as np
from scipy.linalg.blas import dsyrk, ssyrk
n, f, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
x = np.random.default_rng(1).random((n, f), dtype="f4").astype(kind)
syrk = {"f4": ssyrk, "f8": dsyrk}[kind]
syrk(1.0, x[:200].T, trans=1)
start, cpu = time.perf_counter(), time.process_time()
syrk(1.0, x.T, trans=1)
print((time.perf_counter() - start) / (n * n * f), (time.process_time() - cpu) / (n * n * f))
"""
WORK = """
import sys, time
from contextlib import ExitStack
from lotwise.outofcore import correlate_store, nearest_samples, open_store

def peak():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e6

def main():
    folder, case, memory, k, dask = sys.argv[1:]
    with ExitStack() as stack:
        client = None
        if dask == "True":
            from distributed import Client, LocalCluster
            cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
            client = stack.enter_context(Client(stack.enter_context(cluster)))
        start = time.perf_counter()
        source = open_store(f"{folder}/store.zarr")
        settings = {"memory": int(memory), "client": client}
        if case == "matrix":
            correlate_store(source, folder, **settings)
        else:
            nearest_samples(source, folder, k=int(k), **settings)
        seconds = time.perf_counter() - start
        cpu = time.process_time() + sum(client.run(time.process_time).values() if client else [])
        print("seconds", seconds, cpu)
        print("peaks", peak(), *(client.run(peak).values() if client else []))

if __name__ == "__main__":
    main()
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=SHAPES, nargs="?")
    parser.add_argument("--divide", type=int, default=1)
    parser.add_argument("--dask", action="store_true")
    asked = parser.parse_args()
    cases = [(case, on_dask) for case in SHAPES for on_dask in (False, True)]
    for case, on_dask in [(asked.case, asked.dask)] if asked.case else cases:
        _measure(case, asked.divide, on_dask=on_dask)


def _measure(case: str, divide: int, *, on_dask: bool) -> None:
    n_samples, n_features = (side // divide for side in SHAPES[case])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _make(folder / "store.zarr", n_samples, n_features)
        before = _blas(n_samples, n_features)
        # Two workers share the memory of one process.
        memory = MEMORY // 2 if on_dask else MEMORY
        script = folder / "work.py"
        script.write_text(WORK)
        words = [str(folder), case, str(memory), str(K), str(on_dask)]
        said = subprocess.run(
            [sys.executable, script, *words], check=True, stdout=subprocess.PIPE, text=True
        ).stdout
        after = _blas(n_samples, n_features)
        seconds, cpu = (float(word) for word in _said(said, "seconds"))
        peaks = [float(peak) for peak in _said(said, "peaks")]
        difference = _difference(folder, case)
    ours = Timing(
        name="lotwise, two dask workers" if on_dask else "lotwise",
        seconds=seconds,
        processor=cpu,
        megabytes=max(peaks) * 1e3,
        elapsed=(seconds,),
    )
    # With dask the client comes first and holds no data; the workers share the memory.
    used = sum(peaks[1:]) if on_dask else peaks[0]
    peers = [_mean(f"bare syrk, {kind}, scaled", before[kind], after[kind]) for kind in before]
    work = f"R of {n_samples:,} x {n_features:,}" if case == "matrix" else (
        f"{K} nearest of {n_samples:,} x {n_features:,}"
    )  # fmt: skip
    report(
        f"{work}, on disk{', on dask' if on_dask else ''}",
        ours,
        peers,
        needed={peers[0].name: LEAST_OF_BLAS} if case == "matrix" else {},
        held=[
            Held(what="peak GB", value=used, most=MOST_GIGABYTES),
            Held(what="difference from NumPy float64", value=difference, most=MOST_DIFFERENCE),
        ],
    )


def _mean(name: str, before: tuple[float, float], after: tuple[float, float]) -> Timing:
    seconds, cpu = ((first + last) / 2 for first, last in zip(before, after, strict=True))
    elapsed = (before[0], after[0])
    return Timing(name=name, seconds=seconds, processor=cpu, megabytes=0, elapsed=elapsed)


def _said(text: str, name: str) -> list[str]:
    found = re.search(rf"^{name} (.*)$", text, re.MULTILINE)
    if found is None:
        sys.exit(f"no {name} in {text!r}")
    return found[1].split()


def _make(path: Path, n_samples: int, n_features: int) -> None:
    """Expression as log2(TPM + 1): half of the genes zero, samples of 40 kinds."""
    rng = np.random.default_rng(1)
    expressed = rng.random(n_features) < 0.5
    kinds = np.where(expressed, rng.gamma(2, 2, (40, n_features)), 0).astype(np.float32)
    chunk = min(n_samples, 250)
    store = zarr.create_array(
        path, shape=(n_samples, n_features), chunks=(chunk, n_features), dtype="f4",
        compressors=None,
    )  # fmt: skip
    for start in range(0, n_samples, chunk):
        rows = slice(start, min(start + chunk, n_samples))
        values = kinds[rng.integers(0, 40, rows.stop - start)]
        noise = rng.standard_normal(values.shape, dtype=np.float32) * np.float32(0.5)
        store[rows] = np.where(values > 0, np.maximum(values + noise, 0), 0)


def _blas(n_samples: int, n_features: int) -> dict[str, tuple[float, float]]:
    """Return seconds and CPU seconds of syrk for the whole matrix, scaled from a block."""
    block = str(min(n_samples, 3000)), str(min(n_features, 20_000))
    flops = n_samples * n_samples * n_features
    found = {}
    for name, kind in (("float32", "f4"), ("float64", "f8")):
        said = subprocess.run(
            [sys.executable, "-c", BLAS, *block, kind], check=True, capture_output=True, text=True
        ).stdout
        seconds, cpu = (flops * float(word) for word in said.split())
        found[name] = (seconds, cpu)
    return found


def _difference(folder: Path, case: str) -> float:
    """Return the largest difference from NumPy in float64 for some samples."""
    store = zarr.open(folder / "store.zarr")
    rng = np.random.default_rng(2)
    chosen = np.sort(rng.choice(store.shape[0], size=min(N_CHECKED, store.shape[0]), replace=False))
    rows = np.stack([store[int(row)] for row in chosen]).astype(np.float64)
    if case == "matrix":
        found = zarr.open(folder / "pearson.zarr")["obsp/pearson"]
        ours = np.stack([found[int(row)][chosen] for row in chosen])
        return float(np.abs(ours - np.corrcoef(rows)).max())
    import pandas as pd

    table = pd.read_csv(folder / "pearson.nearest.tsv", sep="\t", dtype={"sample": str})
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    r = np.concatenate([rows @ _standard(store[at : at + 500]).T for at in _starts(store)], axis=1)
    r[np.arange(len(chosen)), chosen] = -2
    worst = 0.0
    for row, sample in zip(r, chosen, strict=True):
        best = np.sort(row)[::-1][:K]
        listed = table[table["sample"] == str(sample)]
        worst = max(worst, np.abs(row[listed["nearest"].astype(int)] - best).max())
        worst = max(worst, np.abs(listed["correlation"] - best).max())
    return float(worst)


def _starts(store: zarr.Array) -> range:
    return range(0, store.shape[0], 500)


def _standard(values: np.ndarray) -> np.ndarray:
    values = values.astype(np.float64)
    values -= values.mean(axis=1, keepdims=True)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


if __name__ == "__main__":
    main()
