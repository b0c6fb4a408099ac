"""Principal components and clustering of the samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.columns import REASON
from lotwise.evidence.sections import BATCHES
from lotwise.evidence.statistic import Figure, Statistic, Table, call
from lotwise.files.records import Record, column


@dataclass(frozen=True, kw_only=True, slots=True)
class ComponentRecord(Record):
    """A sample on the first two principal components."""

    table: ClassVar[str] = "components"
    sample: str = column("sample", heading="sample", names_row=True)
    batch: str = column("batch of the sample", heading="batch", names_row=True)
    condition: str = column("condition of the sample; empty if it has none")
    pc1: float = column("score on the first component", heading="PC1")
    pc2: float = column("score on the second component", heading="PC2")
    variance_share_1: float = column(
        "share of variance explained by the first component, in [0, 1]",
        heading="variance on PC1",
        display="percent",
    )
    variance_share_2: float = column(
        "share of variance explained by the second component, in [0, 1]",
        heading="variance on PC2",
        display="percent",
    )
    n_features: int = column("features detected in any sample", heading="features")
    reason: str = column(REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class MergeRecord(Record):
    """A merge of the clustering of samples by 1 - R, average linkage."""

    table: ClassVar[str] = "clustering"
    left: str = column(
        "sample or cluster; a cluster is given as # and the row number of its merge",
        heading="cluster",
        names_row=True,
    )
    right: str = column("sample or cluster merged with it", heading="and cluster", names_row=True)
    height: float = column("mean 1 - R between samples of the two clusters", heading="mean 1 - R")
    n_samples: int = column("samples in the merged cluster", heading="samples")
    reason: str = column(REASON)


STATISTIC: Final = Statistic(
    name="components",
    summary="principal components of the samples, and their clustering by 1 - R",
    tables=(
        Table(record=ComponentRecord, caption="Samples on two principal components"),
        Table(record=MergeRecord, caption="Clustering of the samples"),
    ),
    figures=(
        Figure(
            name="components",
            draw=call(
                "lotwise.pl:components",
                "tables.components",
                merges="tables.clustering",
                pseudocount="correlation.pseudocount",
                unit="unit",
                features="features",
            ),
            caption="Samples on two principal components, and their tree by 1 - R.",
        ),
    ),
    compute=call(
        "lotwise.tl:components",
        "expression",
        threshold="correlation.threshold",
        pseudocount="correlation.pseudocount",
        with_scanpy="with_scanpy",
    ),
    section=BATCHES,
    page="methods/components.md",
    place=130,
)
