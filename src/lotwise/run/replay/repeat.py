"""Repetition of the analysis of a run, from its record only."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lotwise.config import Config
from lotwise.errors import InputError
from lotwise.record.build import configuration_of
from lotwise.record.checking import check_page
from lotwise.record.configuration import map_paths
from lotwise.record.environment import libraries, software
from lotwise.record.provenance import Provenance, read_provenance
from lotwise.record.revisions import amendments_of, chain_faults
from lotwise.run.replay.differences import find_changes, find_differences, judge_again
from lotwise.run.replay.staging import Stage, stage_inputs, unused_inputs
from lotwise.run.replay.stored import find_stored_differences
from lotwise.run.steps import write_correlation, write_evidence_tables, write_expression
from lotwise.tree import ResultTree

_UNKNOWN: Final = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """Result of a repetition.

    Attributes
    ----------
    n_identical
        Number of tables identical to the recorded ones, byte by byte.
    differences
        One line per other table, with the first row and column that differ.
    n_unchanged
        Number of unchanged files that are on record but not repeated (figures, the workbook, h5ad,
        the verdict).
    changes
        One line for each of those that is missing or changed, for an ``.h5ad`` whose values differ
        from the repetition, and for a record or page that was edited.
    software
        One line for lotwise and each library whose version differs from the record.
    notes
        One line per input with a note in the record, and per input that is not repeated (reads,
        references, criteria) and is missing or changed.
    verdict
        Outcome of the recorded criteria on the repeated tables; empty if there are none.
    verdict_differences
        One line per criterion with a different result, or the reason why none was judged.
    """

    n_identical: int
    differences: tuple[str, ...]
    n_unchanged: int
    changes: tuple[str, ...]
    software: tuple[str, ...]
    notes: tuple[str, ...]
    verdict: str = ""
    verdict_differences: tuple[str, ...] = ()

    @property
    def all_differences(self) -> tuple[str, ...]:
        """All lines that report a difference from the record."""
        return (*self.differences, *self.changes, *self.verdict_differences)


def replay(results: Path, *, inputs_from: Path | None = None, keep: Path | None = None) -> Replay:
    """Repeat expression, correlation and evidence; compare each table with the recorded one.

    Recorded files that are not repeated are compared with their checksums.

    Parameters
    ----------
    results
        Folder of the results, with ``provenance.json``.
    inputs_from
        Folder to search for inputs that were moved or changed; they are recognised by checksum,
        under any name.
    keep
        Folder in which to keep the repeated results; by default they are removed.

    Raises
    ------
    InputError
        The record is missing or damaged, or inputs are missing or changed. This is checked before
        anything is computed.
    """
    root = results if results.is_dir() else results.parent
    provenance = read_provenance(results)
    config = configuration_of(provenance, root)
    with _workspace(keep) as (work, out):
        stage = stage_inputs(provenance, config, root, work, inputs_from=inputs_from)
        tree = ResultTree(out)
        _analyse(config, stage, tree)
        n_identical, differences = find_differences(provenance.outputs, root, tree.root)
        stored = find_stored_differences(root, tree.root, config.levels)
        verdict, verdict_differences = judge_again(provenance, root, tree.root)
    n_unchanged, changes = find_changes(provenance.outputs, root)
    return Replay(
        n_identical=n_identical,
        differences=tuple(differences),
        n_unchanged=n_unchanged,
        changes=(*changes, *stored, *chain_faults(root), *check_page(root)),
        software=tuple(_other_software(provenance)),
        notes=(
            *(f"{item.path}: {item.note}" for item in provenance.inputs if item.note),
            *unused_inputs(provenance, root),
            *amendments_of(root),
        ),
        verdict=verdict,
        verdict_differences=tuple(verdict_differences),
    )


@contextmanager
def _workspace(keep: Path | None) -> Iterator[tuple[Path, Path]]:
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise InputError("is not empty", path=keep, remedy="give a new folder")
    with tempfile.TemporaryDirectory(prefix="lotwise-replay-") as folder:
        yield Path(folder) / "inputs", keep or Path(folder) / "results"


def _analyse(config: Config, stage: Stage, tree: ResultTree) -> None:
    staged = map_paths(config, stage.place)
    write_expression(stage.sheet, tree, staged.expression, levels=staged.levels)
    for level in staged.levels:
        write_correlation(tree, level, staged.correlation)
        write_evidence_tables(tree, level, staged.evidence, staged.correlation)


def _other_software(provenance: Provenance) -> Iterator[str]:
    """Yield versions that differ; the commit distinguishes equal versions."""
    now = software()
    was = provenance.lotwise
    for name, then, today in (
        ("lotwise", was.version, now.version),
        ("commit of lotwise", was.commit, now.commit),
    ):
        if then != today:
            yield f"{name}: {then or _UNKNOWN} is on record, {today or _UNKNOWN} is installed"
    if was.modified or now.modified:
        whose = [name for name, one in (("then", was), ("now", now)) if one.modified]
        yield f"the checkout of lotwise had uncommitted changes ({' and '.join(whose)})"
    found = libraries()
    for name in sorted(provenance.libraries.keys() | found.keys()):
        then, today = provenance.libraries.get(name), found.get(name)
        if then != today:
            yield f"{name}: {then or 'none'} is on record, {today or 'none'} is installed"
