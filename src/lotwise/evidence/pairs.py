"""Correlations of samples, and of batches with their samples averaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from lotwise.evidence.columns import FEATURE_SETS, REASON, OfPair
from lotwise.evidence.sections import FIGURES
from lotwise.evidence.statistic import Statistic, Table
from lotwise.files.records import column


@dataclass(frozen=True, kw_only=True, slots=True)
class PairRecord(OfPair):
    """Correlation of two samples over one feature set: a row of ``{level}.pairs.tsv``."""

    table: ClassVar[str] = "pairs"
    feature_set: str = column(
        "features used; see lotwise.metrics.feature_sets", choices=FEATURE_SETS, must_choose=True
    )
    n_features: int = column("number of features used", heading="features")
    n_double_zero: int = column(
        "number of these features that are 0 in both samples", heading="zero in both"
    )
    pseudocount: float = column("c of log2(TPM + c)")
    pearson: float = column(
        "Pearson's R of log2(TPM + c), in [-1, 1]", heading="Pearson's R", display="r"
    )
    spearman: float = column("Spearman's rho, in [-1, 1]", heading="Spearman's rho", display="r")
    ccc: float = column(
        "Lin's concordance of log2(TPM + c), in [-1, 1]", heading="Lin's concordance", display="r"
    )
    reason: str = column(REASON)
    in_detail: bool = column(
        "False if the pair has only this row and is in no other table of pairs, because there are "
        "too many pairs",
        default=True,
    )


STATISTIC: Final = Statistic(
    name="pairs",
    summary="Pearson's R, Spearman's rho and Lin's concordance of every pair",
    tables=(
        Table(
            record=PairRecord,
            caption="R of all pairs of samples",
            tool="lotwise.tl.correlate",
        ),
        Table(
            record=PairRecord,
            name="batch_pairs",
            tool="lotwise.tl.correlate",
            of="lotwise.pp.average_replicates",
            caption="R between batches; the samples of a batch are averaged on the TPM scale",
        ),
    ),
    compute=None,
    section=FIGURES,
    page="methods/pearson.md",
    folder="correlation",
    place=10,
)
