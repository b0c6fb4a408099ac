"""The pairs of samples of an AnnData, and where lotwise stores results about them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np

from lotwise import keys
from lotwise.errors import InputError, ManyPairsWarning, warn
from lotwise.expression.computed import correlations_of, note_origin
from lotwise.expression.labels import batches_of, conditions_of
from lotwise.expression.layers import tpm_of
from lotwise.expression.noted import noted, noting
from lotwise.metrics.correlation import pearson_matrix
from lotwise.metrics.moments import FloatArray, IntArray
from lotwise.progress import progress

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

Relation = Literal["within", "between", "across"]
MOST_PAIRS: Final = 500
_IN_METRICS: Final = re.compile(r"\b(x|y|sample_a|sample_b)\b")


class Pair(NamedTuple):
    """Two samples: their rows in the AnnData, names, batches, conditions and relation."""

    row_a: int
    row_b: int
    sample_a: str
    sample_b: str
    batch_a: str
    batch_b: str
    condition_a: str = ""
    condition_b: str = ""

    @property
    def relation(self) -> Relation:
        """Return how the two samples are related by the design.

        ``within``: same batch and condition (replicates). ``between``: different batches, same
        condition. ``across``: different conditions, whatever the batches.
        """
        if self.condition_a != self.condition_b:
            return "across"
        return "within" if self.batch_a == self.batch_b else "between"

    def names(self) -> dict[str, str]:
        """Return the first columns of every table of pairs."""
        return {
            "sample_a": self.sample_a,
            "sample_b": self.sample_b,
            "batch_a": self.batch_a,
            "batch_b": self.batch_b,
            "condition_a": self.condition_a,
            "condition_b": self.condition_b,
            "relation": self.relation,
        }


def choose_pairs(
    expression: AnnData, *, most_pairs: int = MOST_PAIRS, pseudocount: float = 1.0
) -> None:
    """Choose the pairs of samples that tables list, if there are too many to list all.

    500 samples have 124,750 pairs. If there are more than ``most_pairs``, half of the chosen pairs
    are replicates, and the other half are pairs of different batches. If one kind has too few
    pairs, more pairs of the other kind are chosen. Pairs of different conditions are chosen only
    if both kinds have too few. The pairs of each kind are chosen evenly over the ranks of R, from
    the lowest to the highest. The same input gives the same pairs. R over all features is listed
    for every pair.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm`` and the obs column ``batch``.
    most_pairs
        Number of pairs to list, >= 2.
    pseudocount
        c of log2(TPM + c).

    Returns
    -------
    Nothing; the chosen pairs are stored in ``uns["lotwise"]["chosen_pairs"]`` and used by the other
    functions of :mod:`lotwise.tl`. A warning states how many pairs were chosen.

    Raises
    ------
    InputError
        No layer ``tpm``, no column ``batch``, ``most_pairs`` < 2, or a pseudo-count that is not
        > 0.

    Examples
    --------
    >>> import lotwise, warnings
    >>> gene = lotwise.datasets.three_batches().gene
    >>> with warnings.catch_warnings(action="ignore"):
    ...     lotwise.tl.choose_pairs(gene, most_pairs=2)
    >>> lotwise.tl.replicate_qc(gene)
    >>> len(lotwise.get.replicate_qc(gene))
    2
    """
    if most_pairs < 2:
        raise InputError(f"most_pairs must be >= 2, got {most_pairs}")
    if not pseudocount > 0:
        raise InputError(f"pseudocount must be > 0, got {pseudocount}")
    kept = noting(expression)
    kept.pop(keys.CHOSEN_PAIRS, None)
    n_pairs = expression.n_obs * (expression.n_obs - 1) // 2
    if n_pairs <= most_pairs:
        return
    every = list(pairs_of(expression))
    tpm = tpm_of(expression)
    r = pearson_matrix(np.log2(tpm + pseudocount))
    rows = np.array([(pair.row_a, pair.row_b) for pair in every], dtype=np.intp)
    relation = np.array([pair.relation for pair in every])
    within, between, across = (
        np.flatnonzero(relation == name) for name in ("within", "between", "across")
    )
    n_within = max(min(within.size, most_pairs // 2), min(within.size, most_pairs - between.size))
    n_between = min(between.size, most_pairs - n_within)
    n_across = most_pairs - n_within - n_between
    values = r[rows[:, 0], rows[:, 1]]
    chosen = [
        places[evenly(values[places], n)]
        for places, n in ((within, n_within), (between, n_between), (across, n_across))
        if n
    ]
    kept[keys.CHOSEN_PAIRS] = {
        "samples": expression.obs_names.to_numpy(dtype=object),
        "rows": rows[np.sort(np.concatenate(chosen))],
    }
    warn(
        f"there are {n_pairs:,} pairs of samples; R over all features is given for each pair. "
        f"The other tables of pairs list {most_pairs:,} pairs ('most_pairs'), which are chosen "
        "evenly from the lowest R to the highest",
        ManyPairsWarning,
    )


def pairs_of(expression: AnnData, *, what: str = "", every: bool = False) -> Iterator[Pair]:
    """Yield the pairs of samples, in the order of obs; ``what`` is the title of a progress bar.

    If :func:`choose_pairs` has chosen pairs, only these are yielded, unless ``every`` is true.

    Raises
    ------
    InputError
        No column ``batch`` in obs, or a sample has no batch.
    """
    names = expression.obs_names.to_list()
    batches, conditions = batches_of(expression), conditions_of(expression)
    chosen = None if every else chosen_rows(expression)
    n_pairs = len(names) * (len(names) - 1) // 2 if chosen is None else len(chosen)
    rows = combinations(range(len(names)), 2) if chosen is None else chosen.tolist()
    for a, b in progress(rows, what, unit="pair", total=n_pairs) if what else rows:
        yield Pair(
            row_a=a,
            row_b=b,
            sample_a=names[a],
            sample_b=names[b],
            batch_a=batches[a],
            batch_b=batches[b],
            condition_a=conditions[a],
            condition_b=conditions[b],
        )


def in_words(pair: Pair, reason: str) -> str:
    """Replace x and y, the names used by :mod:`lotwise.metrics`, with the samples' names."""
    return name_samples(reason, pair.sample_a, pair.sample_b)


def name_samples(reason: str, first: str, second: str) -> str:
    """Replace x and y by the names of the samples.

    Both are replaced in one pass, because a sample may itself be named x or y.

    Examples
    --------
    >>> name_samples("no feature reaches 1 TPM in x", "y", "S2")
    'no feature reaches 1 TPM in y'
    >>> name_samples("both samples are constant", "S1", "S1")
    'S1 is constant'
    """
    if first == second and reason == "both samples are constant":
        return f"{first} is constant"
    names = {"x": first, "sample_a": first, "y": second, "sample_b": second}
    return _IN_METRICS.sub(lambda found: names[found[0]], reason)


def chosen_rows(expression: AnnData) -> IntArray | None:
    """Return the rows of the chosen pairs, ``(n_pairs, 2)``; ``None`` for all pairs.

    Pairs that were chosen for other samples are ignored. A subset of an AnnData still has the
    chosen pairs of the whole AnnData in ``uns``.
    """
    chosen = noted(expression).get(keys.CHOSEN_PAIRS)
    if chosen is None or list(chosen["samples"]) != expression.obs_names.to_list():
        return None
    rows: IntArray = chosen["rows"]
    return rows


def store(expression: AnnData, name: str, table: pd.DataFrame, parameters: dict[str, Any]) -> None:
    """Store a result table in ``uns``, with its parameters and origin, and the lotwise version."""
    kept = noting(expression)
    kept[name] = table
    kept[keys.VERSION] = version("lotwise")
    kept.setdefault(keys.PARAMETERS, {})[name] = parameters
    note_origin(expression, name, layer=parameters.get("layer", keys.TPM))


def least_and_most_alike(expression: AnnData, *, n_pairs: int = 3) -> AnnData:
    """Return the samples of the pairs with the lowest and with the highest Pearson's R.

    Parameters
    ----------
    expression
        Samples x features annotated by :func:`lotwise.tl.correlate`.
    n_pairs
        Number of pairs from either end.

    Returns
    -------
    The samples of these pairs, at most ``4 * n_pairs``, in the order of ``expression``.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.correlate(gene)
    >>> lotwise.tl.least_and_most_alike(gene, n_pairs=1).n_obs
    3
    """
    r = correlations_of(expression)
    first, second = np.triu_indices(len(r), 1)
    defined = ~np.isnan(r[first, second])
    first, second = first[defined], second[defined]
    order = np.argsort(r[first, second], kind="stable")
    ends = np.concatenate([order[:n_pairs], order[-n_pairs:]])
    return expression[np.unique(np.concatenate([first[ends], second[ends]]))].copy()


def evenly(values: FloatArray, n: int) -> IntArray:
    """Return the positions of ``n`` values, evenly spaced by rank from the lowest to the highest.

    NaN are left out, unless all values are NaN.

    Examples
    --------
    >>> evenly(np.array([0.1, 0.5, np.nan, 0.2, 0.9]), 2).tolist()
    [0, 4]
    """
    order = np.argsort(values, kind="stable")
    defined = order[: np.count_nonzero(~np.isnan(values))]
    ranked = defined if defined.size else order
    steps = np.linspace(0, max(ranked.size - 1, 0), min(n, ranked.size))
    chosen: IntArray = ranked[np.unique(steps.round().astype(np.intp))]
    return chosen
