"""Error rates of identity by genotype: sound sets, swaps, mixed samples and relatives.

Bases are drawn at the variants of simulated donors, not from reads: `python
benchmarks/genotype_rates.py 60` draws 60 sets of 3 to 12 samples at each of 0.1, 1 and 10 million
fragments. Genes express their two alleles unequally, 3 % of them one allele alone. With `--reads`,
sets of reads are simulated and read by `lotwise genotype` (0.04 million fragments of 300 genes).
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from scipy.stats import poisson

from lotwise.metrics.donor_labels import compare_labels
from lotwise.metrics.donors import Gene, cluster_donors, compare_pairs
from lotwise.metrics.genotypes import Genotypes, call_genotypes
from lotwise.metrics.mixtures import find_mixtures
from lotwise.simulate.donors import draw_child, draw_person, draw_variants

N_GENES = 2_000
ERROR = 0.002
ONE_ALLELE = 0.03
FRAGMENTS = (100_000, 1_000_000, 10_000_000)
KINDS = ("sound", "swap", "5 % mixed", "10 % mixed")


class Cells:
    """Genes, variants, and donors of whom some are relatives."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.lengths = np.maximum(rng.lognormal(np.log(2_500), 0.6, N_GENES).astype(int), 400)
        starts = np.concatenate([[0], np.cumsum(self.lengths)])
        variants = draw_variants(int(starts[-1]), rng=rng)
        self.genes = np.searchsorted(starts, variants.places, side="right") - 1
        self.bounds = np.searchsorted(self.genes, np.arange(N_GENES + 1))
        mother, father, other = (draw_person(variants, rng) for _ in range(3))
        children = [draw_child(mother, father, self.genes, rng) for _ in range(2)]
        # Mother, child, sibling, and two who are related to nobody.
        self.people = [mother, *children, father, other]

    def counts(
        self, shares: list[tuple[int, float]], per_base: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return bases of the reference and of the other allele at each variant."""
        balance = np.clip(0.5 + 0.1 * rng.standard_normal(N_GENES), 0.1, 0.9)
        alone = rng.random(N_GENES) < ONE_ALLELE
        balance[alone] = rng.integers(0, 2, int(alone.sum()))
        at = balance[self.genes]
        fraction = sum(
            share * (self.people[person][0] * at + self.people[person][1] * (1 - at))
            for person, share in shares
        )
        depth = rng.poisson(np.minimum(per_base[self.genes], 400))
        found = rng.binomial(depth, fraction * (1 - ERROR) + (1 - fraction) * ERROR / 3)
        return np.stack([depth - found, found])


def one_set(kind: str, n_fragments: int, rng: np.random.Generator) -> Counter[str]:
    """Simulate one set; count what was found rightly and wrongly."""
    cells = Cells(rng)
    n_donors = int(rng.integers(2, 4))
    chosen = rng.permutation(len(cells.people))[:n_donors]
    # Two samples a donor or more; a swap needs three of each to be told.
    least = 3 if kind == "swap" else 2 if n_donors > 2 else int(rng.integers(2, 4))
    truth = [int(person) for person in chosen for _ in range(least)][:12]
    truth += [int(rng.choice(chosen)) for _ in range(int(rng.integers(0, 13 - len(truth))))]
    labels = list(truth)
    first = 0
    second = next(row for row, person in enumerate(truth) if person != truth[0])
    if kind == "swap":
        labels[first], labels[second] = labels[second], labels[first]
    expression = np.exp(2.0 * rng.standard_normal(N_GENES)) * cells.lengths
    share = expression / expression.sum()
    rows, covered = [], []
    for row, person in enumerate(truth):
        per_base = n_fragments * share * 2 * 80 / cells.lengths
        per_base = per_base * np.exp(0.3 * rng.standard_normal(N_GENES))
        mixed = 0.05 if kind == "5 % mixed" else 0.1
        inside = [(person, 1.0)]
        if "mixed" in kind and row == first:
            inside = [(person, 1 - mixed), (truth[second], mixed)]
        rows.append(cells.counts(inside, per_base, rng))
        covered.append(poisson.sf(14, np.minimum(per_base, 400)))
    counts = np.zeros((len(truth), cells.genes.size, 4), dtype=int)
    counts[:, :, :2] = np.array(rows).transpose(0, 2, 1)
    called = call_genotypes(counts, np.zeros(cells.genes.size, dtype=int))
    evidence = compare_pairs(_genes(cells, called, np.array(covered), rng), len(truth))
    found = cluster_donors(evidence.siblings)
    held = compare_labels(found, [str(label) for label in labels], [""] * len(truth))
    used = (called.calls > 0).any(axis=0)
    mixtures = find_mixtures(
        Genotypes(*(part[:, used] for part in called[:3]), called.alternative[used]),
        cells.genes[used],
        found,
    )
    tally: Counter[str] = Counter(sets=1, samples=len(truth))
    tally["not assessable"] = found.count(0)
    tally["two donors joined"] = any(
        found[a] == found[b] != 0 and truth[a] != truth[b]
        for a in range(len(truth))
        for b in range(a)
    )
    planted = {first, second} if kind == "swap" else set()
    named = {row for row, one in enumerate(held) if one.agrees == "no"}
    tally["swap named with both"] = kind == "swap" and held[first].exchanged == (second,)
    tally["sets with a sample wrongly named"] = bool(named - planted)
    mixed_rows = {row for row, one in enumerate(mixtures) if one.share > 0}
    planted = {first} if "mixed" in kind else set()
    tally["mixed sample named"] = bool(planted) and first in mixed_rows
    tally["sets with a sample wrongly called mixed"] = bool(mixed_rows - planted)
    return Counter({name: int(n) for name, n in tally.items()})


def _genes(
    cells: Cells, called: Genotypes, chance: np.ndarray, rng: np.random.Generator
) -> list[Gene]:
    """Return genes with calls, and coverage in stretches of 50 bases."""
    genes = []
    for gene in np.flatnonzero((chance > 0.01).sum(axis=0) > 1):
        n = max(1, int(cells.lengths[gene]) // 50)
        covered = np.repeat(rng.random((len(chance), n)) < chance[:, gene, None], 50, axis=1)
        sites = slice(cells.bounds[gene], cells.bounds[gene + 1])
        genes.append(Gene(called.calls[:, sites], covered))
    return genes


def from_reads(n_sets: int) -> None:
    """Simulate reads with a swap and a mixed sample; print what `lotwise genotype` names."""
    right = 0
    for seed in range(n_sets):
        with tempfile.TemporaryDirectory() as folder:
            lots = Path(folder) / "lots"
            words = "simulate {} --as reads --genes 300 --batches 6 --fragments 40000 --seed {}"
            words += " --heterozygosity 0.0005 --other-donor lot4 --other-donor lot5"
            words += " --other-donor lot6 --swap lot2_rep1 lot5_rep1"
            words += " --contaminate lot6_rep1 lot1_rep1 0.1"
            _run(words.format(lots, seed))
            said = _run(
                f"genotype {lots}/samples.tsv --transcripts {lots}/reference/transcripts.fa "
                f"--out {folder}/results --format png"
            )
            right += (
                "lot2_rep1: exchanged with lot5_rep1" in said
                and "lot6_rep1: about" in said
                and "by their genotype, 3 of 6" in said
            )
    print(f"from reads: both planted faults named, and nothing else, in {right} of {n_sets} sets")


def _run(words: str) -> str:
    done = subprocess.run(["lotwise", *words.split()], capture_output=True, text=True, check=False)
    return done.stderr


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", type=int, nargs="?", default=60)
    parser.add_argument("--reads", action="store_true")
    given = parser.parse_args()
    if given.reads:
        from_reads(given.sets)
        return
    for n_fragments in FRAGMENTS:
        for place, kind in enumerate(KINDS):
            rng = np.random.default_rng([n_fragments, place])
            n_sets = max(1, given.sets // len(KINDS))
            total = sum((one_set(kind, n_fragments, rng) for _ in range(n_sets)), Counter())
            told = "; ".join(f"{name} {n}" for name, n in total.items() if n)
            print(f"{n_fragments / 1e6:g} M fragments, {kind}: {told}", flush=True)


if __name__ == "__main__":
    main()
