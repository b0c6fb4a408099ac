"""Donors of the samples by genotype, compared with the sample sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from lotwise import keys
from lotwise.errors import InputError
from lotwise.evidence.genotype import DonorRecord, GenotypeRecord
from lotwise.expression.given import require_anndata
from lotwise.expression.labels import batches_of, labels_of
from lotwise.files.tables import to_frame
from lotwise.metrics.donor_labels import LabelAgreement, compare_labels
from lotwise.metrics.donors import (
    DECIDES,
    Gene,
    PairEvidence,
    cluster_donors,
    compare_pairs,
)
from lotwise.metrics.genotypes import (
    Concordance,
    Genotypes,
    call_genotypes,
    concordance,
    sound_sites,
)
from lotwise.metrics.mixtures import ONE_DONOR, OUTSIDE, Mixture, find_mixtures, find_outside
from lotwise.quantify.alleles import AlleleCounts
from lotwise.tl.pairs import pairs_of, store
from lotwise.wording import percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anndata import AnnData
    from numpy.typing import NDArray

_MOST_NAMED: Final = 3


def genotype(expression: AnnData, *, alleles: AlleleCounts | Path) -> None:
    """Find the donors of samples by the genotypes of their reads; compare them with the sheet.

    Parameters
    ----------
    expression
        Samples with the obs columns ``batch`` and, if known, ``donor``; the expression values are
        not used.
    alleles
        Allele counts of these samples, or their file, as written by ``lotwise genotype``.

    Returns
    -------
    Nothing; the results are the tables ``donors``
    (:class:`~lotwise.evidence.genotype.DonorRecord`) and ``genotype``
    (:class:`~lotwise.evidence.genotype.GenotypeRecord`).

    Raises
    ------
    InputError
        The file cannot be read, or a sample is not in it.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> gene.obs["donor"] = ["D1", "D1", "D2"]
    >>> lotwise.tl.genotype(gene, alleles=lotwise.datasets.two_donors())
    >>> lotwise.get.evidence(gene, "donors")[["sample", "found", "agrees"]].values.tolist()
    [['lot1', '1', 'yes'], ['lot2', '1', 'yes'], ['lot3', '2', 'only sample of its donor']]
    """
    require_anndata(expression)
    given = alleles if isinstance(alleles, AlleleCounts) else AlleleCounts.load(alleles)
    names = [str(name) for name in expression.obs_names]
    chosen = _rows_of(given, names, alleles)
    sound = sound_sites(given.site_genes, given.site_places, given.other_mismatches)
    counts = given.counts[chosen]
    called = call_genotypes(counts[:, sound], given.reference[sound], min_depth=given.min_depth)
    genes = given.site_genes[sound]
    evidence = compare_pairs(_genes_of(given, chosen, called, genes), len(names))
    found = cluster_donors(evidence.siblings)
    donors = [""] * len(names)
    if keys.DONOR in expression.obs:
        donors = labels_of(expression, keys.DONOR)
    batches = batches_of(expression)
    mixtures = _either(
        find_mixtures(called, genes, found), find_outside(counts[:, sound], given.reference[sound])
    )
    agreement = compare_labels(found, donors, batches)
    sheet = _Sheet(names, batches, donors, found)
    rows = [
        sheet.donor_record(
            row,
            label=agreement[row],
            mixture=mixtures[row],
            given=given,
            at=chosen[row],
            evidence=evidence,
        )
        for row in range(len(names))
    ]
    parameters = {"min_depth": given.min_depth}
    store(expression, DonorRecord.table, to_frame(rows, DonorRecord), parameters)
    pairs = _pair_rows(expression, evidence, concordance(called.calls), given.min_depth)
    store(expression, GenotypeRecord.table, to_frame(pairs, GenotypeRecord), parameters)


def _rows_of(given: AlleleCounts, names: Sequence[str], source: AlleleCounts | Path) -> list[int]:
    at = {name: row for row, name in enumerate(given.samples)}
    lacking = [name for name in names if name not in at]
    if lacking:
        raise InputError(
            f"has no sample {lacking[0]!r}",
            path=source if isinstance(source, Path) else "alleles",
            remedy="run `lotwise genotype` on the sheet with all samples",
        )
    return [at[name] for name in names]


def _genes_of(
    given: AlleleCounts, chosen: list[int], called: Genotypes, genes: NDArray[np.int64]
) -> Iterator[Gene]:
    ends = np.concatenate([[0], given.gene_ends])
    sites = np.searchsorted(genes, np.arange(len(given.genes) + 1))
    for number in range(len(given.genes)):
        covered = given.coverage(int(ends[number]), int(ends[number + 1]))[chosen]
        yield Gene(called.calls[:, sites[number] : sites[number + 1]], covered)


def _either(inside: Sequence[Mixture], outside: Sequence[Mixture]) -> list[Mixture]:
    """Return for each sample the second donor of the set or, without one, that from outside."""
    return [
        # If all samples are of one donor, only a donor from outside can be found.
        beyond if within.reason == ONE_DONOR or (within.share == 0 and beyond.share > 0) else within
        for within, beyond in zip(inside, outside, strict=True)
    ]


class _Sheet:
    """Samples with their labels and the donors found."""

    def __init__(
        self,
        names: Sequence[str],
        batches: Sequence[str],
        donors: Sequence[str],
        found: Sequence[int],
    ) -> None:
        self.names, self.batches, self.donors, self.found = names, batches, donors, found

    def donor_record(
        self,
        row: int,
        *,
        label: LabelAgreement,
        mixture: Mixture,
        given: AlleleCounts,
        at: int,
        evidence: PairEvidence,
    ) -> DonorRecord:
        """Return the row of one sample."""
        n_bases = int(evidence.n_bases[row, row])
        too_few = f"not assessable: {n_bases:,} bases at depth {given.min_depth}"
        mixed = mixture.reason or ("yes" if mixture.share > 0 else "no")
        unknown = self.found[row] == 0
        second = "" if not mixture.share > 0 else self._group(mixture.second)
        reasons: list[str] = []
        if label.agrees == "no":
            reasons.append(self._against(row))
        if mixture.share > 0:
            first = self._group(mixture.first) if mixture.first else "its own donor"
            reasons.append(f"about {percent(mixture.share, 2)} of {second} in {first}")
        return DonorRecord(
            sample=self.names[row],
            batch=self.batches[row],
            donor=self.donors[row],
            found="" if unknown else str(self.found[row]),
            agrees=too_few if unknown else label.agrees,
            exchanged_with=", ".join(self.names[other] for other in label.exchanged),
            mixed=too_few if unknown else mixed,
            share=mixture.share,
            second_donor=second,
            n_bases=n_bases,
            n_fragments=int(given.n_fragments[at]),
            n_placed=int(given.n_placed[at]),
            reason="; ".join(reasons),
        )

    def _group(self, number: int) -> str:
        if number == OUTSIDE:
            return "a donor that is not among the samples"
        return f"donor {number} ({self._named(self.found, number)})"

    def _against(self, row: int) -> str:
        """Return with which samples a sample shares its donor, and with which it should."""
        own = self.found[row]
        mates = [
            self._is_mate(row, other) and self.found[other] not in {0, own}
            for other in range(len(self.names))
        ]
        alike = [
            other != row and self.found[other] == own and not self._is_mate(row, other)
            for other in range(len(self.names))
        ]
        whose = "donor" if self.donors[row] else "batch"
        parts = []
        if any(alike):
            parts.append(f"of the same donor as {self._named(alike, True)}")
        if any(mates):
            parts.append(
                f"of another donor than {self._named(mates, True)}, although the {whose} label is "
                "the same"
            )
        return ", ".join(parts) or "of another donor than its label says"

    def _is_mate(self, row: int, other: int) -> bool:
        if self.donors[row]:
            return self.donors[other] == self.donors[row]
        return not self.donors[other] and self.batches[other] == self.batches[row]

    def _named(self, values: Sequence[int | bool], wanted: int) -> str:
        """Return names of samples, of many the first three."""
        listed = [name for name, value in zip(self.names, values, strict=True) if value == wanted]
        more = len(listed) - _MOST_NAMED
        return ", ".join(listed[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _pair_rows(
    expression: AnnData, evidence: PairEvidence, agreement: Concordance, min_depth: int
) -> list[GenotypeRecord]:
    rows = []
    for pair in pairs_of(expression):
        at = pair.row_a, pair.row_b
        siblings, n_sites = float(evidence.siblings[at]), int(agreement.n_sites[at])
        n_bases = int(evidence.n_bases[at])
        told = "yes" if siblings >= DECIDES else "no" if siblings <= -DECIDES else ""
        words = f"not assessable: {n_sites:,} sites, {n_bases:,} bases at depth {min_depth}"
        rows.append(
            GenotypeRecord(
                **pair.names(),
                same_donor=told or words,
                n_informative=int(agreement.n_informative[at]),
                informative_concordance=float(agreement.informative[at]),
                n_sites=n_sites,
                concordance=float(agreement.concordance[at]),
                n_bases=n_bases,
                n_genes=int(evidence.n_genes[at]),
                n_discordant_genes=int(evidence.n_discordant[at]),
                log10_ratio=float(evidence.unrelated[at]),
                log10_ratio_siblings=siblings,
                reason="" if told else words,
            )
        )
    return rows
