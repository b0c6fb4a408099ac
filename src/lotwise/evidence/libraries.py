"""Depth of each library, and outlying samples."""

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
    """A sample's library compared with the others."""

    table: ClassVar[str] = "libraries"
    sample: str = column("sample", heading="sample", names_row=True)
    batch: str = column("batch of the sample", heading="batch", names_row=True)
    total_counts: float = column("sum of estimated counts", heading="counts", covers="depth")
    share_of_median: float = column(
        "total counts / median of the other samples' total counts",
        heading="depth relative to median of others",
        covers="depth",
    )
    shallow: bool = column(
        "True if share_of_median is below the limit; check this before you read any R",
        heading="shallow",
        known_with="share_of_median",
        covers="depth",
    )
    n_detected: int = column(
        "features at or above the detection threshold",
        heading="detected",
        known_with="tpm_sum",
        covers="depth",
    )
    share_of_highest: float = column(
        "share of TPM on the 50 highest features",
        heading="TPM share of the top 50 features",
        display="percent",
    )
    tpm_sum: float = column("sum of TPM over the features of this table")
    n_at_depth: float = column("features expected at the depth of the smallest library")
    complexity: float = column(
        "n_at_depth / median of the other samples' n_at_depth",
        heading="complexity relative to median of others",
        covers="depth",
    )
    group: str = column(
        "group within which the sample is scored: its condition, with its batch if the batch has 3 "
        "or more samples",
        heading="compared within",
    )
    outlier_score: float = column(
        "effect of the sample on the mean R of its group, in robust standard deviations",
        heading="outlier score",
    )
    outlier_cut: float = column(
        "score below which a sample of this group is an outlier", heading="outlier limit"
    )
    outlier: bool = column(
        "True if the score is below outlier_cut", heading="outlier", known_with="outlier_score"
    )
    reason: str = column(REASON)


STATISTIC: Final = Statistic(
    name="libraries",
    summary="depth of each library, features detected, and outlying samples",
    tables=(Table(record=LibraryRecord, caption="Libraries"),),
    compute=call(
        "lotwise.run.computations:libraries",
        "expression",
        evidence="evidence",
        correlation="correlation",
        with_scanpy="with_scanpy",
    ),
    section=SAMPLES,
    page="methods/outliers.md",
    place=110,
)
