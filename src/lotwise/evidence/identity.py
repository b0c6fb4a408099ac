"""Panels of marker genes, and the sex of each sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise import keys
from lotwise.evidence.sections import PANELS
from lotwise.evidence.statistic import Figure, OptionalInput, Statistic, Table, call
from lotwise.files.panels import SHIPPED
from lotwise.files.records import Record, column


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkerRecord(Record):
    """A marker of a panel in a sample."""

    table: ClassVar[str] = "identity"
    panel: str = column("name of the panel", heading="panel", must_choose=True, names_row=True)
    sample: str = column("sample", heading="sample", names_row=True)
    batch: str = column("batch of the sample", heading="batch", names_row=True)
    marker: str = column("symbol of the marker", heading="marker", names_row=True)
    expected: str = column("present, absent, female or male", heading="expected")
    tpm: float = column(
        "TPM; NaN where the marker is not annotated", heading="TPM", covers="identity"
    )
    rank: float = column(
        "share of the expressed genes (>= 1 TPM) with lower expression, in [0, 1]",
        heading="percentile among expressed genes",
        display="percent",
    )
    holds: str = column(
        "yes, no or not annotated; '-' if the marker is not judged by itself",
        heading="holds",
        answers=("yes", "no"),
        covers="identity",
    )
    group: str = column(
        "group of alternative markers (any_of); one marker as expected is enough for yes; empty "
        "without alternatives",
        heading="one of",
    )
    specific: bool = column(
        "False for markers that are listed but never count as a finding",
        heading="specific",
    )
    note: str = column(
        "why the marker is not judged; otherwise the note on the marker, or else on its panel",
        heading="note",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class SexRecord(Record):
    """Sex of a sample by expression, and whether it agrees with its donor's other samples."""

    table: ClassVar[str] = "sex"
    sample: str = column("sample", heading="sample", names_row=True)
    batch: str = column("batch of the sample", heading="batch", names_row=True)
    donor: str = column("donor, if given in the sample sheet", heading="donor")
    sex: str = column(
        "female, male, mixed, no Y expression, or unknown",
        heading="sex",
        answers=("female", "male", "mixed", "no Y expression"),
        covers="identity",
    )
    female_tpm: float = column("TPM of XIST; NaN where not annotated", heading="TPM of XIST")
    male_tpm: float = column(
        "summed TPM of the genes of Y that are annotated", heading="TPM of Y genes"
    )
    agrees: str = column(
        "yes, no, or why the sample is not compared",
        heading="agrees with its donor",
        answers=("yes", "no"),
        covers="identity",
    )
    reason: str = column("anything unusual about the call; empty otherwise", heading="reason")


STATISTIC: Final = Statistic(
    name="identity",
    summary="markers of panels in each sample, and the sex of each sample",
    tables=(
        Table(record=MarkerRecord, caption="Markers, unmet expectations first"),
        Table(record=SexRecord, caption="Sex by expression"),
    ),
    figures=(
        Figure(
            name="identity_{}",
            draw=call("lotwise.run.drawings:panel", "tables.identity", panel="each"),
            caption="Markers of the panel.",
            each="panels",
        ),
    ),
    design=(keys.DONOR,),
    compute=call("lotwise.run.computations:identity", "expression", panels="evidence.panels"),
    inputs=(OptionalInput(option="panels", role="panel", shipped=SHIPPED),),
    section=PANELS,
    page="methods/identity.md",
    levels=("gene",),
    place=120,
)
