"""Result tables as read by measures, and the pairs of samples that they do not list."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from lotwise.acceptance.measure import Measure
from lotwise.acceptance.outdated import AGAIN, EARLIER, from_earlier_run, outdated_results
from lotwise.acceptance.selection import like_with_like
from lotwise.errors import InputError
from lotwise.evidence.catalogue import row_names, tables
from lotwise.files.records import columns
from lotwise.files.tables import read_table
from lotwise.keys import LEVELS, Level
from lotwise.tree import SAMPLES, ResultTree
from lotwise.wording import counted, nearest

if TYPE_CHECKING:
    import pandas as pd

    from lotwise.expression.comparability import InvalidComparison

_PAIR: Final = ("sample_a", "sample_b")
# Columns that tell which pair a row is about.
_OF_PAIR: Final = (*_PAIR, "batch_a", "batch_b", "condition_a", "condition_b", "relation")


# Batch, condition and donor of a sample.
Labels = Mapping[str, str]
SHEET_LABELS: Final = ("batch", "condition", "donor")
_ENDS: Final = ("", "_a", "_b")
LABELLED: Final = frozenset(f"{name}{end}" for name in ("sample", *SHEET_LABELS) for end in _ENDS)
"""Columns of result tables with samples and their labels."""


class ResultTables(Protocol):
    """The result tables of one run."""

    def read(self, table: str, level: Level, only: Collection[str]) -> pd.DataFrame | None:
        """Return the named columns of a table; None if there is no such table."""

    def compared(self) -> Mapping[str, Labels]:
        """Return the labels of each sample that was compared; empty if they are not on file."""

    @property
    def outdated(self) -> Mapping[str, str]:
        """The results of other expression, each with the reason."""

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

    def compared(self) -> Mapping[str, Labels]:
        """Return the samples of the sheet that the run wrote, with their labels."""
        sheet = self.root / SAMPLES
        if not sheet.is_file():
            return {}
        with sheet.open(encoding="utf-8", newline="") as text:
            rows = csv.DictReader(text, delimiter="\t")
            return {
                row["sample"].strip(): {
                    name: (row.get(name) or "").strip() for name in SHEET_LABELS
                }
                for row in rows
                if row.get("sample")
            }

    @cached_property
    def outdated(self) -> Mapping[str, str]:
        """The results of other expression, each with the reason."""
        return outdated_results(self.root)

    def invalid_comparisons(self) -> Iterable[InvalidComparison]:
        """Read why the samples cannot be compared as batches."""
        from lotwise.expression.comparability import read_invalid_comparisons

        paths = [ResultTree(self.root).h5ad(level) for level in LEVELS]
        return (one for path in paths for one in read_invalid_comparisons(path))

    def why_validity_unknown(self) -> str:
        """Return why it is not known whether the comparison is valid; empty if it is known.

        Each level holds what was found at both. If the expression was written again after R was
        computed, the tables may be of other samples or values.
        """
        from lotwise.expression.comparability import has_correlations

        tree = ResultTree(self.root)
        for level in LEVELS:
            table, h5ad = tree.table(level, "pairs"), tree.h5ad(level)
            if table.is_file() and h5ad.is_file() and not has_correlations(h5ad):
                earlier, later = (path.relative_to(self.root).as_posix() for path in (table, h5ad))
                return (
                    f"{later} was written after {earlier}, so the tables may be {EARLIER}; "
                    f"{AGAIN}, or all steps after lotwise expression"
                )
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

    def compared(self) -> Mapping[str, Labels]:
        """Return nothing: tables of one run are about its samples."""
        return {}

    @property
    def outdated(self) -> Mapping[str, str]:
        """None: tables of one run are of its expression."""
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
        source.name, level, {*row_names(), *LABELLED, "relation", "reason", "warning", *judged}
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
    # The step that writes averages of batches writes the pairs of samples too.
    labelled = table if of_samples else results.read("pairs", level, LABELLED)
    if compared and labelled is not None:
        known = labelled.loc[:, labelled.columns.isin(LABELLED)].drop_duplicates()
        if changed := other_labels(known.to_dict("records"), compared):
            return next(from_earlier_run({name: changed}))
    if name in results.outdated:
        return next(from_earlier_run({name: results.outdated[name]}))
    if compared and spoken_of and spoken_of != {*compared}:
        few = source.name != "pairs" and not read_unlisted(results, source.name, level).empty
        if few and spoken_of <= {*compared}:
            return table
        return next(from_earlier_run({name: f"it does not contain the same samples as {SAMPLES}"}))
    return table


def unknown_labels(root: Path, measures: Iterable[tuple[Level, Measure]]) -> Iterator[str]:
    """Yield each sample, batch, condition or donor that rows of measures name and results lack.

    Tables that do not exist yet, or cannot be read, are left out.
    """
    results = TablesOnDisk(root)
    of_sheet = {text for name, one in results.compared().items() for text in (name, *one.values())}
    for level, measure in measures:
        chosen = {name: wanted for name, wanted in measure.rows.items() if name in LABELLED}
        table = None
        if chosen:
            with suppress(InputError):
                table = results.read(measure.table, level, chosen)
        if table is None:
            continue
        for name, wanted in chosen.items():
            known = {*table[name]} | of_sheet
            for value in wanted if isinstance(wanted, tuple) else (wanted,):
                if value not in known:
                    near = nearest(str(value), map(str, table[name].unique()))
                    path = ResultTree(Path()).table(level, measure.table).as_posix()
                    yield f"rows: {name} {value!r} does not occur in {path}; {near}"


def other_labels(rows: Iterable[Mapping[Any, Any]], compared: Mapping[str, Labels]) -> str:
    """Return how a sample in rows of a table differs from the sheet, in words; empty if none does.

    The table was then computed before the sheet was changed.

    Examples
    --------
    >>> other_labels([{"sample": "S1", "batch": "lot1"}], {"S1": {"batch": "lot2"}})
    "sample 'S1' has batch 'lot2' in samples.tsv, but had 'lot1' when this was computed"
    """
    for row in rows:
        for end in _ENDS:
            labels = [name for name in SHEET_LABELS if f"{name}{end}" in row]
            if f"sample{end}" not in row or not labels:
                continue
            sample = row[f"sample{end}"]
            if sample not in compared:
                return f"sample {sample!r} is not in {SAMPLES}"
            for name in labels:
                then, now = row[f"{name}{end}"], compared[sample].get(name, "")
                if then != now:
                    found = f"sample {sample!r} has {name} {now!r} in {SAMPLES}"
                    return f"{found}, but had {then!r} when this was computed"
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
