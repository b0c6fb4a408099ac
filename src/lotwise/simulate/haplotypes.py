"""The transcripts of each donor, with the variants that the donor carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lotwise.files.records import Record, column
from lotwise.files.tables import to_frame, write_table
from lotwise.simulate.donors import draw_person, draw_variants
from lotwise.simulate.transcriptome import BASES, reverse_complement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lotwise.simulate.batches import Expression, Plan
    from lotwise.simulate.transcriptome import Transcriptome


@dataclass(frozen=True, kw_only=True, slots=True)
class TrueDonor(Record):
    """The donors whose cells are in the tube of a simulated sample."""

    table: ClassVar[str] = "truth/donors.tsv"
    sample: str = column("name of the sample")
    donor: str = column("donor whose RNA is in the tube")
    second_donor: str = column("donor of the cells mixed in; empty for none")
    share: float = column("share of the second donor")


@dataclass(frozen=True)
class Alleles:
    """The sequences that a sample's fragments come from.

    Attributes
    ----------
    sequences
        Bases, shape (n_haplotypes, n_bases). Each row contains the sequences of all isoforms, in
        the order of the transcriptome.
    weights
        Share of the fragments that comes from each haplotype; sums to 1.
    """

    sequences: NDArray[np.uint8]
    weights: NDArray[np.float64]


def draw_alleles(
    transcriptome: Transcriptome, plan: Plan, expression: Expression, *, rng: np.random.Generator
) -> list[Alleles | None]:
    """Draw the variants of the donors, and return the sequences of each sample.

    Variants lie in exons, so isoforms of a gene share them. Both haplotypes of a donor are
    expressed equally. If no variants are simulated, each sample has ``None``: its sequences are
    those of the reference.
    """
    if not plan.heterozygosity:
        return [None] * len(plan.samples)
    variant_rng, person_rng = rng.spawn(2)
    origin, backwards = _origins(transcriptome)
    in_exon = np.zeros(transcriptome.genome.size, dtype=np.bool_)
    in_exon[origin] = True
    exonic = np.flatnonzero(in_exon)
    variants = draw_variants(exonic.size, heterozygosity=plan.heterozygosity, rng=variant_rng)
    places = exonic[variants.places]
    code = np.searchsorted(BASES, transcriptome.genome[places])
    other = BASES[(code + variant_rng.integers(1, 4, places.size)) % 4]
    haplotypes: dict[str, NDArray[np.uint8]] = {}
    for donor in plan.donors:
        haplotypes[donor] = np.empty((2, origin.size), dtype=np.uint8)
        for bases, carried in zip(
            haplotypes[donor], draw_person(variants, person_rng), strict=True
        ):
            genome = transcriptome.genome.copy()
            genome[places[carried]] = other[carried]
            bases[:] = genome[origin]
            # One base at a time: the order is that of the transcript already.
            bases[backwards] = reverse_complement(bases[backwards][:, None])[:, 0]
    return [
        Alleles(
            # Samples of one donor share its array: there may be many of them.
            sequences=haplotypes[shares[0][0]]
            if len(shares) == 1
            else np.concatenate([haplotypes[donor] for donor, _ in shares]),
            weights=np.repeat([share / 2 for _, share in shares], 2),
        )
        for shares in tubes(plan, expression)
    ]


def tubes(plan: Plan, expression: Expression) -> list[list[tuple[str, float]]]:
    """Return the donors in the tube of each sample, with their shares."""
    found = []
    for sample, carries in zip(plan.samples, expression.carries, strict=True):
        donor = plan.donor_of(carries)
        second, share = plan.contaminated.get(sample, ("", 0.0))
        shares = [(donor, 1 - share)]
        if second:
            shares.append((plan.donor_of(second), share))
        found.append(shares)
    return found


def write_donors(directory: Path, plan: Plan, expression: Expression) -> None:
    """Write ``donors.tsv``, where donors have variants."""
    if not plan.heterozygosity:
        return
    rows = [
        TrueDonor(
            sample=sample,
            donor=shares[0][0],
            second_donor=shares[1][0] if len(shares) > 1 else "",
            share=shares[1][1] if len(shares) > 1 else 0.0,
        )
        for sample, shares in zip(plan.samples, tubes(plan, expression), strict=True)
    ]
    write_table(directory / "donors.tsv", to_frame(rows, TrueDonor))


def _origins(transcriptome: Transcriptome) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the place on the chromosome of each base of the isoforms, and which are reversed."""
    places: list[NDArray[np.int64]] = []
    for isoform, exons in enumerate(transcriptome.exons):
        along = _joined(exons)
        forward = transcriptome.forward[transcriptome.gene_index[isoform]]
        places.append(along if forward else along[::-1])
    forward = transcriptome.forward[transcriptome.gene_index]
    return np.concatenate(places), np.repeat(~forward, transcriptome.lengths)


def _joined(exons: Sequence[Sequence[int]] | NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.arange(start, end, dtype=np.int64) for start, end in exons])
