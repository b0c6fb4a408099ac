"""Noise ceilings: the highest R that measurement noise allows."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

import numpy as np

from lotwise import keys
from lotwise.errors import InputError
from lotwise.evidence.ceilings import FROM_DONORS, CeilingRecord
from lotwise.expression.labels import donor_groups, name_groups, replicate_groups
from lotwise.expression.layers import bootstraps_of, layer_of, log_tpm_of, tpm_of
from lotwise.expression.noted import noted
from lotwise.files.tables import to_frame
from lotwise.keys import Level
from lotwise.metrics.ceiling import (
    Reliability,
    ReplicateReliability,
    bootstrap_reliability,
    halves_reliability,
    noise_ceiling,
    replicate_reliabilities,
    thinning_reliability,
)
from lotwise.metrics.moments import (
    BoolArray,
    FloatArray,
    standardise_samples,
    standardised_correlation,
    why_undefined,
)
from lotwise.tl.agreement import counts_by_sample
from lotwise.tl.pairs import pairs_of, store
from lotwise.tl.reuse import kept_results
from lotwise.workers import in_threads

if TYPE_CHECKING:
    from anndata import AnnData

CeilingMethod = Literal["thinning", "halves", "bootstraps", "replicates"]
Noise = Literal["counting", "quantification", "preparation"]
NOISE_OF: Final[dict[CeilingMethod, Noise]] = {
    "thinning": "counting",
    "halves": "quantification",
    "bootstraps": "quantification",
    "replicates": "preparation",
}
OWN_CEILING: Final = "the ceiling is computed from this batch's own R"
NO_THINNING: Final = "thinned counts lack the noise of assigning reads to isoforms"
NAN: Final = float("nan")
_SOURCES: Final[dict[CeilingMethod, str]] = {
    "thinning": "randomly thinned counts of each sample",
    "halves": "halves and quarters of the reads, quantified separately",
    "bootstraps": "bootstraps of the quantifier",
    "replicates": "replicates of the same batch and condition",
}


class _Source(NamedTuple):
    """Reliability of a sample; ``is_own`` where it is computed from R within its own group."""

    reliability: float
    words: str
    reason: str
    is_own: bool = False


def ceilings(
    expression: AnnData,
    *,
    methods: tuple[CeilingMethod, ...] | None = None,
    pseudocount: float = 1.0,
    seed: int = 0,
) -> None:
    """Compute R, its ceiling and their ratio for every pair, once per kind of noise.

    There are three kinds of noise, and each gives its own ceiling:

    - Counting noise comes from sampling reads. It is estimated by thinning the counts (genes).
    - Quantification noise comes from sampling reads and assigning them to isoforms. It is estimated
      from halves and quarters of the reads, quantified separately, or from the quantifier's
      bootstraps (isoforms).
    - Preparation noise comes from the library and the culture, and includes the other two kinds. It
      is estimated from replicates of one batch and condition.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``. ``thinning`` needs the layers ``counts`` and
        ``length``. ``halves`` needs the halves and quarters that `lotwise quantify` writes.
        ``bootstraps`` and ``replicates`` need bootstraps and replicates.
    methods
        Methods to use; a method without data gives NaN with a reason. For genes, ``None`` means
        thinning and replicates. For isoforms, ``None`` means replicates and halves. If
        a sample has no halves, ``None`` means replicates and bootstraps.
    pseudocount
        c of log2(TPM + c).
    seed
        Random seed.

    Returns
    -------
    Nothing; the result is the table ``ceilings``
    (:class:`~lotwise.evidence.ceilings.CeilingRecord`). With the method ``replicates``, R within
    a batch gives the ceiling of this batch. Pairs within this batch then have no ratio of R to
    ceiling. The replicates of a batch can disagree more than those of other batches. The ceiling of
    this batch is then computed from R within the other batches,
    and ``source`` states this. If the samples of a batch come from different donors (column
    ``donor`` of obs), the ceiling contains the differences between donors, and ``source`` states
    this, too.

    Raises
    ------
    InputError
        No layer ``tpm``, an unknown method, or a pseudo-count that is not > 0.

    References
    ----------
    Spearman 1904; Saccenti et al. 2020, 10.1038/s41598-019-57247-4.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.ceilings(gene)
    >>> table = gene.uns["lotwise"]["ceilings"]
    >>> table.loc[table["method"] == "replicates", "reason"].unique().tolist()
    ['the reliability of a sample is unknown: fewer than two replicates']
    """
    level: Level = noted(expression).get(keys.LEVEL, "gene")
    methods = _default_methods(expression, level) if methods is None else methods
    known = get_args(CeilingMethod)
    for method in methods:
        if method not in known:
            raise InputError(f"unknown method {method!r}", remedy=f"choose from {', '.join(known)}")
    log_tpm = log_tpm_of(expression, pseudocount)
    rng = np.random.default_rng(seed)
    by_method = {
        method: _sources(expression, log_tpm, method, pseudocount=pseudocount, rng=rng)
        for method in methods
    }
    standardised = standardise_samples(log_tpm)
    of_pair = {
        pair: NAN
        if why_undefined(log_tpm[pair.row_a], log_tpm[pair.row_b])
        else standardised_correlation(standardised[pair.row_a], standardised[pair.row_b])
        for pair in pairs_of(expression)
    }
    rows = []
    for method, found in by_method.items():
        for pair, r in of_pair.items():
            rel_a, rel_b = found[pair.row_a], found[pair.row_b]
            top = noise_ceiling(r, reliability_x=rel_a.reliability, reliability_y=rel_b.reliability)
            why = rel_a.reason or rel_b.reason
            reason = f"{top.reason}: {why}" if why else top.reason
            if rel_a.is_own and pair.relation == "within" and not reason:
                # The R of this pair is one of those that give the ceiling.
                top, reason = top._replace(ratio=NAN), OWN_CEILING
            rows.append(
                CeilingRecord(
                    **pair.names(),
                    noise=NOISE_OF[method],
                    method=method,
                    source="; ".join(dict.fromkeys([rel_a.words, rel_b.words])),
                    pearson=top.pearson,
                    ceiling=top.ceiling,
                    ratio=top.ratio,
                    reliability_a=rel_a.reliability,
                    reliability_b=rel_b.reliability,
                    reason=reason,
                )
            )
    store(
        expression,
        CeilingRecord.table,
        to_frame(rows, CeilingRecord),
        {"methods": list(methods), "pseudocount": pseudocount, "seed": seed},
    )


def _sources(
    expression: AnnData,
    log_tpm: FloatArray,
    method: CeilingMethod,
    *,
    pseudocount: float,
    rng: np.random.Generator,
) -> list[_Source]:
    """Return the reliability of every sample, its source, and why it is NaN."""
    if method == "replicates":
        return _by_replicates(expression, log_tpm)
    if method == "halves":
        found = _by_halves(expression, pseudocount)
    elif method == "bootstraps":
        found = _by_bootstraps(expression, log_tpm, pseudocount)
    else:
        found = _by_counts(expression, pseudocount=pseudocount, rng=rng)
    return [_Source(one.reliability, _SOURCES[method], one.reason) for one in found]


def _by_replicates(expression: AnnData, log_tpm: FloatArray) -> list[_Source]:
    groups = replicate_groups(expression)
    names = dict(zip(groups, name_groups(groups), strict=True))
    of_donors = {names[group] for group in donor_groups(expression)}
    labels = np.empty(expression.n_obs, dtype=object)
    for group, rows in groups.items():
        labels[rows] = names[group]
    found = replicate_reliabilities(log_tpm, groups=labels)
    return [
        _Source(
            one.reliability,
            _replicate_source(label, one, of_donors=of_donors),
            one.reason,
            is_own=not one.disagree,
        )
        for one, label in zip(found, labels, strict=True)
    ]


def _replicate_source(
    label: str, found: ReplicateReliability, *, of_donors: Collection[str]
) -> str:
    """Return what a reliability was computed from; ``of_donors`` are batches of several donors."""
    if not found.disagree:
        one_batch = f"samples of one batch and condition, {FROM_DONORS}"
        return one_batch if label in of_donors else _SOURCES["replicates"]
    own = "samples" if label in of_donors else "replicates"
    others = "replicates of other batches"
    if {*of_donors} - {label}:
        others = f"samples of other batches, {FROM_DONORS}"
    return f"{others}; {own} of {label} disagree (R {found.of_group:.4f})"


def _default_methods(expression: AnnData, level: Level) -> tuple[CeilingMethod, ...]:
    """Return the methods of a level.

    Thinned counts give no ceiling for isoforms: where two libraries had the same truth, R over the
    ceiling was .935, because assigning reads to isoforms adds noise that thinning does not include.
    Bootstraps resample one fit and give a ceiling that is too high, so halves go before them.
    """
    if level == "gene":
        return "thinning", "replicates"
    stored = noted(expression).get(keys.HALVES, {})
    has_halves = all(sample in stored for sample in expression.obs_names)
    return "halves" if has_halves else "bootstraps", "replicates"


def _by_halves(expression: AnnData, pseudocount: float) -> list[Reliability]:
    stored = noted(expression).get(keys.HALVES, {})
    n_halves = sum(name.startswith("half") for name in keys.PARTS)
    found = []
    for sample in expression.obs_names:
        if sample not in stored:
            found.append(Reliability(NAN, "the reads were not quantified in halves"))
            continue
        parts = np.asarray(stored[sample], dtype=np.float64)
        if parts.shape[1] != expression.n_vars:
            found.append(Reliability(NAN, "the halves have other features than the sample"))
            continue
        log_tpm = np.log2(parts + pseudocount)
        found.append(halves_reliability(log_tpm[:n_halves], quarters=log_tpm[n_halves:]))
    return found


def _by_bootstraps(
    expression: AnnData, log_tpm: FloatArray, pseudocount: float
) -> list[Reliability]:
    found = []
    for row, sample in enumerate(expression.obs_names):
        draws = bootstraps_of(expression, sample)
        found.append(
            Reliability(NAN, "the quantification has no bootstraps")
            if draws is None
            else bootstrap_reliability(log_tpm[row], bootstraps=np.log2(draws + pseudocount))
        )
    return found


def _by_counts(
    expression: AnnData, *, pseudocount: float, rng: np.random.Generator
) -> list[Reliability]:
    if noted(expression).get(keys.LEVEL) == "isoform":
        return [Reliability(NAN, NO_THINNING)] * expression.n_obs
    lengths = (
        np.asarray(layer_of(expression, keys.LENGTH), dtype=np.float64)
        if keys.LENGTH in expression.layers
        else np.full(expression.shape, np.nan)
    )
    tpm = tpm_of(expression)
    counts, streams = counts_by_sample(expression), rng.spawn(expression.n_obs)
    kept = kept_results()

    def thin(row: int) -> Reliability:
        is_silent, stream = tpm[row] == 0, streams[row]
        sample = kept.fingerprint(counts[row], lengths[row], is_silent)
        return kept.get(
            ("thinning", pseudocount, str(stream.bit_generator.state), sample),
            lambda: _by_thinning(
                counts[row],
                lengths[row],
                is_silent=is_silent,
                rng=stream,
                pseudocount=pseudocount,
            ),
        )

    return list(in_threads(thin, range(expression.n_obs)))


def _by_thinning(
    counts: FloatArray | None,
    lengths: FloatArray,
    *,
    is_silent: BoolArray,
    rng: np.random.Generator,
    pseudocount: float,
) -> Reliability:
    if counts is None or np.isnan(lengths).all():
        return Reliability(NAN, "there are no counts and lengths")
    known = np.where(lengths > 0, lengths, np.nan)
    # RSEM gives transcripts shorter than the fragments a count, but no length and a TPM of 0.
    counts = np.where(is_silent & np.isnan(known), 0.0, counts)
    if ((counts >= 0.5) & np.isnan(known)).any():
        return Reliability(NAN, "features with counts and TPM have no length")
    return thinning_reliability(counts, lengths=known, rng=rng, pseudocount=pseudocount)
