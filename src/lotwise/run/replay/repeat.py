"""The analysis part of a run once more, from nothing but what its record names."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lotwise.config import Config
from lotwise.errors import InputError
from lotwise.record import (
    Provenance,
    amendments_of,
    chain_faults,
    check_page,
    configuration_of,
    libraries,
    map_paths,
    read_provenance,
    software,
)
from lotwise.run.replay.differences import find_changes, find_differences, judge_again
from lotwise.run.replay.staging import Stage, stage_inputs, unused_inputs
from lotwise.run.replay.stored import find_stored_differences
from lotwise.run.steps import write_correlation, write_evidence_tables, write_expression
from lotwise.tree import ResultTree

_UNKNOWN: Final = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """What a repetition showed.

    Attributes
    ----------
    n_identical
        Tables that came out byte by byte as recorded.
    differences
        One line a table that did not: which, and its first row and column that differ.
    n_unchanged
        Other recorded files (figures, the workbook, h5ad, the verdict), which are not repeated,
        that are as recorded.
    changes
        One line for each of those that is missing or changed, for an ``.h5ad`` whose numbers are
        not those that came, and for a record or page that is not the one that was written.
    software
        One line for lotwise and each library whose version is not the recorded one.
    notes
        One line an input that the record itself calls odd, or that is not repeated (reads,
        references, criteria) and is missing or no longer the recorded one.
    verdict
        Outcome of the recorded criteria on the repeated tables; empty where none are on record.
    verdict_differences
        One line a criterion that came out otherwise, or one that says why none was judged.
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
        """Every line that says that something is not as recorded."""
        return (*self.differences, *self.changes, *self.verdict_differences)


def replay(results: Path, *, inputs_from: Path | None = None, keep: Path | None = None) -> Replay:
    """Repeat expression, correlation and evidence; compare each table with the recorded one.

    Recorded files that are not repeated are held against their checksums.

    Parameters
    ----------
    results
        Folder of the results, with ``provenance.json``.
    inputs_from
        Folder to search for inputs that are no longer where they were, or no longer the same;
        they are recognised by checksum, under any name.
    keep
        Folder to leave the repeated results in; without it they are removed.

    Raises
    ------
    InputError
        The record is missing or damaged, or inputs are missing or changed; found before
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
        raise InputError("is not empty", path=keep, remedy="name a new folder")
    with tempfile.TemporaryDirectory(prefix="lotwise-replay-") as folder:
        yield Path(folder) / "inputs", keep or Path(folder) / "results"


def _analyse(config: Config, stage: Stage, tree: ResultTree) -> None:
    staged = map_paths(config, stage.place)
    write_expression(stage.sheet, tree, staged.expression, levels=staged.levels)
    for level in staged.levels:
        write_correlation(tree, level, staged.correlation)
        write_evidence_tables(tree, level, staged.evidence, staged.correlation)


def _other_software(provenance: Provenance) -> Iterator[str]:
    """Say which versions differ; a commit tells apart what has one version."""
    now = software()
    was = provenance.lotwise
    for name, then, today in (
        ("lotwise", was.version, now.version),
        ("commit of lotwise", was.commit, now.commit),
    ):
        if then != today:
            yield f"{name}: {then or _UNKNOWN} was recorded, {today or _UNKNOWN} is here"
    if was.modified or now.modified:
        whose = [name for name, one in (("then", was), ("now", now)) if one.modified]
        yield f"the checkout of lotwise had changes of its own ({' and '.join(whose)})"
    found = libraries()
    for name in sorted(provenance.libraries.keys() | found.keys()):
        then, today = provenance.libraries.get(name), found.get(name)
        if then != today:
            yield f"{name}: {then or 'none'} was recorded, {today or 'none'} is here"
