"""Batches gene by gene: equivalent within a margin, different beyond it, or inconclusive."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from lotwise import pp
from lotwise.config.evidence import EquivalenceMethod
from lotwise.errors import InputError
from lotwise.evidence.equivalence import EquivalenceRecord
from lotwise.expression.labels import batches_of
from lotwise.files.records import columns
from lotwise.files.tables import to_frame
from lotwise.metrics.correlation import pearson_matrix
from lotwise.metrics.equivalence import INCONCLUSIVE, Equivalence, wald_equivalence
from lotwise.metrics.equivalence import equivalence as welch_equivalence
from lotwise.tl.agreement import NO_COUNTS, counts_by_sample
from lotwise.tl.deseq2 import fit_deseq2
from lotwise.tl.layers import log_tpm_of
from lotwise.tl.pairs import evenly, store

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    from anndata import AnnData

ONE_REPLICATE = "a batch with one replicate"
TOO_MANY = "not tested: too many pairs of batches"
# Rows that a table of every feature and pair of batches may have.
MOST_ROWS = 2_000_000


def equivalence(
    expression: AnnData,
    *,
    method: EquivalenceMethod = "welch",
    margin: float = 1.0,
    alpha: float = 0.05,
    pseudocount: float = 1.0,
) -> None:
    """Test every feature of every two batches for equivalence within a margin.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``, and ``counts`` for ``deseq2``; batches with
        two samples or more.
    method
        ``welch``: Welch's t of log2(TPM + c), each feature by itself. ``deseq2``: Wald tests of
        the counts with PyDESeq2's size factors and dispersions, which features share, so that
        few replicates show more; it takes minutes for a transcriptome, and does not correct
        for transcript lengths that differ between samples.
    margin
        Largest difference of log2(TPM + c), or of log2 counts, that does not matter.
    alpha
        Rate of false calls among those called.
    pseudocount
        c of log2(TPM + c); not used by ``deseq2``.

    Returns
    -------
    Nothing; the table ``equivalence`` (:class:`~lotwise.evidence.equivalence.EquivalenceRecord`).
    Batches with one sample are inconclusive throughout, in one row with feature ``*``. So is a pair
    of batches that was not tested because the table would pass 2 million rows: those that are
    tested then stand at even steps along the order of R between batches.

    Raises
    ------
    InputError
        No layer ``tpm``, no such method, or a number out of range.
    EnvironmentFault
        PyDESeq2 is not installed.

    References
    ----------
    Schuirmann 1987, 10.1007/BF01068419; Love, Huber and Anders 2014, 10.1186/s13059-014-0550-8
    (``lessAbs``); Muzellec et al. 2023, 10.1093/bioinformatics/btad547 (PyDESeq2).

    Examples
    --------
    >>> gene = getfixture("three_batches").gene
    >>> equivalence(gene)
    >>> gene.uns["lotwise"]["equivalence"][["outcome", "reason"]].values[0].tolist()
    ['inconclusive', 'a batch with one replicate']
    """
    import pandas as pd

    if not margin > 0 or not 0 < alpha < 1:
        raise InputError(f"margin {margin} and alpha {alpha} came; needed above 0, and in (0, 1)")
    if method not in {"welch", "deseq2"}:
        raise InputError(f"{method!r} is no method of equivalence", remedy="take welch or deseq2")
    log_tpm = log_tpm_of(expression, pseudocount)
    of_sample = np.array(batches_of(expression))
    found: dict[tuple[str, str], Equivalence | str] = dict.fromkeys(
        combinations(dict.fromkeys(of_sample), 2), ONE_REPLICATE
    )
    replicated = _replicated(of_sample)
    pairs = _with_room(expression, replicated, pseudocount)
    found |= dict.fromkeys(replicated, TOO_MANY)
    if method == "deseq2":
        found |= _by_counts(expression, of_sample, pairs, margin=margin, alpha=alpha)
    else:
        for a, b in pairs:
            x, y = log_tpm[of_sample == a], log_tpm[of_sample == b]
            found[a, b] = welch_equivalence(x, y, margin=margin, alpha=alpha)
    features = expression.var_names.astype(str).to_numpy(dtype=object)
    tables = [_table(pair, method, features, result) for pair, result in found.items()]
    store(
        expression,
        EquivalenceRecord.table,
        pd.concat(tables, ignore_index=True) if tables else to_frame([], EquivalenceRecord),
        {"method": method, "margin": margin, "alpha": alpha, "pseudocount": pseudocount},
    )


def _replicated(of_sample: npt.NDArray[np.str_]) -> list[tuple[str, str]]:
    """Pairs of batches that have two samples or more each, in the order of the samples."""
    replicated = [name for name in dict.fromkeys(of_sample) if (of_sample == name).sum() > 1]
    return list(combinations(replicated, 2))


def _with_room(
    expression: AnnData, pairs: list[tuple[str, str]], pseudocount: float
) -> list[tuple[str, str]]:
    """Choose pairs of batches where the table has no room for all, at even steps of R."""
    room = max(2, MOST_ROWS // max(expression.n_vars, 1))
    if len(pairs) <= room:
        return pairs
    averaged = pp.average_replicates(expression)
    at = {name: place for place, name in enumerate(averaged.obs_names)}
    r = pearson_matrix(log_tpm_of(averaged, pseudocount))
    kept = evenly(np.array([r[at[a], at[b]] for a, b in pairs]), room)
    return [pairs[place] for place in sorted(kept.tolist())]


def _by_counts(
    expression: AnnData,
    of_sample: npt.NDArray[np.str_],
    pairs: list[tuple[str, str]],
    *,
    margin: float,
    alpha: float,
) -> dict[tuple[str, str], Equivalence | str]:
    counts = counts_by_sample(expression)
    known = np.array([sample is not None for sample in counts])
    if not known.any():
        return dict.fromkeys(pairs, NO_COUNTS)
    left = set(_replicated(of_sample[known]))
    fits = fit_deseq2(
        np.stack([sample for sample in counts if sample is not None]),
        batches=of_sample[known],
        pairs=[pair for pair in pairs if pair in left],
    )
    return {
        pair: wald_equivalence(
            fits[pair].difference,
            standard_error=fits[pair].standard_error,
            margin=margin,
            alpha=alpha,
        )
        if pair in fits
        else _without_counts(expression.obs_names[~known & np.isin(of_sample, pair)])
        for pair in pairs
    }


def _without_counts(samples: pd.Index[str]) -> str:
    named = " and ".join(samples)
    return f"{NO_COUNTS} of {named}, without which a batch has fewer than two samples"


def _table(
    pair: tuple[str, str],
    method: EquivalenceMethod,
    features: npt.NDArray[np.object_],
    found: Equivalence | str,
) -> pd.DataFrame:
    """Columns at once: a record a feature would cost more than the tests."""
    import pandas as pd

    names = {"batch_a": pair[0], "batch_b": pair[1], "method": method}
    nan = float("nan")
    if isinstance(found, str):
        row = EquivalenceRecord(
            **names,
            feature="*",
            difference=nan,
            p_equivalent=nan,
            p_different=nan,
            outcome=INCONCLUSIVE,
            reason=found,
        )
        return to_frame([row], EquivalenceRecord)
    untested = "does not vary" if method == "welch" else "fewer than 10 counts, or an outlying one"
    table = pd.DataFrame(
        {
            "feature": features,
            "difference": found.difference,
            "p_equivalent": found.p_equivalent_adjusted,
            "p_different": found.p_different_adjusted,
            "outcome": found.outcome.astype(object),
            "reason": np.where(np.isnan(found.p_equivalent), untested, "").astype(object),
        }
    )
    return table.assign(**names)[list(columns(EquivalenceRecord))]
