"""A random genome whose genes have several isoforms with shared exons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lotwise.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

BASES: Final = np.frombuffer(b"ACGT", dtype=np.uint8)
CHROMOSOME: Final = "sim1"

# Symbols in the panels for identity, purity and sex, so that the panels find genes: the simulated
# cells are mesenchymal stromal cells of a male donor.
MARKERS_MALE: Final = ("RPS4Y1", "DDX3Y", "KDM5D", "UTY", "EIF1AY")
MARKER_FEMALE: Final = "XIST"
MARKERS_ON: Final = ("ENG", "NT5E", "THY1", *MARKERS_MALE)
MARKERS_OFF: Final = (
    MARKER_FEMALE, "PTPRC", "CD34", "CD14", "ITGAM", "CD79A", "CD19", "HLA-DRA",
    "POU5F1", "NANOG", "SOX2", "LIN28A", "TDGF1", "DNMT3B",
)  # fmt: skip

_SHORTEST_ISOFORM = 300
_MEAN_EXTRA_ISOFORMS = 1.5
_LARGEST_EXTRA_ISOFORMS = 9
_MEAN_EXTRA_EXONS = 6.0
_LARGEST_N_EXONS = 25
_ATTEMPTS_PER_ISOFORM = 4


@dataclass(frozen=True)
class Transcriptome:
    """Genes, their isoforms and the sequence of each isoform.

    Isoforms of a gene are adjacent. Coordinates are 0-based and half open.

    Attributes
    ----------
    gene_ids, gene_names
        One per gene.
    isoform_ids
        One per isoform.
    gene_index
        The index of each isoform's gene, shape (n_isoforms,).
    exons
        Start and end of each isoform's exons on the chromosome, in ascending order, shape
        (n_exons, 2) each.
    forward
        Whether each gene is on the forward strand, shape (n_genes,).
    genome
        The chromosome in ASCII, dtype uint8.
    sequence
        All isoforms in sequence, 5' to 3', in ASCII, dtype uint8.
    offsets
        Start of isoform ``i`` in ``sequence``; the last entry is the end of the last isoform.
        Shape (n_isoforms + 1,).
    """

    gene_ids: tuple[str, ...]
    gene_names: tuple[str, ...]
    isoform_ids: tuple[str, ...]
    gene_index: NDArray[np.int64]
    exons: tuple[NDArray[np.int64], ...]
    forward: NDArray[np.bool_]
    genome: NDArray[np.uint8]
    sequence: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    @property
    def n_genes(self) -> int:
        """The number of genes."""
        return len(self.gene_ids)

    @property
    def n_isoforms(self) -> int:
        """The number of isoforms."""
        return len(self.isoform_ids)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The length of each isoform in bases, shape (n_isoforms,)."""
        return np.diff(self.offsets)

    def isoform_sequence(self, isoform: int) -> str:
        """Return the sequence of isoform number ``isoform``, 5' to 3'."""
        spelled: bytes = self.sequence[self.offsets[isoform] : self.offsets[isoform + 1]].tobytes()
        return spelled.decode("ascii")


def reverse_complement(bases: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the reverse complement of ASCII bases, along the last axis.

    Examples
    --------
    >>> reverse_complement(np.frombuffer(b"AACGN", dtype=np.uint8)).tobytes()
    b'NCGTT'
    """
    return _COMPLEMENT[bases[..., ::-1]]


def simulate_transcriptome(
    rng: np.random.Generator, *, n_genes: int = 2_000, markers: bool = True
) -> Transcriptome:
    """Return a random chromosome with genes, exons and isoforms.

    A gene has 1 to 25 exons. The first isoform of a gene has all exons. Each other isoform
    lacks some of these exons: inner exons, exons at an end, or both. No isoform is shorter than
    300 bases. A gene has about 2.5 isoforms on average; genes with few exons have fewer. The
    sequence is random, so that genes share no
    sequence: paralogues and repeats are not simulated.

    Parameters
    ----------
    rng
        Random number generator; the same state gives the same transcriptome.
    n_genes
        Number of genes, at least 1.
    markers
        Give the first genes the symbols in the shipped panels (:data:`MARKERS_ON`,
        :data:`MARKERS_OFF`). With few genes, only the first symbols are used.

    Raises
    ------
    InputError
        ``n_genes`` is below 1.

    Examples
    --------
    >>> made = simulate_transcriptome(np.random.default_rng(1), n_genes=50)
    >>> made.n_genes, made.isoform_ids[0], made.gene_ids[0], made.gene_names[0]
    (50, 'LWT00000000001', 'LWG00000000001', 'ENG')
    >>> int(made.lengths.min()) >= 300
    True
    """
    if n_genes < 1:
        raise InputError(f"n_genes must be >= 1, got {n_genes}")
    gene_exons, chromosome_length = _lay_out_exons(rng, n_genes)
    genome = BASES[rng.integers(0, 4, chromosome_length, dtype=np.uint8)]
    forward = rng.random(n_genes) < 0.5
    _set_splice_sites(genome, gene_exons, forward)

    exons: list[NDArray[np.int64]] = []
    gene_index: list[int] = []
    pieces: list[NDArray[np.uint8]] = []
    for gene, all_exons in enumerate(gene_exons):
        for kept in _choose_isoforms(rng, all_exons):
            isoform_exons = all_exons[list(kept)]
            exons.append(isoform_exons)
            gene_index.append(gene)
            spliced = np.concatenate([genome[start:end] for start, end in isoform_exons])
            pieces.append(spliced if forward[gene] else reverse_complement(spliced))
    return Transcriptome(
        gene_ids=tuple(f"LWG{gene + 1:011d}" for gene in range(n_genes)),
        gene_names=_gene_names(n_genes, markers=markers),
        isoform_ids=tuple(f"LWT{isoform + 1:011d}" for isoform in range(len(pieces))),
        gene_index=np.asarray(gene_index, dtype=np.int64),
        exons=tuple(exons),
        forward=forward,
        genome=genome,
        sequence=np.concatenate(pieces),
        offsets=np.concatenate([[0], np.cumsum([piece.size for piece in pieces])]),
    )


def _lay_out_exons(rng: np.random.Generator, n_genes: int) -> tuple[list[NDArray[np.int64]], int]:
    """Place every gene's exons, one gene after the other; return them and the total length."""
    gene_exons: list[NDArray[np.int64]] = []
    position = 500
    n_exons = np.minimum(1 + rng.poisson(_MEAN_EXTRA_EXONS, n_genes), _LARGEST_N_EXONS)
    for n in n_exons:
        lengths = np.clip(rng.lognormal(np.log(140), 0.5, n), 40, 2_000).astype(np.int64)
        # The outermost exons contain the untranslated regions and are the longest.
        lengths[[0, -1]] += np.clip(rng.lognormal(np.log(500), 0.6, 2), 200, 4_000).astype(np.int64)
        gaps = np.clip(rng.lognormal(np.log(300), 0.5, n), 80, 3_000).astype(np.int64)
        ends = position + np.cumsum(lengths + gaps) - gaps
        gene_exons.append(np.column_stack([ends - lengths, ends]))
        position = int(ends[-1]) + 500
    return gene_exons, position


def _set_splice_sites(
    genome: NDArray[np.uint8],
    gene_exons: list[NDArray[np.int64]],
    forward: NDArray[np.bool_],
) -> None:
    """Set every intron to begin with GT and end with AG, in place: aligners require it."""
    for exons, is_forward in zip(gene_exons, forward, strict=True):
        donor, acceptor = (b"GT", b"AG") if is_forward else (b"CT", b"AC")
        for places, bases in ((exons[:-1, 1], donor), (exons[1:, 0] - 2, acceptor)):
            genome[places] = bases[0]
            genome[places + 1] = bases[1]


def _choose_isoforms(rng: np.random.Generator, exons: NDArray[np.int64]) -> list[tuple[int, ...]]:
    """Choose the exons of each isoform of one gene; all differ, the first has all exons."""
    n_exons = len(exons)
    lengths = exons[:, 1] - exons[:, 0]
    chosen = [tuple(range(n_exons))]
    wanted = 1 + min(int(rng.poisson(_MEAN_EXTRA_ISOFORMS)), _LARGEST_EXTRA_ISOFORMS)
    for _ in range(_ATTEMPTS_PER_ISOFORM * wanted):
        if n_exons == 1 or len(chosen) == wanted:
            break
        keep = rng.random(n_exons) < 0.75
        first, last = (
            sorted(rng.integers(0, n_exons, 2)) if rng.random() < 0.5 else (0, n_exons - 1)
        )
        keep[[first, last]] = True
        kept = tuple(int(exon) for exon in np.flatnonzero(keep) if first <= exon <= last)
        if kept not in chosen and lengths[list(kept)].sum() >= _SHORTEST_ISOFORM:
            chosen.append(kept)
    return chosen


def _gene_names(n_genes: int, *, markers: bool) -> tuple[str, ...]:
    symbols = (*MARKERS_ON, *MARKERS_OFF)[:n_genes] if markers else ()
    return (*symbols, *(f"SIM{gene + 1}" for gene in range(len(symbols), n_genes)))


def _complement_table() -> NDArray[np.uint8]:
    table = np.full(256, ord("N"), dtype=np.uint8)
    table[BASES] = BASES[::-1]
    return table


_COMPLEMENT = _complement_table()
