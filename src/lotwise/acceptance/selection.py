"""The rows of a result table that a measure chooses, or the reason why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lotwise.acceptance.measure import Cell, Measure
from lotwise.wording import listed

if TYPE_CHECKING:
    import pandas as pd

# Columns of the two sides of a pair, in the order in which they distinguish rows.
_PAIRS: Final = (("sample_a", "sample_b"), ("batch_a", "batch_b"))
# In place of a feature: the row is about the whole pair, which was not tested.
_WHOLE: Final = "*"


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Chosen rows, and what of the table is not among them.

    Attributes
    ----------
    rows
        The rows to judge.
    n_left_out
        Number of rows without a number that were left out as requested.
    lost
        What was asked for and has no row: a batch, sample or marker that is not in the table, or
        pairs none of whose rows has a number; empty where nothing is.
    why_none
        Why there is no row at all.
    """

    rows: tuple[dict[str, Any], ...]
    n_left_out: int = 0
    lost: str = ""
    why_none: str = ""


def select_rows(measure: Measure, table: pd.DataFrame) -> Selection:
    """Return the rows chosen by ``measure.rows``.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"relation": ["between"], "feature_set": ["all"], "reason": [""]})
    >>> rows = {"relation": "within", "feature_set": "all"}
    >>> measure = Measure(table="pairs", statistic="pearson", rows=rows, at_least=0.9)
    >>> select_rows(measure, table).why_none
    'there are no replicates: each batch has only one sample per condition'
    """
    if table.empty:
        return Selection(rows=(), why_none="the table has no rows")
    chosen, n_left_out, lost = like_with_like(measure, table), 0, ""
    if chosen.empty:
        return Selection(rows=(), why_none="no two samples share a condition")
    for name, wanted in sorted(measure.rows.items(), key=lambda item: item[0] == "reason"):
        # A row of a whole pair is about every feature that can be asked for.
        of_pair = [_WHOLE] if name == "feature" else []
        kept = chosen.loc[chosen[name].isin([*_values(wanted), *of_pair])]
        if kept.empty:
            return Selection(rows=(), why_none=_why_none(name, wanted, chosen))
        lost = lost or _absent(measure, name, chosen)
        if name == "reason":
            n_left_out = len(chosen) - len(kept)
            lost = lost or _lost_pairs(chosen, kept)
        chosen = kept
    rows = tuple(
        {str(name): cell for name, cell in row.items()} for row in chosen.to_dict("records")
    )
    return Selection(rows=rows, n_left_out=n_left_out, lost=lost)


def _absent(measure: Measure, name: str, table: pd.DataFrame) -> str:
    """Return which of several batches, samples or markers asked for by name have no row."""
    wanted = measure.rows[name]
    if not measure.source.declared(name).names_row or not isinstance(wanted, tuple):
        return ""
    there = set(table[name])
    absent = [value for value in wanted if value not in there]
    return _why_none(name, tuple(absent), table) if absent and _WHOLE not in there else ""


def like_with_like(measure: Measure, pairs: pd.DataFrame) -> pd.DataFrame:
    """Drop pairs of different conditions, unless a criterion chooses the relation.

    Examples
    --------
    >>> import pandas as pd
    >>> measure = Measure(table="contributions", statistic="share", at_most=0.1)
    >>> like_with_like(measure, pd.DataFrame({"relation": ["within", "across"]}))["relation"].item()
    'within'
    """
    if "relation" in measure.rows or "relation" not in pairs:
        return pairs
    return pairs.loc[pairs["relation"] != "across"]


def _lost_pairs(asked: pd.DataFrame, kept: pd.DataFrame) -> str:
    """Return which pairs have no row left, and why; these pairs were requested too."""
    ends = next((pair for pair in _PAIRS if set(pair) <= {*asked.columns}), None)
    if ends is None:
        return ""
    reasons = asked.drop_duplicates(list(ends)).set_index(list(ends))["reason"]
    lost = reasons.loc[~reasons.index.isin(kept.set_index(list(ends)).index)]
    if lost.empty:
        return ""
    pairs = listed([" - ".join(map(str, pair)) for pair in lost.index])
    return f"there is no number for {pairs}: {lost.iloc[0]}"


def _values(wanted: Cell | tuple[Cell, ...]) -> list[Cell]:
    return list(wanted) if isinstance(wanted, tuple) else [wanted]


def _why_none(name: str, wanted: Cell | tuple[Cell, ...], table: pd.DataFrame) -> str:
    values = _values(wanted)
    if name == "reason":
        return f"no row has a number: {table['reason'].iloc[0]}"
    if name == "relation" and values == ["within"]:
        return "there are no replicates: each batch has only one sample per condition"
    there = [str(value) for value in dict.fromkeys(table[name]) if str(value) not in {"", "nan"}]
    asked = " or ".join(map(str, values))
    if not there and "reason" in table and table["reason"].iloc[0]:
        return f"no row has {name} {asked}: {table['reason'].iloc[0]}"
    present = f"the values are {listed(there)}" if there else "all values are empty"
    return f"no row has {name} {asked}; {present}"
