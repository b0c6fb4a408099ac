"""Equivalence of single features within a margin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.columns import REASON
from lotwise.evidence.sections import BATCHES
from lotwise.evidence.statistic import Statistic, Table, call
from lotwise.files.records import Record, column


@dataclass(frozen=True, kw_only=True, slots=True)
class EquivalenceRecord(Record):
    """A feature of two batches with replicates, compared with a margin."""

    table: ClassVar[str] = "equivalence"
    of_features: ClassVar[bool] = True
    suffix: ClassVar[str] = "parquet"
    batch_a: str = column("first batch", heading="batch A", names_row=True)
    batch_b: str = column("second batch", heading="batch B", names_row=True)
    condition: str = column("condition of both batches", heading="condition", names_row=True)
    method: str = column(
        "moderated (t with moderated variances), welch (Welch's t) or deseq2 (Wald test of counts)",
        heading="method",
        choices=("moderated", "welch", "deseq2"),
    )
    feature: str = column("gene or isoform", heading="feature", names_row=True)
    difference: float = column(
        "log2(TPM ratio / median ratio); for deseq2, log2 ratio of counts",
        heading="log2 ratio",
        covers="size of differences",
    )
    p_equivalent: float = column(
        "adjusted p of the test for a difference inside the margin",
        heading="adjusted p, equivalent",
        covers="size of differences",
    )
    p_different: float = column(
        "adjusted p of the test for a difference outside the margin",
        heading="adjusted p, different",
        covers="size of differences",
    )
    outcome: str = column(
        "equivalent, different, inconclusive, not expressed (below 1 TPM in both) or not tested",
        heading="outcome",
        answers=("equivalent", "different", "inconclusive"),
        covers="size of differences",
    )
    reason: str = column(REASON)


STATISTIC: Final = Statistic(
    name="equivalence",
    summary="equivalence of single features of two batches, within a margin",
    tables=(Table(record=EquivalenceRecord, caption="Features equivalent within the margin"),),
    compute=call(
        "lotwise.run.computations:equivalence",
        "expression",
        evidence="evidence",
        correlation="correlation",
    ),
    section=BATCHES,
    page="methods/equivalence.md",
    place=210,
)
