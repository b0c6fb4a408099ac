"""How often a sound run has replicates that are said to disagree, by number of batches.

    python benchmarks/ceiling_rates.py [--runs 400] [--noise heavy] [--spread 0.2] [--batches 3 6]

Sound runs: batches of one truth and samples with noise of sd 0.3 times a lognormal factor of log-sd
``spread``. Printed is the share of runs with a batch whose replicates are said to disagree
(:func:`lotwise.metrics.ceiling.replicate_reliabilities`), and how often two batches are named, and
no other, when one sample of each was exchanged and they differ by sd 1.

The factor from which replicates disagree was chosen on the noise ``normal`` (300 features, sd 2).
The others were not used for it:

counts      genes of lotwise.simulate, Poisson counts of libraries of about 2 M fragments, whose
            depth varies by the same factor
heavy       the same, and the noise of a gene has Student's t distribution with 3 degrees of freedom
macrophage  a real profile (../shared/data); the noise of a gene is the difference between two real
            lines in a gene of similar expression. Batches with an exchange are different lines.
"""

from __future__ import annotations

import argparse
from functools import cache
from itertools import combinations, product
from pathlib import Path

import numpy as np

import lotwise
from lotwise.metrics.ceiling import replicate_reliabilities
from lotwise.simulate import (
    Plan,
    make_library,
    simulate_counts,
    simulate_expression,
    simulate_transcriptome,
    sum_to_genes,
)

N_RUNS, N_FEATURES = 400, 300
NOISES = ("normal", "counts", "heavy", "macrophage")
MACROPHAGE = Path(__file__).resolve().parents[2] / "shared" / "data" / "macrophage_naive"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=N_RUNS)
    parser.add_argument("--noise", nargs="*", choices=NOISES, default=NOISES)
    parser.add_argument("--spread", nargs="*", type=float, default=(0.1, 0.2, 0.3, 0.4))
    parser.add_argument("--replicates", nargs="*", type=int, default=(2, 3))
    parser.add_argument("--batches", nargs="*", type=int, default=(2, 3, 4, 6, 12))
    asked = parser.parse_args()
    print("noise\tspread\treplicates\tbatches\tsound_flagged\tswap_named")
    for row in product(asked.noise, asked.spread, asked.replicates, asked.batches):
        found = [
            (_flagged(*row, seed, exchanged=False).any(), _flagged(*row, seed, exchanged=True))
            for seed in range(asked.runs)
        ]
        sound = np.mean([flag for flag, _ in found])
        # Of three replicates the median of a batch is that of the two sound ones: none.
        named = np.mean([flags[:2].all() and not flags[2:].any() for _, flags in found])
        print(*row, f"{sound:.3f}", f"{named:.3f}", sep="\t", flush=True)


def _flagged(
    noise: str, spread: float, size: int, n_batches: int, seed: int, *, exchanged: bool
) -> np.ndarray:
    """Return for each batch whether its replicates are said to disagree."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(n_batches), size)
    of_sample = labels.copy()
    if exchanged:
        of_sample[[0, size]] = of_sample[[size, 0]]
    factors = rng.lognormal(0, spread, labels.size)
    drawn = {"normal": _normal, "macrophage": _macrophage}.get(noise, _counted)
    samples = drawn(of_sample, 0.3 * factors, exchanged=exchanged, heavy=noise == "heavy", rng=rng)
    found = replicate_reliabilities(samples, groups=labels)
    return np.array([one.disagree for one in found])[::size]


def _normal(
    of_sample: np.ndarray, sds: np.ndarray, *, exchanged: bool, rng: np.random.Generator, **_: bool
) -> np.ndarray:
    n_batches = int(of_sample.max()) + 1
    truth = rng.normal(0, 2, N_FEATURES) + exchanged * rng.normal(0, 1, (n_batches, N_FEATURES))
    return truth[of_sample] + sds[:, None] * rng.normal(size=(of_sample.size, N_FEATURES))


@cache
def _transcriptome() -> lotwise.simulate.Transcriptome:
    return simulate_transcriptome(np.random.default_rng(1), n_genes=1_000)


def _counted(
    of_sample: np.ndarray,
    sds: np.ndarray,
    *,
    exchanged: bool,
    heavy: bool,
    rng: np.random.Generator,
) -> np.ndarray:
    made = _transcriptome()
    plan = Plan(n_batches=int(of_sample.max()) + 1, sd_batch=float(exchanged), sd_technical=0)
    of_batch = simulate_expression(made, plan, rng=rng).tpm
    rows = []
    for batch, sd in zip(of_sample, sds, strict=True):
        noise = rng.standard_t(3, made.n_genes) / 3**0.5 if heavy else rng.normal(size=made.n_genes)
        tpm = of_batch[batch] * np.exp2(sd * noise)[made.gene_index]
        # A thirtieth of the genes of a cell get a thirtieth of the reads.
        library = make_library("sound", n_fragments=int(2e6 / 30 * 0.3 / sd))
        counts = simulate_counts(tpm / tpm.sum() * 1e6, made.lengths, library=library, rng=rng)
        rate = sum_to_genes(counts / library.effective_lengths(made.lengths), made)
        rows.append(np.log2(rate / rate.sum() * 1e6 / 30 + 1))
    return np.array(rows)


@cache
def _lines() -> np.ndarray:
    """Return log2(TPM + 1) of the genes of six real lines that any of them expresses."""
    sheet = {path.name: path / "quant.sf.gz" for path in sorted((MACROPHAGE / "quants").iterdir())}
    tx2gene = MACROPHAGE / "tx2gene_from_gencode27.csv.gz"
    gene = lotwise.read_quant(sheet, tx2gene=tx2gene).gene
    return np.asarray(gene.X)[:, (np.asarray(gene.layers["tpm"]) >= 1).any(axis=0)]


def _macrophage(
    of_sample: np.ndarray, sds: np.ndarray, *, exchanged: bool, rng: np.random.Generator, **_: bool
) -> np.ndarray:
    lines = _lines()
    profile = lines[rng.permutation(len(lines))]
    truth = profile[of_sample % len(lines)] if exchanged else profile[np.zeros_like(of_sample)]
    pairs = list(combinations(range(len(lines)), 2))
    by_expression = np.array_split(np.argsort(lines.mean(axis=0)), 50)
    rows = []
    for mean, sd in zip(truth, sds, strict=True):
        one, other = pairs[rng.integers(len(pairs))]
        difference = (lines[one] - lines[other]) / (lines[one] - lines[other]).std()
        for genes in by_expression:
            difference[genes] = rng.permutation(difference[genes])
        rows.append(mean + sd * difference)
    return np.array(rows)


if __name__ == "__main__":
    main()
