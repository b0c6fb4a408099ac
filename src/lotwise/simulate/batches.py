"""Simulated expression of manufacturing batches, with planted effects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from lotwise.errors import InputError
from lotwise.simulate.library import Kind, Library, Protocol, make_library
from lotwise.simulate.transcriptome import (
    MARKER_FEMALE,
    MARKERS_MALE,
    MARKERS_OFF,
    MARKERS_ON,
    Transcriptome,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_LN2 = float(np.log(2))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Parameters of a simulation.

    Attributes
    ----------
    n_genes
        Number of genes of the transcriptome.
    n_batches, n_replicates
        Number of batches, and of samples per batch.
    n_fragments
        Read pairs (or single reads) of a sample without a fault.
    expressed_share
        Fraction of genes with any expression, in (0, 1].
    sd_expression
        Standard deviation of log2 TPM over expressed genes.
    sd_batch, sd_technical
        Standard deviation of a gene's log2 expression between batches and between samples of
        one batch. Isoform proportions vary by the same amounts.
    n_de_genes
        Number of genes that the last batch expresses ``2 ** log2_fold`` times higher or lower.
    log2_fold
        Size of that change in log2.
    n_switches
        Number of genes whose two main isoforms are exchanged in the last batch.
    female
        Batches from a second, female donor; all others are from a male donor.
    other_donor
        Batches from one more male donor, who differs in genotype only.
    heterozygosity
        Heterozygous sites of a donor per base of exons. 0: all donors have the reference sequence;
        5e-4: as in humans.
    contaminated
        For each contaminated sample: another sample, and the fraction of cells that come from the
        donor of this other sample.
    swapped
        Two samples whose tubes were exchanged: each contains the other's RNA.
    faults
        The fault of each sample that has a simulated fault.
    strandedness
        Library protocol of all samples.
    paired
        Whether reads are paired.
    """

    n_genes: int = 2_000
    n_batches: int = 3
    n_replicates: int = 1
    n_fragments: int = 200_000
    expressed_share: float = 0.5
    sd_expression: float = 2.8
    sd_batch: float = 0.2
    sd_technical: float = 0.1
    n_de_genes: int = 0
    log2_fold: float = 2.0
    n_switches: int = 0
    female: tuple[str, ...] = ()
    other_donor: tuple[str, ...] = ()
    heterozygosity: float = 0.0
    contaminated: dict[str, tuple[str, float]] = field(default_factory=dict)
    swapped: tuple[str, str] | None = None
    faults: dict[str, Kind] = field(default_factory=dict)
    strandedness: Protocol = "unstranded"
    paired: bool = True

    def __post_init__(self) -> None:
        if self.n_batches < 1 or self.n_replicates < 1:
            raise InputError("n_batches and n_replicates must be >= 1")
        if not 0 < self.expressed_share <= 1:
            raise InputError(f"expressed_share must be in (0, 1], got {self.expressed_share:g}")
        if min(self.sd_expression, self.sd_batch, self.sd_technical) < 0:
            raise InputError("every standard deviation must be >= 0")
        if min(self.n_de_genes, self.n_switches) < 0:
            raise InputError("n_de_genes and n_switches must be >= 0")
        self._require_known_names()

    def _require_known_names(self) -> None:
        for name in (*self.female, *self.other_donor):
            if name not in self.batches:
                raise InputError(
                    f"unknown batch {name!r}; the batches are {', '.join(self.batches)}"
                )
        for sample, (_, share) in self.contaminated.items():
            if not 0 < share < 1:
                raise InputError(
                    f"the fraction mixed into {sample} must be in (0, 1), got {share:g}"
                )
        mixed = [sample for sample, _ in self.contaminated.values()]
        for name in (*(self.swapped or ()), *self.faults, *self.contaminated, *mixed):
            if name not in self.samples:
                raise InputError(
                    f"unknown sample {name!r}; the samples are {', '.join(self.samples)}"
                )

    @property
    def batches(self) -> tuple[str, ...]:
        """Names of the batches."""
        return tuple(f"lot{batch + 1}" for batch in range(self.n_batches))

    @property
    def samples(self) -> tuple[str, ...]:
        """Names of the samples, batch after batch."""
        return tuple(
            f"{batch}_rep{replicate + 1}"
            for batch in self.batches
            for replicate in range(self.n_replicates)
        )

    def batch_of(self, sample: str) -> str:
        """Return the batch in the label of ``sample``."""
        return self.batches[self.samples.index(sample) // self.n_replicates]

    def donor_of(self, sample: str) -> str:
        """Return the donor in the label of ``sample``."""
        batch = self.batch_of(sample)
        if batch in self.female:
            return "donor2"
        if batch in self.other_donor:
            return "donor3" if self.female else "donor2"
        return "donor1"

    @property
    def donors(self) -> tuple[str, ...]:
        """Names of the donors."""
        return tuple(dict.fromkeys(self.donor_of(sample) for sample in self.samples))

    def library(self, sample: str) -> Library:
        """Return the library of one sample, with its simulated fault."""
        return make_library(
            self.faults.get(sample, "sound"),
            n_fragments=self.n_fragments,
            strandedness=self.strandedness,
            paired=self.paired,
        )


@dataclass(frozen=True)
class Expression:
    """True expression of every sample, and the planted effects.

    Attributes
    ----------
    tpm
        Transcripts per million in the tube labelled with the sample's name, shape
        (n_samples, n_isoforms); each row sums to a million. Swapped samples are already
        exchanged.
    carries
        For each sample, the sample whose RNA is in its tube: itself unless swapped.
    log2_fold
        Planted change of each gene in the last batch, shape (n_genes,); 0 for none.
    switched
        Whether the main isoforms of each gene are exchanged in the last batch, shape (n_genes,).
    """

    tpm: NDArray[np.float64]
    carries: tuple[str, ...]
    log2_fold: NDArray[np.float64]
    switched: NDArray[np.bool_]


def simulate_expression(
    transcriptome: Transcriptome, plan: Plan, *, rng: np.random.Generator
) -> Expression:
    """Draw the true expression of every sample of ``plan``.

    Genes are not expressed or log-normal. A gene's expression is divided among its isoforms by a
    Dirichlet draw of concentration 1, so that most genes have one main isoform. Log-normal factors
    of batches and samples change both the expression of genes and the proportions of isoforms.

    Raises
    ------
    InputError
        ``n_de_genes`` is larger than the number of expressed genes. Or ``n_switches`` is larger
        than the number of expressed genes with two or more isoforms. Or the plan has a female
        donor, but the transcriptome has no XIST.

    Examples
    --------
    >>> from lotwise.simulate import simulate_transcriptome
    >>> made = simulate_transcriptome(np.random.default_rng(1), n_genes=200)
    >>> drawn = simulate_expression(made, Plan(n_de_genes=5), rng=np.random.default_rng(2))
    >>> drawn.tpm.shape == (3, made.n_isoforms), int((drawn.log2_fold != 0).sum())
    (True, 5)
    """
    base_rng, change_rng, batch_rng, sample_rng = rng.spawn(4)
    log2_gene = _draw_genes(transcriptome, plan, base_rng)
    usage = base_rng.exponential(size=transcriptome.n_isoforms)
    log2_fold = _plant_folds(log2_gene, plan, change_rng)
    switched = _choose_switched(transcriptome, log2_gene, plan, change_rng)

    rows: list[NDArray[np.float64]] = []
    for batch, name in enumerate(plan.batches):
        changed = batch == plan.n_batches - 1
        of_donor = _female(log2_gene, transcriptome) if name in plan.female else log2_gene
        batch_usage = _switch(usage, transcriptome, switched) if changed else usage
        in_batch = _vary(of_donor, batch_usage, plan.sd_batch, batch_rng)
        for _ in range(plan.n_replicates):
            gene, isoform = _vary(*in_batch, plan.sd_technical, sample_rng)
            rows.append(_to_tpm(gene + log2_fold * changed, isoform, transcriptome))
    tubes = _swap(plan)
    return Expression(
        tpm=np.vstack(rows)[tubes],
        carries=tuple(plan.samples[tube] for tube in tubes),
        log2_fold=log2_fold,
        switched=switched,
    )


def sum_to_genes(
    per_isoform: NDArray[np.float64], transcriptome: Transcriptome
) -> NDArray[np.float64]:
    """Return the sum of isoforms per gene: (..., n_isoforms) to (..., n_genes)."""
    first = np.searchsorted(transcriptome.gene_index, np.arange(transcriptome.n_genes))
    return np.add.reduceat(per_isoform, first, axis=-1)


def _draw_genes(
    transcriptome: Transcriptome, plan: Plan, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return log2 expression of each gene, -inf if it is not expressed."""
    n_genes = transcriptome.n_genes
    log2_gene = plan.sd_expression * rng.standard_normal(n_genes)
    off = rng.random(n_genes) >= plan.expressed_share
    if off.all():
        off[rng.integers(n_genes)] = False
    for gene, name in enumerate(transcriptome.gene_names):
        if name in MARKERS_ON:
            # Markers of the cell type are expressed above the median gene.
            off[gene], log2_gene[gene] = False, abs(log2_gene[gene])
        elif name in MARKERS_OFF:
            off[gene] = True
    return np.where(off, -np.inf, log2_gene)


def _female(log2_gene: NDArray[np.float64], transcriptome: Transcriptome) -> NDArray[np.float64]:
    """Express XIST at the level of the male donor's first gene of Y, and no gene of Y."""
    at = {name: gene for gene, name in enumerate(transcriptome.gene_names)}
    if MARKER_FEMALE not in at:
        raise InputError(f"a female donor needs the gene {MARKER_FEMALE}; simulate more genes")
    changed = log2_gene.copy()
    changed[at[MARKER_FEMALE]] = log2_gene[at[MARKERS_MALE[0]]]
    changed[[at[name] for name in MARKERS_MALE]] = -np.inf
    return changed


def _plant_folds(
    log2_gene: NDArray[np.float64], plan: Plan, rng: np.random.Generator
) -> NDArray[np.float64]:
    chosen = _choose(np.flatnonzero(np.isfinite(log2_gene)), plan.n_de_genes, "n_de_genes", rng)
    log2_fold = np.zeros(log2_gene.size)
    log2_fold[chosen] = plan.log2_fold * rng.choice([-1.0, 1.0], chosen.size)
    return log2_fold


def _choose_switched(
    transcriptome: Transcriptome,
    log2_gene: NDArray[np.float64],
    plan: Plan,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    n_isoforms = np.bincount(transcriptome.gene_index, minlength=transcriptome.n_genes)
    able = np.flatnonzero(np.isfinite(log2_gene) & (n_isoforms >= 2))
    switched = np.zeros(transcriptome.n_genes, dtype=np.bool_)
    switched[_choose(able, plan.n_switches, "n_switches", rng)] = True
    return switched


def _choose(
    able: NDArray[np.intp], n: int, name: str, rng: np.random.Generator
) -> NDArray[np.intp]:
    if n > able.size:
        raise InputError(f"{name} is {n:,}, but only {able.size:,} genes can be changed this way")
    return rng.choice(able, n, replace=False)


def _switch(
    usage: NDArray[np.float64], transcriptome: Transcriptome, switched: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Exchange the two largest usages of every switched gene."""
    changed = usage.copy()
    for gene in np.flatnonzero(switched):
        isoforms = np.flatnonzero(transcriptome.gene_index == gene)
        second, first = isoforms[np.argsort(usage[isoforms])[-2:]]
        changed[[first, second]] = usage[[second, first]]
    return changed


def _vary(
    log2_gene: NDArray[np.float64],
    usage: NDArray[np.float64],
    sd: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    moved = log2_gene + sd * rng.standard_normal(log2_gene.size)
    return moved, usage * np.exp(_LN2 * sd * rng.standard_normal(usage.size))


def _to_tpm(
    log2_gene: NDArray[np.float64], usage: NDArray[np.float64], transcriptome: Transcriptome
) -> NDArray[np.float64]:
    share = usage / sum_to_genes(usage, transcriptome)[transcriptome.gene_index]
    abundance = np.exp2(log2_gene)[transcriptome.gene_index] * share
    tpm: NDArray[np.float64] = abundance / abundance.sum() * 1e6
    return tpm


def _swap(plan: Plan) -> Sequence[int]:
    tubes = list(range(len(plan.samples)))
    if plan.swapped is not None:
        first, second = (plan.samples.index(name) for name in plan.swapped)
        tubes[first], tubes[second] = tubes[second], tubes[first]
    return tubes
