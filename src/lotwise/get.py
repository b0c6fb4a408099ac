"""Tables out of an AnnData that :mod:`lotwise.tl` annotated, tidy, as scanpy's ``get``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pandas as pd

from lotwise import keys
from lotwise.errors import InputError
from lotwise.evidence import RECORDS
from lotwise.files.tables import columns

if TYPE_CHECKING:
    from anndata import AnnData

# Tables that are made by a tool of another name.
_TOOLS = {
    "unseen": "detectable",
    "uncertainty_strata": "isoform_usage",
    "sex": "identity",
    "clustering": "components",
    "reference": "accepted",
}


def pairs(expression: AnnData, *, feature_set: str | None = None) -> pd.DataFrame:
    """Give the correlations, a row a pair of samples and feature set.

    The columns are those of :class:`lotwise.files.tables.PairRecord`; ``feature_set``
    keeps one set.
    """
    table = _table_of_pairs(expression, keys.PAIRS, "correlate")
    if feature_set is None:
        return table
    chosen = table[table["feature_set"] == feature_set]
    if chosen.empty:
        raise InputError(
            f"no correlation over the feature set {feature_set!r}; there are "
            f"{', '.join(table['feature_set'].unique())}"
        )
    return chosen.reset_index(drop=True)


def matrix(
    expression: AnnData, statistic: Literal["pearson", "spearman"] = keys.PEARSON
) -> pd.DataFrame:
    """Give a correlation over all features as a square table, samples x samples."""
    if statistic not in expression.obsp:
        raise InputError(
            f"the AnnData has no {statistic!r} in obsp",
            remedy="call lotwise.tl.correlate first",
        )
    names = pd.Index(expression.obs_names, name=keys.SAMPLE)
    # A copy: pandas before 3 would write into the AnnData what is written into the table.
    return pd.DataFrame(expression.obsp[statistic], index=names, columns=list(names), copy=True)


def replicate_qc(expression: AnnData) -> pd.DataFrame:
    """Return ENCODE's replicate QC and detection."""
    return _table_of_pairs(expression, keys.REPLICATE_QC, "replicate_qc")


def contributions(expression: AnnData) -> pd.DataFrame:
    """Give the features that pull R down, as :class:`lotwise.files.tables.ContributionRecord`."""
    return _table_of_pairs(expression, keys.CONTRIBUTIONS, "contributions")


def evidence(expression: AnnData, table: str) -> pd.DataFrame:
    """Give a table of what stands beside R, by its name.

    The names and columns are those of the records in :mod:`lotwise.evidence`:
    ``sensitivity``, ``agreement``, ``intervals``, ``ceilings``, ``detectable``, ``unseen``,
    ``isoform_usage``, ``uncertainty_strata``, ``isoform_shares``, ``batches``, ``reference``,
    ``equivalence``,
    ``libraries``, ``signal``, ``identity``, ``sex``, ``gene_sets``, ``components`` and
    ``clustering``. Of a subset, rows of a sample or of a pair are those of its samples; what is
    of batches or of all samples stays as it was computed.
    """
    names = [record.table for record in RECORDS]
    if table not in names:
        raise InputError(f"{table!r} is no table of evidence", remedy=f"take of {', '.join(names)}")
    tool = _TOOLS.get(table, table)
    named = columns(next(record for record in RECORDS if record.table == table))
    if "sample_a" in named:
        return _table_of_pairs(expression, table, tool)
    found = _table(expression, table, tool)
    if "sample" not in named:
        return found
    # A row without a sample says why there is none.
    kept = found["sample"].isin([*expression.obs_names, ""])
    return found[kept].reset_index(drop=True)


def _table_of_pairs(expression: AnnData, name: str, tool: str) -> pd.DataFrame:
    """Give the pairs of these samples: a subset took the table of all over with ``uns``."""
    table, names = _table(expression, name, tool), expression.obs_names
    kept = table[table["sample_a"].isin(names) & table["sample_b"].isin(names)]
    if kept.empty and len(table) and expression.n_obs > 1:
        raise InputError(
            f"the table {name!r} is of other samples", remedy=f"call lotwise.tl.{tool} again"
        )
    return kept.reset_index(drop=True)


def _table(expression: AnnData, name: str, tool: str) -> pd.DataFrame:
    found = expression.uns.get(keys.LOTWISE, {}).get(name)
    if found is None:
        raise InputError(
            f"the AnnData has no table {name!r}", remedy=f"call lotwise.tl.{tool} first"
        )
    table: pd.DataFrame = found.copy()
    return table.reset_index(drop=True)
