"""The result tables that a criterion can judge, and what of them it can judge.

Light on purpose (no pandas, no NumPy): the workflow checks criteria when it starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from lotwise.config.evidence import OUTPUTS
from lotwise.evidence import RECORDS
from lotwise.files.tables import ContributionRecord, PairRecord, Record, ReplicateQcRecord, columns
from lotwise.keys import LEVELS, Level

Kind = Literal["number", "switch", "answer"]

# Columns of text that a criterion can judge, and the texts that are answers. Any other text there
# ("not annotated", "donor not given") says that there is no answer.
ANSWERS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("identity", "holds"): ("yes", "no"),
    ("sex", "agrees"): ("yes", "no"),
    ("sex", "sex"): ("female", "male", "mixed", "no Y expression"),
    ("reference", "inside_prediction"): ("yes", "no"),
    ("equivalence", "outcome"): ("equivalent", "different", "inconclusive"),
}
# A switch or a whole number has no NaN: it is known where this column is a number, and where
# nothing stands here, in rows that give no reason for a missing one.
KNOWN_WITH: Final[dict[tuple[str, str], str]] = {
    ("libraries", "shallow"): "share_of_median",
    ("libraries", "outlier"): "outlier_score",
    ("libraries", "n_detected"): "tpm_sum",
    ("unseen", "at_least"): "share",
    ("isoform_usage", "flips"): "distance",
}
# Lower and upper limit of a statistic, in the same row.
LIMITS: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("intervals", "pearson"): ("lower", "upper"),
    ("agreement", "bias"): ("lower", "upper"),
    ("agreement", "median"): ("robust_lower", "robust_upper"),
}
# Columns of which a criterion must say what it means: without, one pair would be judged by
# several numbers that are not the same statistic.
TO_CHOOSE: Final[dict[str, tuple[str, ...]]] = {
    "pairs": ("feature_set",),
    "batch_pairs": ("feature_set",),
    "replicate_qc": ("unit",),
    "sensitivity": ("feature_set", "pseudocount"),
    "agreement": ("bin",),
    "ceilings": ("method",),
    "detectable": ("fold", "share"),
    "unseen": ("fold",),
    "uncertainty_strata": ("stratum",),
    "identity": ("panel",),
}
# What some columns can hold, so that a slip is found before there are results.
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "relation": ("within", "between", "across"),
    "feature_set": (
        "all",
        "detected_any",
        "detected_both",
        "counted_both",
        *(f"decile_{number}" for number in range(1, 11)),
    ),
    "method": ("replicates", "bootstraps", "thinning"),
    "stratum": ("low", "middle", "high"),
    "unit": ("TPM", "FPKM"),
}
# Columns that say of what a row speaks, in the order in which it is named.
UNITS: Final = (
    "sample", "sample_a", "sample_b", "batch", "batch_a", "batch_b",
    "panel", "marker", "gene_set", "gene_id", "feature", "grouping", "left", "right",
)  # fmt: skip
# Columns that name the two of a pair, in the order in which they tell rows apart.
PAIRS: Final = (("sample_a", "sample_b"), ("batch_a", "batch_b"))
# In place of a feature: the row speaks of the whole pair, which was not tested.
WHOLE: Final = "*"
# Tables with a row a feature, of which some cannot be tested in any experiment: with reason: ""
# under rows the others are judged, and the verdict says how many were left out. A pair of which
# none is left stays asked for.
OF_FEATURES: Final = frozenset({"equivalence", "gene_sets", "isoform_usage"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultTable:
    """A table of the result tree: its columns, where it lies, and the levels that have it."""

    name: str
    record: type[Record]
    folder: Literal["correlation", "evidence"]
    levels: tuple[Level, ...]

    def path(self, level: Level) -> str:
        """Give the file at a level, below the root of the results.

        Examples
        --------
        >>> TABLES["ceilings"].path("gene")
        'evidence/gene.ceilings.tsv'
        """
        return f"{self.folder}/{level}.{self.name}.tsv"

    def kind_of(self, column: str) -> Kind | None:
        """Say how a column can be judged; None where it cannot."""
        if (self.name, column) in ANSWERS:
            return "answer"
        kind = columns(self.record).get(column)
        return None if kind in {None, str} else "switch" if kind is bool else "number"

    @property
    def statistics(self) -> tuple[str, ...]:
        """The columns that a criterion can judge."""
        return tuple(name for name in columns(self.record) if self.kind_of(name) is not None)


def _tables() -> dict[str, ResultTable]:
    correlation: dict[str, type[Record]] = {
        "pairs": PairRecord,
        "batch_pairs": PairRecord,
        "replicate_qc": ReplicateQcRecord,
        "contributions": ContributionRecord,
    }
    found = {
        name: ResultTable(name=name, record=record, folder="correlation", levels=LEVELS)
        for name, record in correlation.items()
    }
    levels = {table: outputs.levels for outputs in OUTPUTS.values() for table in outputs.tables}
    for record in RECORDS:
        found[record.table] = ResultTable(
            name=record.table, record=record, folder="evidence", levels=levels[record.table]
        )
    return found


TABLES: Final = _tables()
