"""Comparison of computed with published coefficients.

Rule: a coefficient printed with d decimals agrees if the computed one differs by at most half a
unit of the last decimal, ``|computed - printed| <= 0.5 * 10**-d``. Rounding either way at the
exact half therefore counts as agreement. A coefficient whose published value is not in the
configuration is "not on file", never agreement.
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

RULE: Final = "agrees if the difference is at most half a unit of the last printed decimal"
# c of log2(TPM + c) in Bloor et al. 2020.
PSEUDOCOUNT: Final = 1.0
_NEEDED: Final = ("batch_a", "batch_b", "feature_set", "pseudocount", "pearson", "reason")
# For binary fractions: a printed 0.985 is not exactly half way between 0.98 and 0.99.
_SLACK: Final = 1e-12


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification(Record):
    """One published coefficient and the computed one; a row of ``verification.tsv``."""

    table = VERIFICATION

    level: str = column("gene or isoform", heading="level")
    batch_a: str = column("first batch of the pair", heading="batch A")
    batch_b: str = column("second batch of the pair", heading="batch B")
    published: float = column(
        "Pearson's R as printed; NaN if the configuration does not contain it",
        heading="published R",
        unknown="not on file",
    )
    decimals: float = column(
        "number of decimals printed; NaN if the configuration does not contain R",
        heading="decimals",
        unknown="not on file",
    )
    computed: float = column(
        "Pearson's R over all features, replicates of a batch averaged; NaN if not computed",
        heading="computed R",
        display="r",
    )
    difference: float = column(
        "computed minus published; NaN if either is NaN", heading="difference"
    )
    status: str = column("agrees, differs, not on file, or not computed", heading="status")
    rule: str = column("rule by which a coefficient agrees")
    source: str = column("where the coefficient was published", heading="source")
    reason: str = column("why computed is NaN; else empty")


def compare(expected: ExpectedCoefficient, computed: float, *, reason: str = "") -> Verification:
    """Compare one coefficient.

    Parameters
    ----------
    expected
        The published coefficient; its ``r`` may be None.
    computed
        The computed coefficient in [-1, 1]; NaN if there is none.
    reason
        Why it is NaN.

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
    """Read ``{level}.batch_pairs.tsv`` with its cells as text.

    Raises
    ------
    InputError
        A required column is missing.
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
    """Return the computed coefficient of a pair of batches.

    Returns
    -------
    Pearson's R of ``log2(TPM + 1)`` over all features and an empty reason, or NaN and the
    reason.
    """
    ends = {expected.batch_a, expected.batch_b}
    for pair in pairs:
        if {pair["batch_a"], pair["batch_b"]} == ends and pair["feature_set"] == "all":
            if float(pair["pseudocount"]) != PSEUDOCOUNT:
                return math.nan, (
                    f"R was computed with the pseudocount {pair['pseudocount']}, "
                    f"but published coefficients use {PSEUDOCOUNT:g}"
                )
            return float(pair["pearson"]), pair["reason"]
    return math.nan, "the run has no such pair of batches"


def verify(
    expected: Iterable[ExpectedCoefficient], pairs_by_level: Mapping[Level, Path]
) -> tuple[Verification, ...]:
    """Compare all published coefficients with the computed batch pairs.

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
    """Return the number of each outcome in one line.

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
