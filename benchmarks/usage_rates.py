"""How often isoform usage reports a gene for two sequencings of one truth, or planted switches.

    python benchmarks/usage_rates.py [SETS] [PRIOR ...]

Two samples of 400 genes, 20 bootstraps each. A depth and a prior a line: the share of sound sets
with any gene below an adjusted p of 0.05 (0.05 is what is said), the share of planted switches
found, and the share of the genes named that were not planted.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np

import lotwise
from lotwise.simulate import Plan

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "unit" / "tl"))
from test_known_truth import ALPHA, N_GENES, TRANSCRIPTOME, sequenced

DEPTHS = (200_000, 1_000_000, 5_000_000, 20_000_000)
PRIORS = (0.0, 10.0, 40.0, 100.0)


def named(plan: Plan, seed: int, prior_fragments: float) -> tuple[set[str], set[str], set[str]]:
    """Return the genes found, the genes planted, and the genes compared."""
    drawn, isoform = sequenced(plan, seed, level="isoform", n_bootstraps=20)
    lotwise.tl.isoform_usage(isoform, prior_fragments=prior_fragments)
    table = lotwise.get.evidence(isoform, "isoform_usage")
    below = set(table.loc[table["p_adjusted"] < ALPHA, "gene_id"])
    planted = {TRANSCRIPTOME.gene_ids[gene] for gene in np.flatnonzero(drawn.switched)}
    return below, planted, set(table["gene_id"])


def main() -> None:
    warnings.simplefilter("ignore")
    n_sets = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    sound = {"n_genes": N_GENES, "n_batches": 2, "sd_batch": 0, "sd_technical": 0}
    priors = [float(word) for word in sys.argv[2:]] or PRIORS
    for depth in DEPTHS:
        for prior in priors:
            plan = Plan(n_fragments=depth, **sound)
            wrong = np.mean([bool(named(plan, seed, prior)[0]) for seed in range(n_sets)])
            planted = Plan(n_fragments=depth, n_switches=20, **sound)
            runs = [named(planted, seed, prior) for seed in range(max(1, n_sets // 10))]
            found = np.mean([len(below & true) / len(true & seen) for below, true, seen in runs])
            false = np.mean([len(below - true) / max(1, len(below)) for below, true, _ in runs])
            print(
                f"usage\t{depth:,} fragments\tprior {prior:g}\tsets named {wrong:.3f}\t"
                f"switches found {found:.3f}\tfalse among named {false:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
