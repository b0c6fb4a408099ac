"""Panels of markers, and the sex of each sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

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
        "share of the expressed genes (1 TPM) that are expressed less, in [0, 1]",
        heading="above so many expressed genes",
        display="percent",
    )
    holds: str = column(
        "yes, no, not annotated, or - where the panel expects nothing of one gene",
        heading="holds",
        answers=("yes", "no"),
        covers="identity",
    )
    group: str = column(
        "alternatives (any_of): holds is yes for all where it is for one; else empty",
        heading="one of",
    )
    specific: bool = column(
        "False where the marker is listed only: its failure is no alarm", heading="specific"
    )
    note: str = column("what the panel says of the marker, or of itself", heading="note")


@dataclass(frozen=True, kw_only=True, slots=True)
class SexRecord(Record):
    """Sex of a sample by expression, and whether its donor's other samples agree."""

    table: ClassVar[str] = "sex"
    sample: str = column("sample", heading="sample", names_row=True)
    batch: str = column("batch of the sample", heading="batch", names_row=True)
    donor: str = column("donor, where the sample sheet has one", heading="donor")
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
        "yes, no, or why it cannot be told",
        heading="agrees with its donor",
        answers=("yes", "no"),
        covers="identity",
    )
    reason: str = column("what is odd about the call; empty where nothing", heading="reason")


STATISTIC: Final = Statistic(
    name="identity",
    summary="markers of panels in each sample, and the sex of each sample",
    tables=(
        Table(record=MarkerRecord, caption="Markers, expectations that do not hold first"),
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
    compute=call("lotwise.run.computations:identity", "expression", panels="evidence.panels"),
    inputs=(OptionalInput(option="panels", role="panel", shipped=SHIPPED),),
    section=PANELS,
    page="methods/identity.md",
    levels=("gene",),
    place=120,
)
