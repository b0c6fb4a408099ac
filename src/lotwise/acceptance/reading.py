"""Result tables as read by measures, and the pairs of samples that they do not list."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from lotwise.acceptance.measure import Measure
from lotwise.acceptance.selection import like_with_like
from lotwise.errors import InputError
from lotwise.evidence.catalogue import row_names, tables
from lotwise.files.records import columns
from lotwise.files.tables import read_table
from lotwise.keys import LEVELS, Level
from lotwise.tree import SAMPLES, ResultTree
from lotwise.wording import counted

if TYPE_CHECKING:
    import pandas as pd

    from lotwise.expression.comparability import InvalidComparison

_PAIR: Final = ("sample_a", "sample_b")
# Columns that tell which pair a row is about.
_OF_PAIR: Final = (*_PAIR, "batch_a", "batch_b", "condition_a", "condition_b", "relation")


class ResultTables(Protocol):
    """The result tables of one run."""

    def read(self, table: str, level: Level, only: Collection[str]) -> pd.DataFrame | None:
        """Return the named columns of a table; None if there is no such table."""

    def compared(self) -> Mapping[str, str]:
        """Return the batch of each sample that was compared; empty if this is not on file."""

    def why_validity_unknown(self) -> str:
        """Return why it is not known whether the comparison is valid; empty if it is known."""

    def invalid_comparisons(self) -> Iterable[InvalidComparison]:
        """Yield why the samples cannot be compared as batches."""


@dataclass(frozen=True)
class TablesOnDisk:
    """The tables of a result tree."""

    root: Path

    def read(self, table: str, level: Level, only: Collection[str]) -> pd.DataFrame | None:
        """Read columns of a table; None if the file does not exist.

        Raises
        ------
        InputError
            The table exists but cannot be read.
        """
        path = ResultTree(self.root).table(level, table)
        if not path.is_file():
            return None
        try:
            return read_table(path, tables()[table].record, only=only)
        except (ValueError, OSError) as error:
            raise InputError(
                f"cannot be read as a result table ({' '.join(str(error).split())})",
                path=path,
                remedy="compute this table again",
            ) from error

    def compared(self) -> Mapping[str, str]:
        """Return the samples of the sheet that the run wrote, with their batches."""
        sheet = self.root / SAMPLES
        if not sheet.is_file():
            return {}
        with sheet.open(encoding="utf-8", newline="") as text:
            rows = csv.DictReader(text, delimiter="\t")
            return {row["sample"]: row.get("batch") or "" for row in rows if row.get("sample")}

    def invalid_comparisons(self) -> Iterable[InvalidComparison]:
        """Read why the samples cannot be compared as batches."""
        from lotwise.expression.comparability import read_invalid_comparisons

        paths = [ResultTree(self.root).h5ad(level) for level in LEVELS]
        return (one for path in paths for one in read_invalid_comparisons(path))

    def why_validity_unknown(self) -> str:
        """Return why it is not known whether the comparison is valid; empty if it is known.

        Each level holds what was found at both.
        """
        tree = ResultTree(self.root)
        paths = [tree.h5ad(level) for level in LEVELS]
        if any(path.is_file() for path in paths):
            return ""
        names = [path.relative_to(self.root).as_posix() for path in paths]
        try:
            outputs = json.loads(tree.provenance.read_text(encoding="utf-8"))["outputs"]
            recorded = {output["path"] for output in outputs}
        except FileNotFoundError:
            recorded = {*names}  # Without a record, these files alone could tell.
        except (OSError, ValueError, LookupError, TypeError):
            return ""  # The report and the replay say what is wrong with the record.
        lost = [name for name in names if name in recorded]
        return (
            f"{lost[0]} is missing, so it is unknown whether samples can be compared"
            if lost
            else ""
        )


@dataclass(frozen=True)
class TablesInMemory:
    """Tables of a run that was not written, by level and name."""

    tables: Mapping[Level, Mapping[str, pd.DataFrame]]
    invalid: Iterable[InvalidComparison] = ()

    def read(self, table: str, level: Level, only: Collection[str]) -> pd.DataFrame | None:
        """Return columns of a table, in the order of the table."""
        found = self.tables.get(level, {}).get(table)
        return None if found is None else found.loc[:, found.columns.isin(list(only))]

    def compared(self) -> Mapping[str, str]:
        """Return nothing: tables of one run are about its samples."""
        return {}

    def invalid_comparisons(self) -> Iterable[InvalidComparison]:
        """Return why the samples cannot be compared as batches."""
        return self.invalid

    def why_validity_unknown(self) -> str:
        """Return an empty text: it is known of a run in memory."""
        return ""


def read_judged(
    results: ResultTables, level: Level, measures: Sequence[Measure]
) -> pd.DataFrame | str:
    """Return the needed part of a result table, or a sentence on why it cannot be judged.

    Raises
    ------
    InputError
        The table exists but cannot be read.
    """
    source = measures[0].source
    name = ResultTree(Path()).table(level, source.name).as_posix()
    judged = {column for one in measures for column in one.columns}
    table = results.read(
        source.name, level, {*row_names(), "relation", "reason", "warning", *judged}
    )
    if table is None:
        return f"{name} does not exist"
    compared = results.compared()
    of_samples = source.name != "batch_pairs"
    spoken_of = {
        str(sample)
        for unit in ("sample", *_PAIR)
        if unit in table and of_samples
        for sample in table[unit].unique()
        if sample
    }
    # An earlier run in this folder may have left a table that the last run did not make.
    if of_samples and (moved := _other_batch(table, compared)):
        return f"{name} is from an earlier run: {moved}"
    if compared and spoken_of and spoken_of != {*compared}:
        few = source.name != "pairs" and not read_unlisted(results, source.name, level).empty
        if few and spoken_of <= {*compared}:
            return table
        return f"{name} is from an earlier run: it does not contain the same samples as {SAMPLES}"
    return table


def _other_batch(table: pd.DataFrame, batch_of: Mapping[str, str]) -> str:
    """Return which sample has another batch in a table than in the sheet; empty if none has."""
    for end in ("", "_a", "_b"):
        if f"sample{end}" not in table or f"batch{end}" not in table:
            continue
        known = table[[f"sample{end}", f"batch{end}"]].drop_duplicates()
        for sample, batch in known.itertuples(index=False):
            now = batch_of.get(sample)
            if now and batch and str(batch) != now:
                return (
                    f"sample {sample!r} has batch {str(batch)!r} in this table, "
                    f"but {now!r} in {SAMPLES}"
                )
    return ""


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


def read_unlisted(results: ResultTables, table: str, level: Level) -> pd.DataFrame:
    """Return the pairs without a row in a table; empty if it lists all."""
    import pandas as pd

    source = "batch_pairs" if table == "batch_pairs" else "pairs"
    pairs = results.read(source, level, {*_OF_PAIR, "feature_set", "in_detail"})
    if pairs is None:
        return pd.DataFrame(columns=[*_OF_PAIR, "in_detail"])
    listed = pairs["in_detail"] & (not tables()[table].of_features)
    return pairs.loc[(pairs["feature_set"] == "all") & ~listed]
