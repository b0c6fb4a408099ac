"""Composition: do TPM of unchanged features shift as a whole?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.columns import REASON
from lotwise.evidence.sections import SAMPLES
from lotwise.evidence.statistic import Figure, Statistic, Table, call
from lotwise.files.records import Record, column


@dataclass(frozen=True, kw_only=True, slots=True)
class CompositionRecord(Record):
    """Overall shift of a sample's TPM, and its total RNA by spike-ins."""

    table: ClassVar[str] = "composition"
    sample: str = column("sample", heading="sample", names_row=True)
    batch: str = column("batch of the sample", heading="batch", names_row=True)
    condition: str = column("condition; samples are compared only within it", heading="condition")
    n_features: int = column(
        "features at or above the threshold in every sample of the condition, without spike-ins",
        heading="features",
    )
    factor: float = column(
        "each feature's ratio is its TPM / the median TPM of the other samples; the factor is the "
        "median of these ratios. The TPM of an unchanged feature is the factor times its "
        "median TPM in the other samples",
        heading="median-ratio factor",
    )
    shifted: str = column(
        "yes where the factor is above 1.25 or below 0.8, else no; empty where it is not known",
        heading="outside 0.8 to 1.25",
        answers=("yes", "no"),
    )
    n_spike_ins: int = column(
        "spike-ins at or above the threshold in every sample of the condition", heading="spike-ins"
    )
    global_change: float = column(
        "ratio: RNA per spike-in of the sample / RNA per spike-in of the other samples. The RNA "
        "excludes the spike-ins. NaN without enough spike-ins",
        heading="RNA per spike-in",
        unknown="no spike-ins",
    )
    words: str = column("effect of the factor on TPM of unchanged features")
    reason: str = column(REASON)
    spike_in_reason: str = column("why global_change is NaN; empty otherwise")


STATISTIC: Final = Statistic(
    name="composition",
    summary="median-ratio factor of each sample, and global change by spike-ins",
    tables=(
        Table(
            record=CompositionRecord,
            caption="Composition: shift of unchanged features, and total RNA by spike-ins",
        ),
    ),
    figures=(
        Figure(
            name="composition",
            draw=call(
                "lotwise.pl:composition", "tables.composition", unit="unit", features="features"
            ),
            caption="Median ratio of each sample to the others; the shaded band is 0.8 to 1.25.",
        ),
    ),
    compute=call(
        "lotwise.tl:composition",
        "expression",
        threshold="correlation.threshold",
        spike_ins="evidence.spike_ins",
    ),
    section=SAMPLES,
    page="methods/composition.md",
    place=115,
)
