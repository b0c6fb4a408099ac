"""How often gene-wise equivalence is called wrongly, and rightly, by method and replicates.

    python benchmarks/equivalence_rates.py

Counts of two batches: 3,000 genes whose TPM span 0.3 to 3,000, at 20 M or 5 M reads (20 or 5
counts per TPM). Biological variation of log2 is 0.05 to 0.2, or 0.15 to 0.6, by gene. Half the
genes are equal; the others differ by 1.1 to 2 in log2, which is beyond the margin of two-fold, more
of them up than down. `false` is the share of genes called equivalent that truly differ more than
two-fold: nominally 0.05, by thirds of expression too. `called` is the share of equal, expressed
genes that are called equivalent.

    python benchmarks/equivalence_rates.py --at-margin

Negative binomial counts of two batches: 2,000 genes, half with a true log2 ratio of 1 or -1 (the
margin), half with 0; dispersion 0.02 + 1 / mean. `at_margin` is the share of the
former with an adjusted p < 0.05, `called` that of the latter that are called equivalent.
"""

from __future__ import annotations

import sys
import time
from itertools import product

import numpy as np
import pandas as pd
from anndata import AnnData

import lotwise

N_GENES, N_SETS = 3000, 10
DEPTHS = {"20 M": 20.0, "5 M": 5.0}
VARIATION = ((0.05, 0.2), (0.15, 0.6))


def main() -> None:
    methods = ("moderated", "welch", "deseq2") if "--deseq2" in sys.argv else ("moderated", "welch")
    print("sd\tmethod\tn\treads\tfalse\tfalse_low\tfalse_middle\tfalse_high\tcalled\tcpu_seconds")
    for (sds, n), (depth, per_tpm), method in product(
        product(VARIATION, (2, 4)), DEPTHS.items(), methods
    ):
        start = time.process_time()
        tables = [_one_set(n, per_tpm, method, sds, seed) for seed in range(N_SETS)]
        seconds = (time.process_time() - start) / N_SETS
        rates = "\t".join(f"{rate:.3f}" for rate in _rates(pd.concat(tables)))
        words = f"{sds[0]}-{sds[1]}\t{method}\t{n}\t{depth}"
        print(words, rates, f"{seconds:.2f}", sep="\t", flush=True)


def at_margin(n_genes: int = 2_000) -> None:
    print("method\tn\tat_margin\tcalled")
    for n in (2, 3, 4, 6):
        rng = np.random.default_rng(n)
        ratio = np.concatenate([np.repeat([1.0, -1.0], n_genes // 4), np.zeros(n_genes // 2)])
        base = rng.lognormal(5, 1.3, n_genes)
        depth = rng.uniform(0.7, 1.3, (2 * n, 1))
        mean = depth * base * 2 ** (np.repeat([0.5, -0.5], n)[:, None] * ratio)
        dispersion = 0.02 + 1 / base
        counts = rng.negative_binomial(1 / dispersion, 1 / (1 + mean * dispersion)).astype(float)
        made = _in_anndata(counts, counts / counts.sum(axis=1, keepdims=True) * 1e6, n)
        for method in ("moderated", "welch", "deseq2"):
            lotwise.tl.equivalence(made, method=method)
            table = lotwise.get.evidence(made, "equivalence")
            beyond = np.mean(table["p_equivalent"][ratio != 0] < 0.05)
            called = np.mean(table["outcome"][ratio == 0] == "equivalent")
            print(method, n, f"{beyond:.3f}", f"{called:.3f}", sep="\t", flush=True)


def _in_anndata(counts: np.ndarray, tpm: np.ndarray, n: int) -> AnnData:
    """Return two batches of n samples."""
    names = pd.Index([f"S{row}" for row in range(2 * n)], dtype=object)
    return AnnData(
        X=np.log2(tpm + 1),
        obs=pd.DataFrame({"batch": ["A"] * n + ["B"] * n}, index=names),
        var=pd.DataFrame(index=pd.Index([f"g{i}" for i in range(tpm.shape[1])], dtype=object)),
        layers={"tpm": tpm, "counts": counts},
        uns={"lotwise": {"level": "gene"}},
    )


def _rates(table: pd.DataFrame) -> list[float]:
    equivalent = table[table["outcome"] == "equivalent"]
    thirds = pd.qcut(table["level"], 3, labels=False)
    rates = [
        (part["true"].abs() > 1).mean() if len(part) else float("nan")
        for part in (equivalent, *(equivalent[thirds[equivalent.index] == i] for i in range(3)))
    ]
    equal = table[(table["true"] == 0) & (table["outcome"] != "not expressed")]
    rates.append((equal["outcome"] == "equivalent").mean())
    return [float(rate) for rate in rates]


def _one_set(
    n: int, per_tpm: float, method: str, sds: tuple[float, float], seed: int
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    level = rng.uniform(np.log2(0.3), np.log2(3000), N_GENES)
    true = np.where(
        np.arange(N_GENES) % 2, rng.uniform(1.1, 2, N_GENES) * rng.choice([1, 1, -1], N_GENES), 0.0
    )
    sd = rng.uniform(*sds, N_GENES)
    tpm = 2.0 ** (level + np.repeat([0.5, -0.5], n)[:, None] * true)
    tpm = tpm * 2.0 ** (sd * rng.normal(size=tpm.shape))
    # These genes are as much of the transcriptome in one batch as in the other.
    counts = rng.poisson(tpm * per_tpm * rng.uniform(0.8, 1.2, (2 * n, 1))).astype(np.float64)
    measured = counts / counts.sum(axis=1, keepdims=True) * tpm.sum(axis=1).mean()
    made = _in_anndata(counts, measured, n)
    lotwise.tl.equivalence(made, method=method)
    table = lotwise.get.evidence(made, "equivalence").assign(true=true, level=level)
    table.index = [f"{seed} {gene}" for gene in range(N_GENES)]
    return table


if __name__ == "__main__":
    at_margin() if "--at-margin" in sys.argv else main()
