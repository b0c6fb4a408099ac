"""Computed coefficients against published ones.

The rule: a coefficient printed with d decimals agrees when the computed one lies within half
a unit of the last of them, ``|computed - printed| <= 0.5 * 10**-d``, so that rounding either
way at the exact half counts as agreement. One that nobody has transcribed is "not on file",
never agreement.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from lotwise.config.acquire import ExpectedCoefficient
from lotwise.errors import InputError
from lotwise.keys import Level
from lotwise.records import Record, column

Status = Literal["agrees", "differs", "not on file", "not computed"]

RULE: Final = "agrees within half a unit of the last printed decimal"
_NEEDED: Final = ("batch_a", "batch_b", "feature_set", "pearson")
# Of binary fractions: a printed 0.985 is not exactly half way between 0.98 and 0.99.
_SLACK: Final = 1e-12


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification(Record):
    """One published coefficient beside the computed one; a row of ``verification.tsv``."""

    table = "verification.tsv"

    level: str = column("gene or isoform")
    batch_a: str = column("first batch of the pair")
    batch_b: str = column("second batch of the pair")
    published: float = column("Pearson's R as printed; NaN where it is not on file")
    decimals: float = column("decimals as printed; NaN where it is not on file")
    computed: float = column("Pearson's R over all features; NaN where it was not computed")
    difference: float = column("computed minus published; NaN where either is")
    status: str = column("agrees, differs, not on file, or not computed")
    rule: str = column("when a coefficient agrees")
    source: str = column("where the published coefficient is printed")


def compare(expected: ExpectedCoefficient, computed: float) -> Verification:
    """Compare one coefficient.

    Parameters
    ----------
    expected
        The published one; its ``r`` may be None.
    computed
        The computed one in [-1, 1]; NaN where there is none.

    Examples
    --------
    >>> def printed(r, decimals):
    ...     return ExpectedCoefficient(
    ...         level="gene", batch_a="A", batch_b="B", r=r, decimals=decimals, source="Fig. 1"
    ...     )
    >>> compare(printed(0.98, 2), 0.9849).status, compare(printed(0.98, 2), 0.9851).status
    ('agrees', 'differs')
    >>> compare(printed(None, None), 0.98).status
    'not on file'
    """
    published = math.nan if expected.r is None else expected.r
    decimals = math.nan if expected.decimals is None else float(expected.decimals)
    difference = computed - published
    status: Status
    if expected.r is None:
        status = "not on file"
    elif math.isnan(computed):
        status = "not computed"
    elif abs(difference) <= 0.5 * 10**-decimals + _SLACK:
        status = "agrees"
    else:
        status = "differs"
    return Verification(
        level=expected.level,
        batch_a=expected.batch_a,
        batch_b=expected.batch_b,
        published=published,
        decimals=decimals,
        computed=computed,
        difference=difference,
        status=status,
        rule=RULE,
        source=expected.source,
    )


def read_pairs(path: Path) -> tuple[dict[str, str], ...]:
    """Read ``{level}.pairs.tsv``, its cells as text.

    Raises
    ------
    InputError
        A needed column is missing.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, delimiter="\t")
        missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
        if missing:
            raise InputError(f"has no column {', '.join(missing)}", path=path, row=1)
        return tuple(reader)


def computed_for(
    pairs: Iterable[Mapping[str, str]], expected: ExpectedCoefficient, *, path: Path
) -> float:
    """Find the coefficient of a pair of batches among the pairs of samples.

    Returns
    -------
    Pearson's R over all features; NaN where the pair of batches is not in the table.

    Raises
    ------
    InputError
        Several pairs of samples belong to the pair of batches.
    """
    ends = {expected.batch_a, expected.batch_b}
    found = [
        float(pair["pearson"])
        for pair in pairs
        if {pair["batch_a"], pair["batch_b"]} == ends and pair["feature_set"] == "all"
    ]
    if len(found) > 1:
        raise InputError(
            f"{len(found)} pairs of samples are of the batches {expected.batch_a} and "
            f"{expected.batch_b}, one published coefficient cannot be compared with them",
            path=path,
            remedy="verify with one sample a batch",
        )
    return found[0] if found else math.nan


def verify(
    expected: Iterable[ExpectedCoefficient], pairs_by_level: Mapping[Level, Path]
) -> tuple[Verification, ...]:
    """Compare all published coefficients with the tables of pairs.

    Parameters
    ----------
    expected
        The ``expected:`` of the configuration.
    pairs_by_level
        ``{gene,isoform}.pairs.tsv`` by level; a level without a table is "not computed".
    """
    tables = {level: read_pairs(path) for level, path in pairs_by_level.items() if path.is_file()}
    rows = []
    for coefficient in expected:
        pairs = tables.get(coefficient.level)
        computed = (
            math.nan
            if pairs is None
            else computed_for(pairs, coefficient, path=pairs_by_level[coefficient.level])
        )
        rows.append(compare(coefficient, computed))
    return tuple(rows)


def summary(rows: Sequence[Verification]) -> str:
    """Count the outcomes in one line.

    Examples
    --------
    >>> summary([])
    'no published coefficient is configured'
    """
    if not rows:
        return "no published coefficient is configured"
    states: tuple[Status, ...] = ("agrees", "differs", "not on file", "not computed")
    counts = {state: sum(row.status == state for row in rows) for state in states}
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count)
