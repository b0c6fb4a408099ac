"""Result tables as read by measures, and the pairs of samples that they do not list."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lotwise.acceptance.measure import Measure
from lotwise.acceptance.selection import like_with_like
from lotwise.errors import InputError
from lotwise.evidence.catalogue import row_names, tables
from lotwise.files.records import columns
from lotwise.files.tables import read_table
from lotwise.keys import Level
from lotwise.tree import SAMPLES, ResultTree
from lotwise.wording import counted

if TYPE_CHECKING:
    import pandas as pd

_PAIR: Final = ("sample_a", "sample_b")
# Columns that tell which pair a row is about.
_OF_PAIR: Final = (*_PAIR, "batch_a", "batch_b", "condition_a", "condition_b", "relation")


def read_judged(root: Path, level: Level, measures: Sequence[Measure]) -> pd.DataFrame | str:
    """Return the needed part of a result table, or a sentence on why it cannot be judged.

    Raises
    ------
    InputError
        The table exists but cannot be read.
    """
    source = measures[0].source
    name = ResultTree(Path()).table(level, source.name).as_posix()
    if not (root / name).is_file():
        return f"{name} does not exist"
    judged = {column for one in measures for column in one.columns}
    table = _read(
        root, source.name, level, {*row_names(), "relation", "reason", "warning", *judged}
    )
    compared = _compared(root / SAMPLES)
    spoken_of = {
        str(sample)
        for unit in ("sample", *_PAIR)
        if unit in table and source.name != "batch_pairs"
        for sample in table[unit].unique()
        if sample
    }
    # An earlier run in this folder may have left a table that the last run did not make.
    if compared and spoken_of and spoken_of != compared:
        few = source.name != "pairs" and not read_unlisted(root, source.name, level).empty
        if few and spoken_of <= compared:
            return table
        return f"{name} is about other samples than {SAMPLES}: it is from an earlier run"
    return table


def unlisted(
    measure: Measure,
    rows: Sequence[Mapping[str, Any]],
    *,
    level: Level,
    pairs_of: Callable[[str, Level], pd.DataFrame],
) -> str:
    """Return how many pairs a measure asks for that are not among its rows.

    With many samples, tables list chosen pairs only. A table of features has no row of a pair in
    which no feature can be compared. The table ``pairs`` lists every pair over all features. The
    result is empty where no pair is missing.
    """
    if "sample_a" not in columns(measure.source.record):
        return ""
    missing = like_with_like(measure, pairs_of(measure.table, level))
    for name, wanted in measure.rows.items():
        if name in _OF_PAIR:
            values = wanted if isinstance(wanted, tuple) else (wanted,)
            missing = missing.loc[missing[name].isin(values)]
    held = {tuple(row[end] for end in _PAIR) for row in rows}
    ends = zip(*(missing[end] for end in _PAIR), strict=True)
    chosen = dict(zip(ends, missing["in_detail"], strict=True))
    lost = {pair: listed for pair, listed in chosen.items() if pair not in held}
    if not lost:
        return ""
    everything = counted(len(held) + len(lost), "pair")
    why = "in the others no row fits" if all(lost.values()) else "raise most_pairs to compute all"
    return f"computed for {len(held):,} of {everything}: {why}"


def read_unlisted(root: Path, table: str, level: Level) -> pd.DataFrame:
    """Return the pairs without a row in a table; empty if it lists all."""
    import pandas as pd

    source = "batch_pairs" if table == "batch_pairs" else "pairs"
    if not ResultTree(root).table(level, source).is_file():
        return pd.DataFrame(columns=[*_OF_PAIR, "in_detail"])
    pairs = _read(root, source, level, {*_OF_PAIR, "feature_set", "in_detail"})
    listed = pairs["in_detail"] & (not tables()[table].of_features)
    return pairs.loc[(pairs["feature_set"] == "all") & ~listed]


def _read(root: Path, table: str, level: Level, only: Collection[str]) -> pd.DataFrame:
    path = ResultTree(root).table(level, table)
    try:
        return read_table(path, tables()[table].record, only=only)
    except (ValueError, OSError) as error:
        raise InputError(
            f"cannot be read as a result table ({' '.join(str(error).split())})",
            path=path,
            remedy="write it again",
        ) from error


def _compared(sheet: Path) -> frozenset[str]:
    """Return the samples that were compared; empty where this is not on file."""
    if not sheet.is_file():
        return frozenset()
    with sheet.open(encoding="utf-8", newline="") as text:
        rows = csv.DictReader(text, delimiter="\t")
        return frozenset(row["sample"] for row in rows if row.get("sample"))
