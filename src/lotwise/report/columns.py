"""Columns of the tables on the page, for tables of result files and for summary tables."""

from __future__ import annotations

from typing import Final

from lotwise.files.records import Record, declared, display_of
from lotwise.report.tables import Column


def columns_of(record: type[Record], *names: str, without: tuple[str, ...] = ()) -> list[Column]:
    """Return the columns of a record that have a heading, in order; with ``names`` only those.

    Examples
    --------
    >>> from lotwise.evidence.signal import SignalRecord
    >>> [column.label for column in columns_of(SignalRecord)]
    ['groups by', 'groups', 'features', 'signal to noise, dB']
    """
    said = declared(record)
    chosen = names or tuple(name for name, one in said.items() if one.heading)
    return [
        Column(name, one.heading, display_of(record, name), one.unknown, one.known_with)
        for name, one in ((name, said[name]) for name in chosen)
        if name not in without
    ]


OF_PAIR: Final = (Column("sample_a", "sample A"), Column("sample_b", "sample B"))
OF_BATCHES: Final = (Column("batch_a", "batch A"), Column("batch_b", "batch B"))
R: Final = ("pearson", "spearman", "ccc", "n_features", "n_double_zero")
CONTRIBUTION_FEATURES: Final = (
    Column("feature", "feature"),
    Column("gene_name", "gene"),
    Column("n_pairs", "pairs that list it", "number"),
    Column("largest", "largest share of 1 \N{MINUS SIGN} R", "percent"),
    Column("median", "median share", "percent"),
)
SENSITIVITY: Final = (
    Column("feature_set", "features counted"),
    Column("pseudocount", "c", "number"),
    Column("lowest", "lowest R", "r"),
    Column("median", "median R", "r"),
    Column("highest", "highest R", "r"),
    Column("n_features", "fewest features", "number"),
    Column("double_zero_share", "highest share of zero in both", "percent"),
)
CRITERIA: Final = (
    Column("id", "criterion"),
    Column("outcome", "outcome"),
    Column("statement", "requirement"),
    Column("value", "found"),
    Column("interval", "interval"),
    Column("bound", "bound"),
    Column("tier", "tier"),
    Column("where", "where"),
    Column("reason", "reason"),
)
OUTCOMES: Final = ("equivalent", "different", "inconclusive", "not expressed", "not tested")
EQUIVALENCE: Final = (
    *OF_BATCHES,
    Column("condition", "condition"),
    *(Column(name, name, "number", "not tested") for name in OUTCOMES),
    Column("reason", "reason"),
)
