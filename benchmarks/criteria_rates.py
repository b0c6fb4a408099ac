"""Outcome of the example criteria for simulated lots with known truth.

    python benchmarks/criteria_rates.py [number of runs] [criteria]

One tissue: 60,000 genes, half of them silent, log2 expression with a standard deviation of 2.8.
Lots of one process: every gene varies by 0.2 (log2) between lots and by 0.1 between libraries;
three lots, one library each. Two libraries: the same RNA twice, with the noise of counting alone.
Other tissues mixed into the third lot: near (correlation of log expression 0.95, 3 % of the
expressed genes replaced), middle (0.85, 10 %) and far (0.5, 30 %). Isoform criteria are
left out.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import anndata
import numpy as np
import pandas as pd

from lotwise import get, keys, tl
from lotwise.acceptance import TablesInMemory, judge_tables, read_criteria
from lotwise.acceptance.verdict import Verdict

N_GENES = 60_000
TISSUES = {"near": (0.95, 0.03), "middle": (0.85, 0.10), "far": (0.5, 0.30)}
Y_GENES = ("RPS4Y1", "DDX3Y", "KDM5D", "UTY", "EIF1AY")
DEPTHS = (0.2e6, 1e6, 5e6, 20e6)
SHARES = (0.05, 0.1, 0.25, 0.5)


def main() -> None:
    warnings.simplefilter("ignore")
    n_runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    name = sys.argv[2] if len(sys.argv) > 2 else "example"
    print("case\tdepth\tpass\tfail\tnot_assessable\tdecided_by")
    for case, depth, share, tissue in cases():
        outcomes: Counter[str] = Counter()
        decided: Counter[str] = Counter()
        for seed in range(n_runs):
            verdict = judge_lots(name, case, depth, share=share, tissue=tissue, seed=seed)
            outcomes[verdict.outcome] += 1
            decided.update(verdict.named(verdict.outcome) if verdict.outcome != "pass" else ())
        n_of = [outcomes[one] for one in ("pass", "fail", "not assessable")]
        by = ", ".join(f"{criterion} {n}" for criterion, n in decided.most_common())
        words = f"{share:.0%} of the {tissue} tissue" if tissue else case
        print(f"{words}\t{depth / 1e6:g}\t" + "\t".join(map(str, n_of)) + f"\t{by}", flush=True)


def cases() -> Iterator[tuple[str, float, float, str]]:
    for depth in DEPTHS:
        yield "two libraries of one RNA", depth, 0.0, ""
        yield "three lots of one process", depth, 0.0, ""
    for tissue in TISSUES:
        for share in SHARES:
            yield "mixed", 20e6, share, tissue


def judge_lots(
    name: str, case: str, depth: float, *, share: float, tissue: str, seed: int
) -> Verdict:
    """Simulate lots, and judge them."""
    rng = np.random.default_rng(seed)
    log2, on = rng.normal(0, 2.8, N_GENES), rng.random(N_GENES) < 0.5
    n_marked = len(Y_GENES)
    on[:n_marked], log2[:n_marked], on[n_marked] = True, 4.0, False
    same = case.startswith("two")
    lots = np.tile(log2, (2 if same else 3, 1))
    if not same:
        lots += rng.normal(0, 0.2, lots.shape) + rng.normal(0, 0.1, lots.shape)
    rna = _shares(lots, on)
    if share:
        rna[-1] = (1 - share) * rna[-1] + share * _other_tissue(log2, on, *TISSUES[tissue], rng)
    return judge_expression(name, _sequenced(rna, depth, rng))


def _shares(log2: np.ndarray, on: np.ndarray) -> np.ndarray:
    rna = np.exp2(log2) * on
    return np.asarray(rna / rna.sum(axis=-1, keepdims=True))


def _other_tissue(
    log2: np.ndarray, on: np.ndarray, correlation: float, replaced: float, rng: np.random.Generator
) -> np.ndarray:
    own = rng.normal(0, 2.8, N_GENES)
    other_on = on.copy()
    lost = rng.choice(np.flatnonzero(on), int(replaced * on.sum()), replace=False)
    gained = rng.choice(np.flatnonzero(~on), lost.size, replace=False)
    other_on[lost], other_on[gained] = False, True
    return _shares(correlation * log2 + np.sqrt(1 - correlation**2) * own, other_on)


def _sequenced(rna: np.ndarray, depth: float, rng: np.random.Generator) -> anndata.AnnData:
    counts = rng.poisson(rna * depth).astype(float)
    tpm = counts / counts.sum(axis=1, keepdims=True) * 1e6
    names = [f"lot{i + 1}" for i in range(len(counts))]
    features = [*Y_GENES, "XIST", *(f"g{i}" for i in range(len(Y_GENES) + 1, N_GENES))]
    return anndata.AnnData(
        np.log2(tpm + 1),
        obs=pd.DataFrame({"sample": names, "batch": names, "donor": "d"}, index=names),
        var=pd.DataFrame(index=features),
        layers={"tpm": tpm, "counts": counts, "length": np.full(tpm.shape, 1000.0)},
        uns={keys.LOTWISE: {keys.LEVEL: "gene"}},
    )


def judge_expression(name: str, gene: anndata.AnnData) -> Verdict:
    """Judge genes by the criteria of that level."""
    read = read_criteria(name)
    of_genes = tuple(one for one in read.criteria.criteria if one.level == "gene")
    read = replace(read, criteria=read.criteria.model_copy(update={"criteria": of_genes}))
    for compute in (tl.correlate, tl.libraries, tl.identity, tl.agreement, tl.ceilings):
        compute(gene)
    names = ("pairs", "libraries", "identity", "sex", "agreement", "ceilings")
    return judge_tables(
        read, TablesInMemory({"gene": {name: get.evidence(gene, name) for name in names}})
    )


if __name__ == "__main__":
    main()
