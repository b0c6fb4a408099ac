"""How often gene-wise equivalence is called at the margin, and inside it, by method and replicates.

    python benchmarks/equivalence_rates.py

Negative binomial counts of two batches: 2,000 genes, half with a true log2 ratio of 1 or -1 (the
margin), half with 0; dispersion 0.02 + 1 / mean. `at_margin` is the share of p < 0.05 among the
former, which 0.05 should bound; `called` the share of the latter found equivalent at a false
discovery rate of 0.05.
"""

from __future__ import annotations

import time

import numpy as np

from lotwise.metrics.equivalence import Equivalence, equivalence, wald_equivalence
from lotwise.tl.deseq2 import fit_deseq2

N_GENES = 2000


def main() -> None:
    print("method\tn_replicates\tat_margin\tcalled\tcpu_seconds")
    for n in (2, 3, 4, 6):
        rng = np.random.default_rng(n)
        ratio = np.concatenate([np.repeat([1.0, -1.0], N_GENES // 4), np.zeros(N_GENES // 2)])
        base = rng.lognormal(5, 1.3, N_GENES)
        depth = rng.uniform(0.7, 1.3, (2 * n, 1))
        mean = depth * base * 2 ** (np.repeat([0.5, -0.5], n)[:, None] * ratio)
        dispersion = 0.02 + 1 / base
        counts = rng.negative_binomial(1 / dispersion, 1 / (1 + mean * dispersion)).astype(float)
        for method in (_welch, _deseq2):
            start = time.process_time()
            found = method(counts, n)
            seconds = time.process_time() - start
            at_margin = np.mean(found.p_equivalent[ratio != 0] < 0.05)
            called = np.mean(found.outcome[ratio == 0] == "equivalent")
            print(
                f"{method.__name__[1:]}\t{n}\t{at_margin:.3f}\t{called:.3f}\t{seconds:.1f}",
                flush=True,
            )


def _welch(counts: np.ndarray, n: int) -> Equivalence:
    log_tpm = np.log2(counts / counts.sum(axis=1, keepdims=True) * 1e6 + 1)
    return equivalence(log_tpm[:n], log_tpm[n:], margin=1.0)


def _deseq2(counts: np.ndarray, n: int) -> Equivalence:
    batches = ["A"] * n + ["B"] * n
    fit = fit_deseq2(counts, batches=batches, pairs=[("A", "B")])["A", "B"]
    return wald_equivalence(fit.difference, standard_error=fit.standard_error, margin=1.0)


if __name__ == "__main__":
    main()
