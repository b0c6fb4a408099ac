"""Fold changes of counts between batches, fitted by PyDESeq2 (the extra ``de``)."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from lotwise.errors import EnvironmentFault
from lotwise.metrics.moments import FloatArray

_log = logging.getLogger(__name__)
# As DESeq2 advises: features with fewer counts in all samples are not informative.
LEAST_COUNTS: Final = 10


class FoldChange(NamedTuple):
    """Log2 fold change of each feature and its standard error; NaN where it was not fitted."""

    difference: FloatArray
    standard_error: FloatArray


def fit_deseq2(
    counts: FloatArray, *, batches: npt.ArrayLike, pairs: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], FoldChange]:
    """Fit negative binomial models with one mean per batch; return the fold change of each pair.

    All pairs use one fit, so dispersions are estimated from the replicates of all batches in
    ``pairs``. Fold changes are not shrunken.

    Parameters
    ----------
    counts
        Samples x features; estimated counts are rounded.
    batches
        The batch of each sample.
    pairs
        Batches to compare, each with at least two samples.

    Returns
    -------
    For each pair, the log2 ratio of the first to the second. It is NaN for features with fewer than
    ten counts in all samples together, or with an outlying count (Cook's distance).

    Raises
    ------
    EnvironmentFault
        PyDESeq2 is not installed.

    References
    ----------
    Love, Huber and Anders 2014, 10.1186/s13059-014-0550-8; Muzellec et al. 2023,
    10.1093/bioinformatics/btad547.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> counts = rng.negative_binomial(20, 0.1, (6, 200)).astype(float)
    >>> counts[:3, 0] *= 8
    >>> found = fit_deseq2(counts, batches=["A"] * 3 + ["B"] * 3, pairs=[("A", "B")])
    >>> bool(2 < found["A", "B"].difference[0] < 4)
    True
    """
    of_sample = np.asarray(batches).astype(str)
    named = list(dict.fromkeys(name for pair in pairs for name in pair))
    used = np.isin(of_sample, named)
    whole = np.rint(counts[used]).astype(np.int64)
    fitted = np.flatnonzero(whole.sum(axis=0) >= LEAST_COUNTS)
    found = {pair: FoldChange(*np.full((2, counts.shape[1]), np.nan)) for pair in pairs}
    if not pairs or not fitted.size:
        return found
    # With many small products the threads of BLAS mostly wait for each other: four times slower.
    with threadpool_limits(limits=1, user_api="blas"), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model = _fit(whole[:, fitted], of_sample[used], named)
        for (a, b), change in found.items():
            contrast = np.array([(name == a) - (name == b) for name in named], dtype=np.float64)
            change.difference[fitted], change.standard_error[fitted] = _contrast(model, contrast)
    for words in dict.fromkeys(str(warning.message) for warning in said):
        _log.info("PyDESeq2: %s", words)
    return found


def _fit(counts: npt.NDArray[np.int64], of_sample: npt.NDArray[np.str_], named: list[str]) -> Any:
    import pandas as pd

    try:
        from pydeseq2.dds import DeseqDataSet
        from pydeseq2.default_inference import DefaultInference
    except ImportError:
        raise EnvironmentFault(
            "PyDESeq2 is not installed, but the equivalence method 'deseq2' needs it",
            remedy="install it with `pip install pydeseq2`, or use the method 'welch'",
        ) from None

    rows = [f"sample {i}" for i in range(len(of_sample))]
    design = pd.DataFrame(
        {name: (of_sample == name).astype(np.float64) for name in named}, index=rows
    )
    model = DeseqDataSet(
        counts=pd.DataFrame(counts, index=rows, columns=list(map(str, range(counts.shape[1])))),
        metadata=pd.DataFrame({"batch": of_sample}, index=rows),
        design=design,
        inference=DefaultInference(n_cpus=1),
        quiet=True,
    )
    model.deseq2()
    return model


def _contrast(model: Any, contrast: FloatArray) -> tuple[FloatArray, FloatArray]:
    from pydeseq2.default_inference import DefaultInference
    from pydeseq2.ds import DeseqStats

    # Only estimates and errors are used: the tests of PyDESeq2 0.5 against a margin are valid
    # only for contrasts of a single coefficient.
    tested = DeseqStats(
        model,
        contrast=contrast,
        cooks_filter=True,
        independent_filter=False,
        inference=DefaultInference(n_cpus=1),
        quiet=True,
    )
    tested.summary()
    table = tested.results_df
    outlying = table["pvalue"].isna().to_numpy()
    difference = table["log2FoldChange"].to_numpy(dtype=np.float64)
    error = table["lfcSE"].to_numpy(dtype=np.float64)
    return np.where(outlying, np.nan, difference), np.where(outlying, np.nan, error)
