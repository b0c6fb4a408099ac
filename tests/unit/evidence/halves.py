"""An example of a statistic added from outside: a record, two functions, a declaration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from matplotlib.figure import Figure as Drawn

from lotwise.evidence.columns import REASON
from lotwise.evidence.sections import ReportSection
from lotwise.evidence.statistic import Figure, OptionalInput, Statistic, Table, call
from lotwise.files.records import Record, column
from lotwise.files.tables import to_frame
from lotwise.tl.pairs import store


@dataclass(frozen=True, kw_only=True, slots=True)
class HalfRecord(Record):
    """Half of the TPM of a sample."""

    table: ClassVar[str] = "halves"
    sample: str = column("sample", heading="sample", names_row=True)
    half: float = column("half of the sum of TPM", heading="half of TPM")
    size: str = column("large or small", heading="size", answers=("large", "small"))
    reason: str = column(REASON)


def halves(expression, *, threshold):
    """Halve the TPM of each sample."""
    sums = np.asarray(expression.layers["tpm"]).sum(axis=1) / 2
    rows = [
        HalfRecord(sample=name, half=half, size="large" if half > threshold else "small", reason="")
        for name, half in zip(expression.obs_names, sums, strict=True)
    ]
    store(expression, "halves", to_frame(rows, HalfRecord), {})


def draw_halves(table):
    """Draw the halves as bars."""
    drawn = Drawn()
    drawn.subplots().bar(table["sample"], table["half"])
    return drawn


STATISTIC: Final = Statistic(
    name="halves",
    summary="half of the TPM of each sample",
    tables=(Table(record=HalfRecord, caption="Halves", by=("half",), tool="halves.halves"),),
    figures=(
        Figure(
            name="halves",
            draw=call(f"{__name__}:draw_halves", "tables.halves"),
            caption="Half of each sample.",
        ),
    ),
    compute=call(f"{__name__}:halves", "expression", threshold="correlation.threshold"),
    inputs=(OptionalInput(option="blocks", role="file of halves"),),
    section=ReportSection("halves", "Halves", "What half of each sample is."),
    page="methods/halves.md",
)
