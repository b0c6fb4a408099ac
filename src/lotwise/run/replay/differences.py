"""Tables that differ in a repetition: which, and where they first differ."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from lotwise.acceptance import check_verdict, judge, recorded_criteria
from lotwise.acceptance.check import differences as verdict_differences
from lotwise.errors import InputError
from lotwise.files.checksums import checksum
from lotwise.files.tables import PARQUET, text_of
from lotwise.record.fixity import fault_of
from lotwise.record.legacy import earlier_name
from lotwise.record.provenance import OutputFile, Provenance
from lotwise.tree import VERDICT, ResultTree

_TREE: Final = ResultTree(Path())
_FOLDERS: Final = tuple(
    f"{folder}/" for folder in (_TREE.expression, _TREE.correlation, _TREE.evidence)
)
_TABLES: Final = (".tsv", ".tsv.gz", PARQUET)
_LONGEST: Final = 60


def find_differences(
    recorded: Iterable[OutputFile], root: Path, repeated: Path
) -> tuple[int, list[str]]:
    """Compare each repeated table with the recorded checksum and the existing file.

    Parameters
    ----------
    recorded
        Outputs on record.
    root, repeated
        Folder of the results, and of the repetition.

    Returns
    -------
    The number of identical tables, and a line for each other one. A table that is no longer the
    recorded one is a difference, even if the replay reproduced the recorded file.
    """
    tables = {item.path: item for item in recorded if is_analysed(item.path)}
    made = {
        path.relative_to(repeated).as_posix()
        for path in repeated.rglob("*")
        if path.is_file() and is_analysed(path.relative_to(repeated).as_posix())
    }
    differences = [
        f"{name} was computed, but is not in the record" for name in sorted(made - tables.keys())
    ]
    n_identical = 0
    for name, item in tables.items():
        if name not in made:
            differences.append(f"{name} is in the record, but was not computed")
        elif found := _difference(item, _present(root, name), repeated / name):
            differences.append(f"{name}{found}")
        else:
            n_identical += 1
    return n_identical, differences


def _present(root: Path, name: str) -> Path:
    """Return the path of a recorded table; version 0.1 used another name for one."""
    earlier = root / earlier_name(name)
    return earlier if earlier.is_file() and not (root / name).exists() else root / name


def find_changes(recorded: Iterable[OutputFile], root: Path) -> tuple[int, list[str]]:
    """Compare recorded files that are not repeated with their checksums.

    Returns
    -------
    The number of files as recorded, and a line for each that is missing or changed.
    """
    others = [item for item in recorded if not is_analysed(item.path)]
    faults = [(item.path, fault_of(item, root / item.path)) for item in others]
    changes = [f"{path} {fault}" for path, fault in faults if fault]
    return len(others) - len(changes), changes


def judge_again(provenance: Provenance, root: Path, repeated: Path) -> tuple[str, list[str]]:
    """Judge the repeated tables by the recorded criteria, and compare with the verdict.

    Returns
    -------
    The new outcome, empty if no verdict is on record, and a line for each key of the verdict that
    differs or shows that its files were changed. A verdict that is not on record is a difference.
    """
    recorded = provenance.criteria_sha256
    if recorded is None:
        unknown = f"{VERDICT} exists but is not in the record: `lotwise record --out` records it"
        return "", [unknown] if (root / VERDICT).exists() else []
    try:
        criteria = recorded_criteria(root)
        told = json.loads((root / VERDICT).read_text(encoding="utf-8"))
        said = {one["id"]: one for one in told["criteria"]}
        checked = check_verdict(root)
    except InputError as error:
        return "", [
            f"{VERDICT} is in the record, but this file or its criteria cannot be read ({error})"
        ]
    except (OSError, ValueError, TypeError, KeyError):
        return "", [f"{VERDICT} is in the record, but this file or its criteria cannot be read"]
    if criteria.criteria.sha256 != recorded:
        return "", [f"{criteria.name} contains criteria that differ from the recorded ones"]
    verdict = judge(criteria, repeated)
    faults = () if checked is None else checked.faults
    return verdict.outcome, list(
        dict.fromkeys([*verdict_differences(told, said, verdict), *faults])
    )


def is_analysed(path: str) -> bool:
    """Return whether a file of the results is a table written by the analysis.

    Examples
    --------
    >>> is_analysed("evidence/gene.batches.tsv"), is_analysed("intake.tsv")
    (True, False)
    """
    return path.startswith(_FOLDERS) and path.endswith(_TABLES)


def _difference(item: OutputFile, present: Path, came: Path) -> str:
    """Return how a table differs; empty if it does not."""
    as_recorded = present.is_file() and checksum(present) == item.sha256
    if checksum(came) == item.sha256 or (as_recorded and _text(present) == _text(came)):
        if as_recorded:
            return ""
        if not present.is_file():
            return " is missing in the results (the replay reproduced the recorded file)"
        where = first_difference(
            _text(came), _text(present), names=("was recorded", "is in the results")
        )
        return f" was changed after the run (the replay reproduced the recorded file){where}"
    if not as_recorded:
        return (
            ": the repetition differs from the record; the row and column are unknown, because "
            "the recorded file is not in the results"
        )
    was, now = _text(present), _text(came)
    was_columns, now_columns = (text.partition("\n")[0].split("\t") for text in (was, now))
    if was_columns != now_columns:
        shared = [name for name in was_columns if name in now_columns]
        lost = [name for name in was_columns if name not in now_columns]
        found = first_difference(
            _only(was, shared), _only(now, shared), names=("was recorded", "was computed")
        )
        about = f"without {', '.join(lost)}; " if lost else ""
        numbers = f"the other columns differ{found}" if found else "the other columns are the same"
        return f": this version of lotwise writes a different set of columns ({about}{numbers})"
    return first_difference(was, now, names=("was recorded", "was computed"))


def _only(table: str, names: list[str]) -> str:
    r"""Return a table with some of its columns.

    Examples
    --------
    >>> _only("a\tb\n1\t2\n", ["b"])
    'b\n2\n'
    """
    rows = [line.split("\t") for line in table.splitlines()]
    places = [rows[0].index(name) for name in names]
    return "".join(
        "\t".join(row[place] if place < len(row) else "" for place in places) + "\n" for row in rows
    )


def _text(path: Path) -> str:
    if path.name.endswith(PARQUET):
        return text_of(path)
    raw = path.read_bytes()
    return (gzip.decompress(raw) if path.name.endswith(".gz") else raw).decode("utf-8")


def first_difference(first: str, second: str, *, names: tuple[str, str]) -> str:
    r"""Return the first row and column in which two tables differ; empty if they are equal.

    Rows are counted as in a text editor; the header is row 1.

    Examples
    --------
    >>> one, other = "sample\tr\nS1\t0.5\n", "sample\tr\nS1\t0.7\n"
    >>> first_difference(one, other, names=("was recorded", "was computed"))
    ", row 2, column 'r': '0.5' was recorded, '0.7' was computed"
    """
    header = first.partition("\n")[0].split("\t")
    rows = itertools.zip_longest(first.splitlines(), second.splitlines())
    for number, (one, other) in enumerate(rows, start=1):
        if one == other:
            continue
        if one is None or other is None:
            rows_of = [f"{text.count(chr(10)):,}" for text in (first, second)]
            return (
                f", row {number:,}: the table that {names[0]} has {rows_of[0]} rows, "
                f"the table that {names[1]} has {rows_of[1]}"
            )
        cells = itertools.zip_longest(one.split("\t"), other.split("\t"))
        for place, (was, now) in enumerate(cells):
            if was != now:
                column = header[place] if place < len(header) else f"number {place + 1}"
                return (
                    f", row {number:,}, column {column!r}: "
                    f"{_cite(was)} {names[0]}, {_cite(now)} {names[1]}"
                )
    return "" if first == second else ": line ends differ"


def _cite(cell: str | None) -> str:
    if cell is None:
        return "nothing"
    return repr(cell if len(cell) <= _LONGEST else f"{cell[:_LONGEST]}...")
