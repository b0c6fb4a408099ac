"""Depth of each library, and samples that are outliers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.columns import REASON
from lotwise.evidence.sections import SAMPLES
from lotwise.evidence.statistic import Statistic, Table, call
from lotwise.files.records import Record, column

SHALLOW_BELOW: Final = 0.1
"""Share of the other samples' median depth below which a library is shallow."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LibraryRecord(Record):
    """A sample's library and how it stands among the others."""

    table: ClassVar[str] = "libraries"
    sample: str = column("sample", heading="sample", names_row=True)
    batch: str = column("batch of the sample", heading="batch", names_row=True)
    total_counts: float = column("sum of estimated counts", heading="counts")
    share_of_median: float = column(
        "total counts / median of the other samples'",
        heading="of the others' median",
        display="percent",
    )
    shallow: bool = column(
        "True where that share is below the limit: read this before any R",
        heading="shallow",
        known_with="share_of_median",
    )
    n_detected: int = column(
        "features at the detection threshold", heading="detected", known_with="tpm_sum"
    )
    share_of_highest: float = column(
        "share of TPM on the 50 highest features", heading="on the 50 highest", display="percent"
    )
    tpm_sum: float = column("sum of TPM over the features here")
    n_at_depth: float = column("features expected at the depth of the smallest library")
    complexity: float = column(
        "n_at_depth / median of the other samples'",
        heading="complexity, of the others' median",
        display="percent",
    )
    group: str = column(
        "group within which it is scored: condition, and batch of 3 or more samples",
        heading="scored in",
    )
    outlier_score: float = column(
        "robust standard deviations from the mean R of its group", heading="outlier score"
    )
    outlier_cut: float = column(
        "score below which a sample of this group is an outlier", heading="cut"
    )
    outlier: bool = column(
        "True where the score is below the cut", heading="outlier", known_with="outlier_score"
    )
    reason: str = column(REASON)


STATISTIC: Final = Statistic(
    name="libraries",
    summary="depth of each library, features detected, and samples that are outliers",
    tables=(Table(record=LibraryRecord, caption="Libraries"),),
    compute=call(
        "lotwise.run.computations:libraries",
        "expression",
        evidence="evidence",
        correlation="correlation",
    ),
    section=SAMPLES,
    page="methods/outliers.md",
    place=110,
)
