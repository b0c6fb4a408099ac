"""Quality of the samples: failed libraries, outliers, and signal between groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from lotwise import keys
from lotwise.evidence.libraries import SHALLOW_BELOW, LibraryRecord
from lotwise.evidence.signal import SignalRecord
from lotwise.expression.labels import batches_of, groups_of, labels_of
from lotwise.expression.layers import log_tpm_of, tpm_of
from lotwise.files.tables import to_frame
from lotwise.keys import LEVELS
from lotwise.metrics.correlation import pearson_matrix
from lotwise.metrics.feature_sets import THRESHOLD
from lotwise.metrics.moments import FloatArray, refuse_negative
from lotwise.metrics.outliers import (
    FEWEST_SCORED,
    library_complexity,
    library_summary,
    outlier_cut,
    outlier_scores,
    shallow_libraries,
)
from lotwise.metrics.signal import signal_to_noise
from lotwise.tl.agreement import NO_COUNTS, counts_by_sample
from lotwise.tl.pairs import store
from lotwise.tl.scanpy_results import store_qc

if TYPE_CHECKING:
    from anndata import AnnData

NAN: Final = float("nan")


def libraries(
    expression: AnnData,
    *,
    threshold: float = THRESHOLD,
    shallow_below: float = SHALLOW_BELOW,
    outlier_below: float | None = None,
    grouping: str | None = None,
    pseudocount: float = 1.0,
    with_scanpy: bool = True,
) -> None:
    """Summarise every library; flag those far shallower or far less correlated than the rest.

    Read this before any correlation.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``, and ``counts`` if available.
    threshold
        Smallest TPM of a detected feature.
    shallow_below
        A library is shallow if its total counts are below this fraction of the median of the other
        samples.
    outlier_below
        Outlier score below which a sample is an outlier. ``None`` computes a limit for each group
        (:func:`~lotwise.metrics.outliers.outlier_cut`). With these limits, at most 5 % of runs
        without a faulty sample have an outlier. All groups at both levels of a run are counted.
    grouping
        Column of obs with groups; a sample is scored within its group, which needs at least three
        samples. ``None`` uses the design: samples of the same ``condition``, and of the same batch
        if the batch has three or more. Samples without a label form a group.
    pseudocount
        c of log2(TPM + c).
    with_scanpy
        Run scanpy's quality control of counts too.

    Returns
    -------
    Nothing; the result is the table ``libraries``
    (:class:`~lotwise.evidence.libraries.LibraryRecord`). If counts are available and
    ``with_scanpy`` is true, ``obs["total_counts"]`` and ``obs["pct_counts_in_top_50_genes"]``
    contain the results of ``scanpy.pp.calculate_qc_metrics``.

    Raises
    ------
    InputError
        No layer ``tpm``, no such column, a sample without a batch, or a limit out of range.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.libraries(gene)
    >>> gene.uns["lotwise"]["libraries"]["shallow"].tolist()
    [False, False, False]
    """
    batches = batches_of(expression)
    if grouping is None:
        groups = _groups_of_design(expression, batches)
    else:
        groups = labels_of(expression, grouping)
    tpm = tpm_of(expression)
    summary = library_summary(tpm, threshold=threshold)
    counts = counts_by_sample(expression)
    if with_scanpy:
        store_qc(expression, counts)
    depth = _depths(counts, below=shallow_below)
    complexity = _complexities(counts)
    r = pearson_matrix(log_tpm_of(expression, pseudocount))
    scores = _scores(r, groups, below=outlier_below)
    rows = [
        LibraryRecord(
            sample=str(sample),
            batch=batches[row],
            total_counts=depth[row].total_counts,
            share_of_median=depth[row].share_of_median,
            shallow=depth[row].shallow,
            n_detected=int(summary.n_detected[row]),
            share_of_highest=float(summary.share_of_highest[row]),
            tpm_sum=float(summary.tpm_sum[row]),
            n_at_depth=complexity[row][0],
            complexity=complexity[row][1],
            group=groups[row],
            outlier_score=scores[row].score,
            outlier_cut=scores[row].cut,
            outlier=scores[row].flagged,
            reason="; ".join(filter(None, (depth[row].reason, scores[row].reason))),
        )
        for row, sample in enumerate(expression.obs_names)
    ]
    store(
        expression,
        LibraryRecord.table,
        to_frame(rows, LibraryRecord),
        {
            "threshold": threshold,
            "shallow_below": shallow_below,
            "outlier_below": "calibrated" if outlier_below is None else outlier_below,
            "grouping": "design" if grouping is None else grouping,
            "pseudocount": pseudocount,
        },
    )


class _Depth(NamedTuple):
    total_counts: float
    share_of_median: float
    shallow: bool
    reason: str


class _Score(NamedTuple):
    score: float
    cut: float
    flagged: bool
    reason: str


def _depths(counts: Sequence[FloatArray | None], *, below: float) -> list[_Depth]:
    """Compare each library's total with the others'; without counts only the reason is given."""
    for sample in counts:
        if sample is not None:
            refuse_negative(sample, name="counts")
    totals = np.array([np.nan if sample is None else sample.sum() for sample in counts])
    depths = [_Depth(NAN, NAN, False, NO_COUNTS)] * totals.size
    known = np.flatnonzero(~np.isnan(totals))
    found = shallow_libraries(totals[known], below=below)
    for place, row in enumerate(known):
        share, shallow = float(found.share_of_median[place]), bool(found.flagged[place])
        depths[row] = _Depth(float(totals[row]), share, shallow, found.reasons[place])
    return depths


def _complexities(counts: Sequence[FloatArray | None]) -> list[tuple[float, float]]:
    """Return features at one depth and their share of the others' median; NaN without counts."""
    found = [(NAN, NAN)] * len(counts)
    known = [row for row, sample in enumerate(counts) if sample is not None]
    if known:
        complexity = library_complexity(np.array([counts[row] for row in known]))
        pairs = zip(complexity.n_features, complexity.share_of_median, strict=True)
        for row, (n_features, share) in zip(known, pairs, strict=True):
            found[row] = (float(n_features), float(share))
    return found


def _groups_of_design(expression: AnnData, batches: Sequence[str]) -> list[str]:
    """Return the group of each sample: its condition, and its batch if that has three or more.

    Samples of smaller batches of a condition are scored together. Scoring them with the others
    would compare pairs between batches with pairs within a batch.
    """
    conditions = [""] * expression.n_obs
    if keys.CONDITION in expression.obs:
        conditions = labels_of(expression, keys.CONDITION)
    cells = list(zip(conditions, batches, strict=True))
    return [
        ", ".join(filter(None, cell)) if cells.count(cell) >= FEWEST_SCORED else cell[0]
        for cell in cells
    ]


def _scores(r: FloatArray, groups: Sequence[str], *, below: float | None) -> list[_Score]:
    """Score every sample within its group."""
    of_sample = np.array(groups, dtype=object)
    sizes = Counter(groups)
    # Both levels are scored in a run, whichever level this is.
    n_groups = len(LEVELS) * sum(size >= FEWEST_SCORED for size in sizes.values())
    scores = [_Score(NAN, NAN, False, "")] * of_sample.size
    for name, size in sizes.items():
        members = np.flatnonzero(of_sample == name)
        cut = NAN
        if size >= FEWEST_SCORED:
            cut = outlier_cut(size, n_groups=n_groups) if below is None else below
        found = outlier_scores(r[np.ix_(members, members)], below=cut)
        reason = f"{found.reason} in group {name}" if found.reason and name else found.reason
        for place, row in enumerate(members):
            flagged = bool(found.flagged[place])
            scores[row] = _Score(float(found.score[place]), cut, flagged, reason)
    return scores


def signal(
    expression: AnnData,
    *,
    grouping: str = keys.CONDITION,
    threshold: float = THRESHOLD,
    pseudocount: float = 1.0,
) -> None:
    """Compute Quartet's signal-to-noise ratio between groups of samples.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``.
    grouping
        Column of obs with the groups.
    threshold
        A feature is detected if its mean TPM in at least one group reaches this value.
    pseudocount
        c of log2(TPM + c).

    Returns
    -------
    Nothing; the result is the table ``signal`` (:class:`~lotwise.evidence.signal.SignalRecord`).
    ``obsm["X_lotwise_snr"]`` contains the components on which the ratio is based (samples x 2).

    Raises
    ------
    InputError
        No layer ``tpm``, no such column, or a sample without a group.

    References
    ----------
    Yu et al. 2023, 10.1038/s41587-023-01867-9.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.signal(gene, grouping="batch")
    >>> gene.uns["lotwise"]["signal"]["reason"].tolist()
    ['group lot1 has one sample, but two or more are needed']
    """
    tpm = tpm_of(expression)
    groups = np.array(groups_of(expression, grouping))
    names = list(dict.fromkeys(groups))
    detected = np.zeros(expression.n_vars, dtype=bool)
    for name in names:
        detected |= tpm[groups == name].mean(axis=0) >= threshold
    found = signal_to_noise(log_tpm_of(expression, pseudocount)[:, detected], groups=groups)
    expression.obsm[keys.SNR] = found.scores
    row = SignalRecord(
        grouping=grouping,
        n_groups=len(names),
        n_features=found.n_features,
        snr_db=found.snr_db,
        reason=found.reason,
    )
    store(
        expression,
        SignalRecord.table,
        to_frame([row], SignalRecord),
        {"grouping": grouping, "threshold": threshold, "pseudocount": pseudocount},
    )
