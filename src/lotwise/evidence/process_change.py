"""Before and after a change of the process, with lots as units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise import keys
from lotwise.evidence.columns import REASON
from lotwise.evidence.sections import PROCESS
from lotwise.evidence.statistic import Figure, OptionalInput, Statistic, Table, call
from lotwise.files.records import Record, column


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessChangeRecord(Record):
    """An attribute before and after the change of the process, compared with its margin."""

    table: ClassVar[str] = "process_change"
    attribute: str = column("name of the attribute", heading="attribute", names_row=True)
    condition: str = column("condition", heading="condition", names_row=True)
    kind: str = column("panel, gene, gene_set or r", heading="kind")
    n_pre: int = column("lots before the change", heading="lots before")
    n_post: int = column("lots after the change", heading="after")
    pre_mean: float = column("mean of the lots before", heading="mean before")
    post_mean: float = column("mean of the lots after", heading="mean after")
    pre_sd: float = column("standard deviation of the lots before", heading="SD before")
    difference: float = column(
        "mean after minus mean before", heading="difference", limits=("lower", "upper")
    )
    lower: float = column(
        "lower limit of the difference, coverage 1 - 2 alpha", heading="lower limit"
    )
    upper: float = column("upper limit of the difference", heading="upper limit")
    margin: float = column("largest acceptable difference", heading="margin", must_choose=True)
    p: float = column("larger p of the two one-sided tests", heading="p")
    equivalent: str = column(
        "yes, no (not shown), or not assessable",
        heading="equivalent",
        answers=("yes", "no"),
        covers="size of differences",
    )
    permutation_p: float = column(
        "share of the permutations of pre and post in which the difference is at least as large",
        heading="permutation p",
    )
    smallest_p: float = column(
        "smallest p possible with this number of lots", heading="smallest possible"
    )
    power: float = column(
        "power with the planned lots if the means are equal; NaN without sd",
        heading="planned power",
        unknown="no sd declared",
    )
    words: str = column("how the number is computed, and what this number of lots can show")
    reason: str = column(REASON, heading="reason")


@dataclass(frozen=True, kw_only=True, slots=True)
class QualityRangeRecord(Record):
    """A lot's attribute, and the range from the lots before the change."""

    table: ClassVar[str] = "quality_range"
    attribute: str = column("name of the attribute", heading="attribute", names_row=True)
    condition: str = column("condition", heading="condition", names_row=True)
    batch: str = column("lot", heading="lot", names_row=True)
    phase: str = column("pre or post", heading="phase", choices=("pre", "post"))
    n_samples: int = column("samples of the lot", heading="samples")
    value: float = column("value of the lot: mean over its samples", heading="value")
    k: float = column("standard deviations of the range", heading="k", must_choose=True)
    lower: float = column("mean - k SD of the lots before", heading="range from")
    upper: float = column("mean + k SD of the lots before", heading="to")
    inside: str = column(
        "yes or no; empty if unknown",
        heading="inside",
        answers=("yes", "no"),
        covers="size of differences",
    )
    reason: str = column(REASON, heading="reason")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessFeatureRecord(Record):
    """A gene before and after the change, with lots as replicates."""

    table: ClassVar[str] = "process_features"
    of_features: ClassVar[bool] = True
    suffix: ClassVar[str] = "parquet"
    condition: str = column("condition", heading="condition", names_row=True)
    feature: str = column("gene", heading="feature", names_row=True)
    n_pre: int = column("lots before the change")
    n_post: int = column("lots after the change")
    difference: float = column(
        "log2 TPM after the change minus before (means of the lots), relative to the median ratio",
        heading="log2 ratio",
        covers="size of differences",
    )
    p_equivalent: float = column("adjusted p of the test for a difference inside the margin")
    p_different: float = column("adjusted p of the test for a difference outside the margin")
    outcome: str = column(
        "equivalent, different, inconclusive, not expressed (below 1 TPM in both) or not tested",
        heading="outcome",
        answers=("equivalent", "different", "inconclusive"),
        covers="size of differences",
    )
    reason: str = column(REASON)


STATISTIC: Final = Statistic(
    name="process_change",
    summary="lots before and after a change of the process, with margins and a quality range",
    tables=(
        Table(record=ProcessChangeRecord, caption="Attributes before and after the change"),
        Table(
            record=QualityRangeRecord,
            caption="Lots and the quality range of the lots before the change",
            tool="lotwise.tl.process_change",
        ),
        Table(
            record=ProcessFeatureRecord,
            caption="Genes before and after the change, lots as replicates",
            tool="lotwise.tl.process_change",
        ),
    ),
    figures=(
        Figure(
            name="process_change",
            draw=call(
                "lotwise.pl:process_change",
                "tables.process_change",
                lots="tables.quality_range",
            ),
            caption="Differences of lot means against their margins, and each lot against the "
            "quality range.",
        ),
    ),
    design=(keys.PHASE,),
    compute=call(
        "lotwise.run.computations:process_change",
        "expression",
        evidence="evidence",
        correlation="correlation",
    ),
    levels=("gene",),
    inputs=(OptionalInput(option="attributes", role="attributes"),),
    section=PROCESS,
    page="methods/process-change.md",
    place=215,
)
