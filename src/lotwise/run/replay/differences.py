"""Tables that came out otherwise: which, and where they first differ."""

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
from lotwise.record import OutputFile, Provenance, fault_of
from lotwise.record.legacy import earlier_name
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
    """Hold each repeated table against the recorded checksum and the file that is there.

    Parameters
    ----------
    recorded
        The outputs of the record.
    root, repeated
        Folder of the results, and of the repetition.

    Returns
    -------
    How many tables are identical, and a line for each that is not. A table that is no longer
    the recorded one is a difference even where the repetition agrees with the record.
    """
    tables = {item.path: item for item in recorded if is_analysed(item.path)}
    made = {
        path.relative_to(repeated).as_posix()
        for path in repeated.rglob("*")
        if path.is_file() and is_analysed(path.relative_to(repeated).as_posix())
    }
    differences = [f"{name}: is not recorded, and came" for name in sorted(made - tables.keys())]
    n_identical = 0
    for name, item in tables.items():
        if name not in made:
            differences.append(f"{name}: was recorded, and did not come")
        elif found := _difference(item, _present(root, name), repeated / name):
            differences.append(f"{name}{found}")
        else:
            n_identical += 1
    return n_identical, differences


def _present(root: Path, name: str) -> Path:
    """Return where a recorded table lies; a run of version 0.1 gave one another name."""
    earlier = root / earlier_name(name)
    return earlier if earlier.is_file() and not (root / name).exists() else root / name


def find_changes(recorded: Iterable[OutputFile], root: Path) -> tuple[int, list[str]]:
    """Hold the recorded files that are not repeated against their checksums.

    Returns
    -------
    How many are as recorded, and a line for each that is missing or changed.
    """
    others = [item for item in recorded if not is_analysed(item.path)]
    faults = [(item.path, fault_of(item, root / item.path)) for item in others]
    changes = [f"{path} {fault}" for path, fault in faults if fault]
    return len(others) - len(changes), changes


def judge_again(provenance: Provenance, root: Path, repeated: Path) -> tuple[str, list[str]]:
    """Judge the repeated tables by the criteria on record, and compare with the verdict.

    Returns
    -------
    The outcome that came, empty where no verdict is on record, and a line for each key of the
    verdict that is another, or that speaks against its files. A verdict that the record does not
    know is a difference.
    """
    recorded = provenance.criteria_sha256
    if recorded is None:
        unknown = (
            f"{VERDICT} is there and not on record: `lotwise record --out` brings it up to date"
        )
        return "", [unknown] if (root / VERDICT).exists() else []
    try:
        criteria = recorded_criteria(root)
        told = json.loads((root / VERDICT).read_text(encoding="utf-8"))
        said = {one["id"]: one for one in told["criteria"]}
        checked = check_verdict(root)
    except InputError as error:
        return "", [f"{VERDICT}: was recorded, and cannot be read with its criteria ({error})"]
    except (OSError, ValueError, TypeError, KeyError):
        return "", [f"{VERDICT}: was recorded, and cannot be read with its criteria"]
    if criteria.criteria.sha256 != recorded:
        return "", [f"{criteria.name} holds other criteria than the record names"]
    verdict = judge(criteria, repeated)
    faults = () if checked is None else checked.faults
    return verdict.outcome, list(
        dict.fromkeys([*verdict_differences(told, said, verdict), *faults])
    )


def is_analysed(path: str) -> bool:
    """Tell whether a file of the results is a table that the analysis writes.

    Examples
    --------
    >>> is_analysed("evidence/gene.batches.tsv"), is_analysed("intake.tsv")
    (True, False)
    """
    return path.startswith(_FOLDERS) and path.endswith(_TABLES)


def _difference(item: OutputFile, present: Path, came: Path) -> str:
    """Say how a table differs; nothing where it does not."""
    as_recorded = present.is_file() and checksum(present) == item.sha256
    if checksum(came) == item.sha256 or (as_recorded and _text(present) == _text(came)):
        if as_recorded:
            return ""
        if not present.is_file():
            return ": is no longer in the results (the repetition agrees with the record)"
        where = first_difference(_text(came), _text(present), names=("was recorded", "is there"))
        return f" is not the recorded file (the repetition is){where}"
    if not as_recorded:
        return ": came out otherwise than recorded; the recorded file is not there to say where"
    was, now = _text(present), _text(came)
    was_columns, now_columns = (text.partition("\n")[0].split("\t") for text in (was, now))
    if was_columns != now_columns:
        shared = [name for name in was_columns if name in now_columns]
        lost = [name for name in was_columns if name not in now_columns]
        found = first_difference(
            _only(was, shared), _only(now, shared), names=("was recorded", "came")
        )
        about = f"without {', '.join(lost)}; " if lost else ""
        numbers = f"and others{found}" if found else "and the recorded ones are the same"
        return f": this version of lotwise has other columns ({about}{numbers})"
    return first_difference(was, now, names=("was recorded", "came"))


def _only(table: str, names: list[str]) -> str:
    r"""Keep columns of a table.

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
    r"""Name the first row and column in which two tables differ; nothing where none does.

    Rows are counted as in a text editor, the header is row 1.

    Examples
    --------
    >>> one, other = "sample\tr\nS1\t0.5\n", "sample\tr\nS1\t0.7\n"
    >>> first_difference(one, other, names=("was recorded", "came"))
    ", row 2, column 'r': '0.5' was recorded, '0.7' came"
    """
    header = first.partition("\n")[0].split("\t")
    rows = itertools.zip_longest(first.splitlines(), second.splitlines())
    for number, (one, other) in enumerate(rows, start=1):
        if one == other:
            continue
        if one is None or other is None:
            rows_of = [f"{text.count(chr(10)):,}" for text in (first, second)]
            return (
                f", row {number:,}: a table of {rows_of[0]} rows {names[0]}, "
                f"of {rows_of[1]} {names[1]}"
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
