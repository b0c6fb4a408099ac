"""Signal-to-noise ratio between groups of samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise import keys
from lotwise.evidence.columns import REASON
from lotwise.evidence.sections import BATCHES
from lotwise.evidence.statistic import Statistic, Table, call
from lotwise.files.records import Record, column


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalRecord(Record):
    """Signal-to-noise ratio between groups of samples."""

    table: ClassVar[str] = "signal"
    grouping: str = column("obs column with the groups", heading="groups by", names_row=True)
    n_groups: int = column("groups compared", heading="groups")
    n_features: int = column("varying features detected in any group", heading="features")
    snr_db: float = column(
        "signal-to-noise ratio in dB as defined by Quartet", heading="signal to noise, dB"
    )
    reason: str = column(REASON)


STATISTIC: Final = Statistic(
    name="signal",
    summary="Quartet's signal-to-noise ratio between groups of samples",
    tables=(Table(record=SignalRecord, caption="Signal-to-noise ratio between groups"),),
    design=(keys.DONOR,),
    compute=call(
        "lotwise.run.computations:signal",
        "expression",
        evidence="evidence",
        correlation="correlation",
    ),
    section=BATCHES,
    page="methods/signal.md",
    place=220,
)
