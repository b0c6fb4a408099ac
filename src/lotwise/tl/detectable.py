"""Changes of expression that R would not have detected."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from lotwise import keys
from lotwise.evidence.detectable import DetectableRecord, UnseenRecord
from lotwise.expression.labels import why_not_tpm
from lotwise.expression.layers import tpm_of
from lotwise.expression.noted import noted
from lotwise.files.tables import to_frame
from lotwise.metrics.detectable import (
    Perturbation,
    PerturbedR,
    less_visible,
    perturbed_r,
    unseen_change,
)
from lotwise.metrics.moments import FloatArray, correlation, why_undefined
from lotwise.progress import progress
from lotwise.tl.pairs import Pair, in_words, name_samples, pairs_of, store
from lotwise.workers import in_threads

if TYPE_CHECKING:
    from anndata import AnnData

NAN = float("nan")


def detectable(
    expression: AnnData,
    *,
    threshold: float | None = None,
    perturbation: Perturbation | None = None,
    seed: int = 0,
) -> None:
    """Find the largest change of expression that the R of each pair would not have detected.

    Without ``threshold``, each sample is correlated with a changed copy of this sample. The result
    shows how many features could differ at the observed R if the two samples were otherwise
    identical. With ``threshold``, the changed copy is correlated with the other sample. The result
    shows how many features could change before R falls below the threshold. Each sample of the pair
    is changed in turn, and the larger R is used.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``.
    threshold
        Smallest R that passes; ``None`` uses the observed R of each pair.
    perturbation
        Shares and folds to try.
    seed
        Random seed.

    Returns
    -------
    Nothing; the results are the tables ``detectable``
    (:class:`~lotwise.evidence.detectable.DetectableRecord`, one row per pair, fold and share) and
    ``unseen`` (:class:`~lotwise.evidence.detectable.UnseenRecord`, with a sentence for the report).

    Raises
    ------
    InputError
        No layer ``tpm``, or a threshold outside [-1, 1].

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.detectable(gene, perturbation=Perturbation(folds=(2.0,), n_repeats=2))
    >>> gene.uns["lotwise"]["unseen"]["sentence"][0]
    'R would still be at least 0... if up to ... % of the expressed genes changed 2-fold. ...'
    """
    perturbation = perturbation or Perturbation()
    tpm = tpm_of(expression)
    log_tpm = np.log2(tpm + perturbation.pseudocount)
    level = noted(expression).get(keys.LEVEL, "gene")
    undefined = why_not_tpm(expression, "a change of TPM")
    grids: list[DetectableRecord] = []
    unseen: list[UnseenRecord] = []

    def change(rows: tuple[int, int]) -> PerturbedR:
        # Random streams depend on the names of samples, not on their order.
        row, other = rows
        names = [str(expression.obs_names[place]) for place in rows]
        rng = _stream(seed, *names)
        grid = perturbed_r(tpm[row], tpm[other], rng=rng, perturbation=perturbation)
        reason = name_samples(grid.reason, *names)
        if undefined:
            nan = np.full_like(grid.pearson, NAN)
            return grid._replace(pearson=nan, sd=nan, reason=undefined)
        return grid._replace(reason=reason)

    pairs = list(pairs_of(expression))
    # Compared with itself, a sample has one grid for all its pairs.
    of_pair = [_compared(pair.row_a, pair.row_b, alone=threshold is None) for pair in pairs]
    wanted = list(dict.fromkeys(chain.from_iterable(of_pair)))
    made = progress(in_threads(change, wanted), "perturbing", unit="sample", total=len(wanted))
    changed = dict(zip(wanted, made, strict=True))
    for pair, (first, second) in zip(pairs, of_pair, strict=True):
        a, b = pair.row_a, pair.row_b
        grid = less_visible(changed[first], changed[second])
        reason = undefined or in_words(pair, why_undefined(log_tpm[a], log_tpm[b]))
        passing = threshold
        if passing is None:
            passing = NAN if reason else correlation(log_tpm[a], log_tpm[b])
        for i, j in np.ndindex(grid.pearson.shape):
            grids.append(
                DetectableRecord(
                    **pair.names(),
                    fold=float(grid.folds[j]),
                    share=float(grid.shares[i]),
                    pearson=float(grid.pearson[i, j]),
                    sd=float(grid.sd[i, j]),
                    reason=grid.reason,
                )
            )
        if reason:
            unseen.extend(_undefined_unseen(pair, grid.folds, reason))
            continue
        found = unseen_change(grid, threshold=passing)
        for fold, share, at_least, why in zip(
            found.folds, found.shares, found.at_least, found.reasons, strict=True
        ):
            unseen.append(
                UnseenRecord(
                    **pair.names(),
                    fold=float(fold),
                    threshold=passing,
                    share=float(share),
                    at_least=at_least,
                    sentence=_sentence(
                        passing,
                        float(share),
                        float(fold),
                        at_least=at_least,
                        level=level,
                    ),
                    reason=why,
                )
            )
    parameters = {
        "threshold": "observed R of each pair" if threshold is None else threshold,
        "shares": list(perturbation.shares),
        "folds": list(perturbation.folds),
        "n_repeats": perturbation.n_repeats,
        "seed": seed,
    }
    store(expression, DetectableRecord.table, to_frame(grids, DetectableRecord), parameters)
    store(expression, UnseenRecord.table, to_frame(unseen, UnseenRecord), parameters)


def _compared(a: int, b: int, *, alone: bool) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the sample to change and the sample to correlate it with, for a and for b."""
    return ((a, a), (b, b)) if alone else ((a, b), (b, a))


def _stream(seed: int, *names: str) -> np.random.Generator:
    """Return the random stream of these samples, independent of which others are present."""
    numbers = tuple(crc32(str(name).encode()) for name in names)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=numbers))


def _sentence(passing: float, share: float, fold: float, *, at_least: bool, level: str) -> str:
    if np.isnan(share):
        return ""
    how_many = f"{100 * share:.2g} %"
    limit = f"{how_many} (the largest share tried)" if at_least else f"up to {how_many}"
    return (
        f"R would still be at least {passing:.4f} if {limit} of the expressed {level}s "
        f"changed {fold:g}-fold. These {level}s are chosen at random, and each goes up or down"
    )


def _undefined_unseen(pair: Pair, folds: FloatArray, reason: str) -> list[UnseenRecord]:
    return [
        UnseenRecord(
            **pair.names(),
            fold=float(fold),
            threshold=NAN,
            share=NAN,
            at_least=False,
            sentence="",
            reason=reason,
        )
        for fold in folds
    ]
