"""Correlation between samples, over all features as in the paper and over detected features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lotwise import keys
from lotwise.errors import InputError, UndefinedWarning, warn
from lotwise.evidence.pairs import PairRecord
from lotwise.expression.features import places_of
from lotwise.expression.given import require_anndata
from lotwise.expression.labels import batches_of, why_not_tpm
from lotwise.expression.layers import tpm_of
from lotwise.files.tables import to_frame
from lotwise.metrics.agreement import Concordance, concordance, concordance_of
from lotwise.metrics.correlation import (
    average_ranks,
    dense_ranks,
    pearson,
    pearson_matrix,
    ranks,
)
from lotwise.metrics.feature_sets import (
    DETECTED,
    FEATURE_SETS,
    MIN_COUNTS,
    THRESHOLD,
    feature_sets,
)
from lotwise.metrics.moments import (
    FloatArray,
    IntArray,
    standardise_with_sd,
    standardised_correlation,
    why_undefined,
)
from lotwise.progress import progress
from lotwise.tl.agreement import counts_by_sample, why_no_counts
from lotwise.tl.design import warn_of_design
from lotwise.tl.pairs import Pair, chosen_rows, in_words, pairs_of, store
from lotwise.tl.reuse import kept_results
from lotwise.workers import in_threads

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


OwnSets = Mapping[str, Sequence[str] | npt.NDArray[np.bool_]]


def correlate(
    expression: AnnData,
    *,
    pseudocount: float = 1.0,
    threshold: float = THRESHOLD,
    min_counts: float = MIN_COUNTS,
    sets: Sequence[str] | OwnSets = FEATURE_SETS,
    layer: str = keys.TPM,
) -> None:
    """Correlate every pair of samples over all features and over each feature set.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``, and ``counts`` if available.
    pseudocount
        c of log2(TPM + c), > 0; the paper uses 1.
    threshold
        Smallest TPM of a detected feature.
    min_counts
        Smallest count of a feature in ``counted_both``.
    sets
        Names from :data:`~lotwise.metrics.feature_sets.FEATURE_SETS`, with ``all`` first. Or a
        mapping from the names of your own sets to lists of features (identifiers or symbols) or to
        masks over ``var``. R over all features is then computed first.
    layer
        The layer to correlate, on a linear scale. Its values also decide which features are
        detected.

    Returns
    -------
    Nothing; ``obsp["pearson"]`` and ``obsp["spearman"]`` are the square matrices over all
    features. ``uns["lotwise"]["pairs"]`` has one row per pair and feature set
    (:class:`~lotwise.evidence.pairs.PairRecord`; :func:`lotwise.get.pairs`). Undefined values are
    NaN, with a reason in the table.

    Raises
    ------
    InputError
        No layer ``tpm``, a parameter is out of range, or there are fewer than two samples.

    References
    ----------
    Bloor et al. 2020, Nature Medicine 26:1720, Extended Data Figs 1 and 2.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.correlate(gene)
    >>> lotwise.get.matrix(gene).round(3).values.tolist()
    [[1.0, 0.991, 0.986], [0.991, 1.0, 0.985], [0.986, 0.985, 1.0]]
    """
    require_anndata(expression)
    own = _own_sets(expression, sets) if isinstance(sets, Mapping) else {}
    sets = ["all", *own] if isinstance(sets, Mapping) else sets
    _check_parameters(expression, pseudocount=pseudocount, sets=sets, own=own)
    arrays = _Arrays.of(expression, pseudocount, layer=layer, own=own)
    expression.obsp[keys.PEARSON] = arrays.pearson
    expression.obsp[keys.SPEARMAN] = arrays.spearman
    chosen = chosen_rows(expression)
    listed = None if chosen is None else set(map(tuple, chosen.tolist()))
    undetected = why_not_tpm(expression, "detection")
    kept = kept_results()
    settings = (pseudocount, threshold, min_counts, tuple(sets), undetected)
    places_of_own = kept.fingerprint(*own.values())
    samples = arrays.samples

    def rows_of(pair: Pair) -> list[PairRecord]:
        a, b = pair.row_a, pair.row_b
        in_detail = listed is None or (a, b) in listed
        if not in_detail or set(sets) == {"all"}:
            return [arrays.short_row(pair, in_detail=in_detail)]
        r = float(arrays.pearson[a, b]), float(arrays.spearman[a, b])
        without = why_no_counts(pair, arrays.counts)
        return kept.get(
            ("pairs", settings, places_of_own, pair, *r, without, samples[a], samples[b]),
            lambda: detailed_rows_of(pair, without),
        )

    def detailed_rows_of(pair: Pair, without: str) -> list[PairRecord]:
        rows: list[PairRecord] = []
        both_zero = (arrays.tpm[pair.row_a] == 0) & (arrays.tpm[pair.row_b] == 0)
        for name, places in arrays.sets(pair, threshold=threshold, min_counts=min_counts):
            if name not in sets:
                continue
            if undetected and name in DETECTED:
                rows.append(arrays.undefined_row(pair, name, undetected))
            else:
                n_double_zero = int(np.count_nonzero(both_zero.take(places)))
                rows.append(arrays.row(pair, name, places, n_double_zero))
        if without and "counted_both" in sets:
            rows.append(arrays.undefined_row(pair, "counted_both", without))
        return rows

    every = list(pairs_of(expression, every=True))
    found = progress(in_threads(rows_of, every), "correlating", unit="pair", total=len(every))
    table = to_frame(chain.from_iterable(found), PairRecord)
    store(
        expression,
        keys.PAIRS,
        table,
        {
            "pseudocount": pseudocount,
            "threshold": threshold,
            "min_counts": min_counts,
            "feature_sets": list(sets),
            **({} if layer == keys.TPM else {"layer": layer}),
        },
    )
    _warn_of_undefined(table)
    warn_of_design(expression)


@dataclass(frozen=True, eq=False)
class _Arrays:
    """The arrays from which the table is computed; samples x features, counts where known."""

    tpm: FloatArray
    log_tpm: FloatArray
    counts: list[FloatArray | None]
    codes: list[IntArray]
    # What results of each sample are kept under.
    samples: list[bytes]
    pearson: FloatArray
    spearman: FloatArray
    pseudocount: float
    own: Mapping[str, IntArray]

    @classmethod
    def of(
        cls,
        expression: AnnData,
        pseudocount: float,
        *,
        layer: str,
        own: Mapping[str, IntArray],
    ) -> _Arrays:
        tpm = tpm_of(expression, layer)
        log_tpm = np.log2(tpm + pseudocount)
        counts, kept = counts_by_sample(expression), kept_results()
        samples = [kept.fingerprint(*one) for one in zip(tpm, counts, strict=True)]
        ranked, codes = [], []
        for name, sample in zip(samples, tpm[:, np.newaxis], strict=True):
            ranked.append(kept.get(("ranks", name), partial(ranks, sample)))
            codes.append(kept.get(("codes", name), partial(dense_ranks, sample[0])))
        return cls(
            tpm=tpm,
            log_tpm=log_tpm,
            counts=counts,
            codes=codes,
            samples=samples,
            pearson=pearson_matrix(log_tpm),
            spearman=pearson_matrix(np.concatenate(ranked)),
            pseudocount=pseudocount,
            own=own,
        )

    def sets(
        self, pair: Pair, *, threshold: float, min_counts: float
    ) -> Iterator[tuple[str, IntArray]]:
        a, b = pair.row_a, pair.row_b
        yield from feature_sets(
            self.tpm[a],
            self.tpm[b],
            counts_x=self.counts[a],
            counts_y=self.counts[b],
            threshold=threshold,
            min_counts=min_counts,
        )
        yield from self.own.items()

    def row(self, pair: Pair, name: str, places: IntArray, n_double_zero: int) -> PairRecord:
        a, b = pair.row_a, pair.row_b
        if name == "all":
            lin = self._concordance_over_all(a, b)
            r, rho = float(self.pearson[a, b]), float(self.spearman[a, b])
        else:
            lin = concordance(self.log_tpm[a].take(places), self.log_tpm[b].take(places))
            r = rho = lin.pearson
            if not lin.reason:
                rho = pearson(
                    average_ranks(self.codes[a].take(places)),
                    average_ranks(self.codes[b].take(places)),
                )
        return PairRecord(
            **pair.names(),
            feature_set=name,
            n_features=places.size,
            n_double_zero=n_double_zero,
            pseudocount=self.pseudocount,
            pearson=r,
            spearman=rho,
            ccc=lin.ccc,
            reason=in_words(pair, lin.reason),
            in_detail=True,
        )

    def _concordance_over_all(self, a: int, b: int) -> Concordance:
        """Return the concordance over all features, for which each sample is standardised once."""
        x, y = self.log_tpm[a], self.log_tpm[b]
        if why_undefined(x, y):
            return concordance(x, y)
        (standard_x, sd_x), (standard_y, sd_y) = self._standardised[a], self._standardised[b]
        r = standardised_correlation(standard_x, standard_y)
        return concordance_of(r, sd_x=sd_x, sd_y=sd_y, shift=float(np.mean(x - y)))

    @cached_property
    def _standardised(self) -> list[tuple[FloatArray, float]]:
        with np.errstate(invalid="ignore"):  # of constant samples, which are not used
            return [standardise_with_sd(sample) for sample in self.log_tpm]

    @cached_property
    def _double_zeros(self) -> IntArray:
        # Exact in float32 up to 16 million features.
        zero = (self.tpm == 0).astype(np.float32)
        counted: IntArray = (zero @ zero.T).astype(np.intp)
        return counted

    @cached_property
    def _moments(self) -> tuple[FloatArray, FloatArray]:
        return self.log_tpm.mean(axis=1), self.log_tpm.var(axis=1)

    def short_row(self, pair: Pair, *, in_detail: bool) -> PairRecord:
        """Return the row of a pair over all features, from the matrices."""
        a, b = pair.row_a, pair.row_b
        means, variances = self._moments
        r = float(self.pearson[a, b])
        distance = variances[a] + variances[b] + (means[a] - means[b]) ** 2
        defined = not np.isnan(r)
        reason = "" if defined else why_undefined(self.log_tpm[a], self.log_tpm[b])
        return PairRecord(
            **pair.names(),
            feature_set="all",
            n_features=self.tpm.shape[1],
            n_double_zero=int(self._double_zeros[a, b]),
            pseudocount=self.pseudocount,
            pearson=r,
            spearman=float(self.spearman[a, b]),
            ccc=2 * r * float(np.sqrt(variances[a] * variances[b]) / distance) if defined else r,
            reason=in_words(pair, reason),
            in_detail=in_detail,
        )

    def undefined_row(self, pair: Pair, name: str, reason: str) -> PairRecord:
        nan = float("nan")
        return PairRecord(
            **pair.names(),
            feature_set=name,
            n_features=0,
            n_double_zero=0,
            pseudocount=self.pseudocount,
            pearson=nan,
            spearman=nan,
            ccc=nan,
            reason=reason,
            in_detail=True,
        )


def _own_sets(expression: AnnData, sets: OwnSets) -> dict[str, IntArray]:
    """Return the positions of the features of each set of the user."""
    found: dict[str, IntArray] = {}
    for name, given in sets.items():
        if name in FEATURE_SETS:
            raise InputError(
                f"{name!r} is the name of a built-in feature set",
                remedy="choose another name for yours",
            )
        values = np.asarray(given)
        if values.dtype == bool:
            if values.shape != (expression.n_vars,):
                raise InputError(
                    f"the mask of {name!r} has {values.size:,} values, but the AnnData "
                    f"has {expression.n_vars:,} features"
                )
            found[name] = np.flatnonzero(values)
        else:
            places = places_of(expression, [str(one) for one in values])
            found[name] = np.unique(np.fromiter(places.values(), dtype=np.intp))
    return found


def _check_parameters(
    expression: AnnData, *, pseudocount: float, sets: Sequence[str], own: Mapping[str, IntArray]
) -> None:
    if expression.n_obs < 2:
        raise InputError(f"a correlation needs at least 2 samples, got {expression.n_obs}")
    names = expression.obs_names
    if not names.is_unique:
        raise InputError(
            f"{names[names.duplicated()][0]!r} is the name of two samples",
            remedy="give each sample a name of its own, for example by obs_names_make_unique",
        )
    batches_of(expression)
    if not pseudocount > 0:
        raise InputError(
            f"pseudocount must be > 0, got {pseudocount}",
            remedy="log2(0) is not defined; lotwise.tl.replicate_qc needs no pseudo-count",
        )
    unknown = [name for name in sets if name not in FEATURE_SETS and name not in own]
    if unknown:
        raise InputError(
            f"unknown feature set {unknown[0]!r}", remedy=f"choose from {', '.join(FEATURE_SETS)}"
        )


def _warn_of_undefined(table: pd.DataFrame) -> None:
    undefined = table[(table["feature_set"] == "all") & table["pearson"].isna()]
    if len(undefined):
        first = undefined.iloc[0]
        warn(
            f"R is not defined for {len(undefined)} of "
            f"{(table['feature_set'] == 'all').sum()} pairs, for example {first['sample_a']} "
            f"and {first['sample_b']}: {first['reason']}",
            UndefinedWarning,
        )
