"""Content of a results folder, read for the report; nothing is computed again.

Tables are scanned and filtered by polars, so that the rows of a hundred thousand pairs are never
all in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import polars as pl

from lotwise.acceptance import read_verdict, registration_of
from lotwise.acceptance.outdated import from_earlier_run, outdated_results
from lotwise.acceptance.reading import LABELLED, TablesOnDisk, other_labels
from lotwise.acquire.published import Verification
from lotwise.errors import InputError
from lotwise.evidence.catalogue import tables
from lotwise.expression.comparability import read_invalid_comparisons
from lotwise.expression.labels import read_unit, read_unmapped
from lotwise.files.records import Record, columns
from lotwise.files.tables import PARQUET
from lotwise.keys import LEVELS, Level
from lotwise.quantify import Intake, Yield
from lotwise.record.checking import check_record
from lotwise.record.revisions import amendments_of
from lotwise.tree import PROVENANCE, SAMPLES, ResultTree

Row = dict[str, Any]

_TYPES: Final[dict[type, Any]] = {str: pl.String, int: pl.Int64, float: pl.Float64, bool: pl.String}
_PAIR: Final = ("sample_a", "sample_b")


@dataclass(frozen=True)
class LevelFindings:
    """The tables of one level."""

    root: Path
    level: Level

    def has(self, name: str) -> bool:
        """Return whether the run made a table."""
        return self.path(name).is_file()

    def path(self, name: str) -> Path:
        """Return the path of a table."""
        return ResultTree(self.root).table(self.level, name)

    def name(self, name: str) -> str:
        """Return a table's path below the root of the results."""
        return self.path(name).relative_to(self.root).as_posix()

    @property
    def h5ad(self) -> Path:
        """The path of the expression."""
        return ResultTree(self.root).h5ad(self.level)

    @property
    def unit(self) -> str:
        """Unit of the values: TPM, or the declared unit."""
        return read_unit(self.h5ad)

    @property
    def unmapped(self) -> tuple[int, list[float]]:
        """Number of transcripts without a gene, and their share of the TPM of each sample."""
        return read_unmapped(self.h5ad)

    def scan(self, name: str) -> pl.LazyFrame:
        """Scan a table; a table that the run did not make has no rows.

        Raises
        ------
        InputError
            The columns are not those of the table's record.
        """
        record = tables()[name].record
        path = self.path(name)
        return _scan(path, record) if path.is_file() else pl.LazyFrame(schema=_schema(record))

    def rows(self, name: str, *where: pl.Expr) -> list[Row]:
        """Return the rows of a table that fulfil the conditions ``where``."""
        return self.scan(name).filter(*where).collect().to_dicts()

    @cached_property
    def pairs(self) -> list[Row]:
        """Correlations of samples over all features, from the lowest R; undefined R come last."""
        return _by_r(self.scan("pairs"))

    @cached_property
    def batch_pairs(self) -> list[Row]:
        """Correlations of batches over all features from the lowest R, their samples averaged."""
        return _by_r(self.scan("batch_pairs"))

    def of_pair(self, name: str, pair: Mapping[str, Any]) -> list[Row]:
        """Return the rows of a table for one pair of samples."""
        return self.rows(name, *(pl.col(end) == pair[end] for end in _PAIR))


@dataclass(frozen=True)
class Findings:
    """Everything from which a report is made.

    Attributes
    ----------
    root
        Folder of the results.
    levels
        The levels that were correlated.
    note
        Line below every figure, such as "simulated data".
    verdict, provenance
        The verdict, judged again, and ``provenance.json``; empty where there is none.
    faults
        Differences between this folder and its record, and tables of an earlier run, one line each.
    amendments
        Recorded files that were changed and recorded again, with the reason.
    """

    root: Path
    levels: tuple[LevelFindings, ...]
    note: str = ""
    faults: tuple[str, ...] = ()
    amendments: tuple[str, ...] = ()
    verdict: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def samples(self) -> list[Row]:
        """The samples compared; every cell is text."""
        return _sheet(self.root / SAMPLES)

    @cached_property
    def intake(self) -> list[Row]:
        """Reads present, if reads were quantified."""
        return _rows_of(self.root / Intake.table, Intake)

    @cached_property
    def yields(self) -> list[Row]:
        """Reads used, if reads were quantified."""
        return _rows_of(self.root / Yield.table, Yield)

    @cached_property
    def verification(self) -> list[Row]:
        """Published coefficients and the computed ones, if published coefficients were given."""
        return _rows_of(self.root / Verification.table, Verification)

    @cached_property
    def registered(self) -> str:
        """Title of the criteria on record; empty where there are none."""
        entry = registration_of(self.root)
        return "" if entry is None else entry.title

    @cached_property
    def invalid(self) -> list[str]:
        """Reasons why samples are not comparable as batches, one sentence each; may be empty."""
        found = (read_invalid_comparisons(level.h5ad) for level in self.levels)
        return list(dict.fromkeys(one.sentence for level in found for one in level))

    def made(self, path: Path) -> bool:
        """Return whether the run made a file: it exists and, if there is a record, is on record."""
        outputs = self.provenance.get("outputs")
        if not path.is_file() or not isinstance(outputs, list):
            return path.is_file()
        return path.relative_to(self.root).as_posix() in self._recorded

    @cached_property
    def _recorded(self) -> frozenset[str]:
        return frozenset(str(item.get("path")) for item in self.provenance["outputs"])

    @property
    def batches(self) -> dict[str, list[str]]:
        """Samples of each batch, in the order of the sample sheet."""
        found: dict[str, list[str]] = {}
        for row in self.samples:
            found.setdefault(row.get("batch", ""), []).append(row.get("sample", ""))
        return found


def read_findings(root: Path, *, note: str = "") -> Findings:
    """Return the content of a results folder.

    Parameters
    ----------
    root
        The folder written by ``lotwise compare --out`` or the workflow.
    note
        Line below every figure; if empty, the note in ``provenance.json`` is used.

    Raises
    ------
    InputError
        The folder has no correlations, or provenance.json cannot be read.
    """
    levels = tuple(
        found for found in (LevelFindings(root, level) for level in LEVELS) if found.has("pairs")
    )
    if not levels:
        missing = [LevelFindings(root, level).name("pairs") for level in LEVELS]
        raise InputError(
            f"has no {' and no '.join(missing)}",
            path=root,
            remedy="run `lotwise compare` first, or give the folder that this command wrote",
        )
    provenance = _read_json(root / PROVENANCE)
    noted = _within(provenance, "configuration", "figures", "note")
    return Findings(
        root=root,
        levels=levels,
        note=note or (noted if isinstance(noted, str) else ""),
        faults=(*check_record(root), *_of_earlier_runs(root, levels)),
        amendments=amendments_of(root),
        verdict=_verdict_of(root),
        provenance=provenance,
    )


def _of_earlier_runs(root: Path, levels: Iterable[LevelFindings]) -> Iterator[str]:
    """Return the results from before a change of sample sheet or expression, by what changed."""
    reasons = outdated_results(root)
    for level in levels:
        compared = TablesOnDisk(level.root).compared()
        for name, table in tables().items():
            labels = [column for column in columns(table.record) if column in LABELLED]
            # Averages have batches in the place of samples.
            if not compared or name == "batch_pairs" or not level.has(name):
                continue
            known = level.scan(name).select(labels).unique(maintain_order=True).collect()
            if changed := other_labels(known.to_dicts(), compared):
                # The changed label says more than that something was changed.
                reasons[level.name(name)] = changed
    return from_earlier_run(reasons)


def _verdict_of(root: Path) -> dict[str, Any]:
    """Return the verdict, with notices on changed tables; an invalid one is not assessable."""
    try:
        return read_verdict(root) or {}
    except InputError as error:
        return {"outcome": "not assessable", "notices": [str(error)]}


def _by_r(table: pl.LazyFrame) -> list[Row]:
    over_all = table.filter(pl.col("feature_set") == "all")
    # polars treats NaN as the largest number, so it sorts last.
    return over_all.sort("pearson", maintain_order=True).collect().to_dicts()


def _schema(record: type[Record]) -> dict[str, Any]:
    return {name: _TYPES[kind] for name, kind in columns(record).items()}


def _scan(path: Path, record: type[Record]) -> pl.LazyFrame:
    needed = _schema(record)
    header = _header(path)
    if header != list(needed):
        raise InputError(
            f"has the columns {', '.join(header)}, expected {', '.join(needed)}",
            path=path,
            row=1,
            remedy="write it again with this version of lotwise",
        )
    if path.suffix == PARQUET:
        stored = pl.scan_parquet(path).with_columns(pl.col(pl.Enum).cast(pl.String))
        return stored.with_columns(pl.col(pl.String).fill_null(""))
    table = pl.scan_csv(path, separator="\t", schema=needed)
    truths = [name for name, kind in columns(record).items() if kind is bool]
    return table.with_columns(pl.col(pl.String).fill_null("")).with_columns(
        pl.col(truths) == "True"
    )


def _header(path: Path) -> list[str]:
    if path.suffix == PARQUET:
        return list(pl.read_parquet_schema(path))
    with path.open(encoding="utf-8") as text:
        return text.readline().rstrip("\n").split("\t")


def _rows_of(path: Path, record: type[Record]) -> list[Row]:
    return _scan(path, record).collect().to_dicts() if path.is_file() else []


def _sheet(path: Path) -> list[Row]:
    if not path.is_file():
        return []
    separator = "\t" if "\t" in path.read_text(encoding="utf-8-sig").partition("\n")[0] else ","
    sheet = pl.read_csv(path, separator=separator, infer_schema=False)
    return sheet.fill_null("").to_dicts()


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read as JSON ({error})", path=path) from None
    if not isinstance(found, dict):
        raise InputError("is not a JSON object", path=path, remedy="write it again with lotwise")
    return found


def _within(found: Any, *names: str) -> Any:
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found
