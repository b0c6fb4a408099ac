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
from lotwise.files.records import Record, column
from lotwise.keys import Level
from lotwise.tree import VERIFICATION

Status = Literal["agrees", "differs", "not on file", "not computed"]

RULE: Final = "agrees within half a unit of the last printed decimal"
# c of log2(TPM + c) in Bloor et al. 2020.
PSEUDOCOUNT: Final = 1.0
_NEEDED: Final = ("batch_a", "batch_b", "feature_set", "pseudocount", "pearson", "reason")
# Of binary fractions: a printed 0.985 is not exactly half way between 0.98 and 0.99.
_SLACK: Final = 1e-12


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification(Record):
    """One published coefficient beside the computed one; a row of ``verification.tsv``."""

    table = VERIFICATION

    level: str = column("gene or isoform", heading="level")
    batch_a: str = column("first batch of the pair", heading="batch")
    batch_b: str = column("second batch of the pair", heading="and batch")
    published: float = column(
        "Pearson's R as printed; NaN where it is not on file",
        heading="published R",
        unknown="not on file",
    )
    decimals: float = column(
        "decimals as printed; NaN where it is not on file",
        heading="decimals",
        unknown="not on file",
    )
    computed: float = column(
        "Pearson's R over all features, replicates of a batch averaged; NaN where not computed",
        heading="computed R",
        display="r",
    )
    difference: float = column(
        "computed minus published; NaN where either is", heading="difference"
    )
    status: str = column("agrees, differs, not on file, or not computed", heading="status")
    rule: str = column("when a coefficient agrees")
    source: str = column("where the published coefficient is printed", heading="source")
    reason: str = column("why computed is NaN; empty where it is not")


def compare(expected: ExpectedCoefficient, computed: float, *, reason: str = "") -> Verification:
    """Compare one coefficient.

    Parameters
    ----------
    expected
        The published one; its ``r`` may be None.
    computed
        The computed one in [-1, 1]; NaN where there is none.
    reason
        Why there is none.

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
        reason=reason,
    )


def read_pairs(path: Path) -> tuple[dict[str, str], ...]:
    """Read ``{level}.batch_pairs.tsv``, its cells as text.

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
    pairs: Iterable[Mapping[str, str]], expected: ExpectedCoefficient
) -> tuple[float, str]:
    """Find the coefficient of a pair of batches.

    Returns
    -------
    Pearson's R of ``log2(TPM + 1)`` over all features, and an empty reason; or NaN and why it
    is not known.
    """
    ends = {expected.batch_a, expected.batch_b}
    for pair in pairs:
        if {pair["batch_a"], pair["batch_b"]} == ends and pair["feature_set"] == "all":
            if float(pair["pseudocount"]) != PSEUDOCOUNT:
                return math.nan, (
                    f"R was computed with the pseudo-count {pair['pseudocount']}, "
                    f"published coefficients need {PSEUDOCOUNT:g}"
                )
            return float(pair["pearson"]), pair["reason"]
    return math.nan, "the run has no such pair of batches"


def verify(
    expected: Iterable[ExpectedCoefficient], pairs_by_level: Mapping[Level, Path]
) -> tuple[Verification, ...]:
    """Compare all published coefficients with the tables of pairs of batches.

    Parameters
    ----------
    expected
        The ``expected:`` of the configuration.
    pairs_by_level
        ``{gene,isoform}.batch_pairs.tsv`` by level; a level without a table is "not computed".
    """
    tables = {level: read_pairs(path) for level, path in pairs_by_level.items() if path.is_file()}
    rows = []
    for coefficient in expected:
        pairs = tables.get(coefficient.level)
        computed, reason = (
            (math.nan, f"the run has no {coefficient.level} level")
            if pairs is None
            else computed_for(pairs, coefficient)
        )
        rows.append(compare(coefficient, computed, reason=reason))
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
