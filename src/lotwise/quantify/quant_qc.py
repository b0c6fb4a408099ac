"""Checks after quantification: depth, use of the reads, and complexity.

Even a library with 36 thousand counts has TPM that sum to a million, as have libraries with 20
million. Depth and use of the reads are therefore checked before anything is correlated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lotwise.config import Limits
from lotwise.errors import RefusedError
from lotwise.files.records import Record, column
from lotwise.quantify.reads_qc import leave_out
from lotwise.tree import YIELD
from lotwise.wording import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lotwise.quantify.base import Abundance
    from lotwise.samples import Sample

N_TOP = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Yield(Record):
    """Yield of one sample's reads."""

    table: ClassVar[str] = YIELD
    sample: str = column("name of the sample", heading="sample")
    batch: str = column("batch of the sample", heading="batch")
    quantifier: str = column("kallisto, salmon or rsem", heading="quantifier")
    reads_present: int = column(
        "read pairs, or single reads, counted by the check of reads", heading="reads present"
    )
    reads_processed: int = column("number of these that the quantifier read")
    reads_used: int = column("number of these assigned to transcripts", heading="reads used")
    share_used: float = column(
        "reads_used / reads_present; NaN if none are present",
        heading="fraction used",
        display="percent",
    )
    depth_ratio: float = column(
        "reads_used divided by the median of the other samples; NaN if there is no other",
        heading="depth relative to median of others",
        display="percent",
    )
    complexity: float = column(
        "isoforms expected to be detected at the depth of the smallest library with enough reads; "
        "NaN if no library has enough reads"
    )
    complexity_ratio: float = column(
        "complexity divided by the median of the other samples; NaN if there is no other"
    )
    tpm_sum: float = column("sum of TPM; NaN if a TPM is not a number")
    n_isoforms: int = column("number of isoforms")
    n_detected: int = column("number of isoforms with TPM >= 1", heading="isoforms at TPM 1")
    top_share: float = column("fraction of TPM in the 50 highest isoforms; NaN if all are 0")
    standing: str = column("passed, noted or refused", heading="standing")
    reason: str = column("why the sample is noted or refused; empty if passed", heading="reason")


def judge_yields(
    samples: Sequence[Sample],
    abundances: Mapping[str, Abundance],
    *,
    quantifier: str,
    reads_present: Mapping[str, int],
    limits: Limits | None = None,
) -> list[Yield]:
    """Check every sample's quantification, comparing it with the others.

    Parameters
    ----------
    abundances, reads_present
        By sample name.

    Returns
    -------
    One row per sample. ``refused`` lists every reason. ``noted`` means a depth below a quarter of
    the others' median, or low complexity; such a library is still compared.
    """
    limits = Limits() if limits is None else limits
    used = {sample.sample: float(abundances[sample.sample].n_used) for sample in samples}
    seen = _complexities(abundances, [sample.sample for sample in samples], limits)
    rows = []
    for sample in samples:
        median = _median_of_others(used, sample.sample)
        rows.append(
            _judge(
                sample,
                abundances[sample.sample],
                quantifier=quantifier,
                n_present=reads_present[sample.sample],
                median_of_others=median,
                complexity=seen[sample.sample],
                complexity_of_others=_median_of_others(seen, sample.sample),
                limits=limits,
            )
        )
    return rows


def expected_detected(counts: NDArray[np.float64], depth: float) -> float:
    """Return the number of features expected to be detected at a smaller depth.

    A feature with c of N counts is not detected among ``depth`` drawn counts with probability
    ``(1 - depth / N) ** c`` (rarefaction; Hurlbert 1971, 10.2307/1934145, for large N).

    Parameters
    ----------
    counts
        Estimated counts, shape (n_features,).
    depth
        Number of counts to draw; for a library with fewer, the number detected is returned.

    Examples
    --------
    >>> expected_detected(np.array([50.0, 50.0, 0.0]), 2)
    1.27
    """
    total = float(counts.sum())
    kept = counts[counts > 0]
    if not total > depth:
        return float(kept.size)
    return round(float(-np.expm1(kept * np.log1p(-depth / total)).sum()), 2)


def _complexities(
    abundances: Mapping[str, Abundance], names: Sequence[str], limits: Limits
) -> dict[str, float]:
    """Return the expected isoforms of each sample at the depth of the smallest library."""
    counts = {name: np.nan_to_num(abundances[name].counts) for name in names}
    totals = [float(counts[name].sum()) for name in names]
    sound = [total for total in totals if total >= max(limits.smallest_reads_used, 1)]
    if not sound:
        return dict.fromkeys(names, float("nan"))
    return {name: expected_detected(counts[name], min(sound)) for name in names}


def _median_of_others(values: Mapping[str, float], name: str) -> float:
    others = [value for other, value in values.items() if other != name]
    return float(np.median(others)) if others else float("nan")


def require_usable(rows: Iterable[Yield]) -> None:
    """Raise :class:`RefusedError` naming every refused sample, if there is one."""
    refused = [row for row in rows if row.standing == "refused"]
    if refused:
        named = " | ".join(f"sample {row.sample!r}: {row.reason}" for row in refused)
        raise RefusedError(
            f"{counted(len(refused), 'quantification is', 'quantifications are')} refused: {named}",
            remedy=leave_out(row.sample for row in refused) + ", or sequence these samples again",
        )


def _judge(
    sample: Sample,
    abundance: Abundance,
    *,
    quantifier: str,
    n_present: int,
    median_of_others: float,
    complexity: float,
    complexity_of_others: float,
    limits: Limits,
) -> Yield:
    tpm = abundance.tpm
    tpm_sum = float(tpm.sum())
    share_used = abundance.n_used / n_present if n_present else float("nan")
    ratio = abundance.n_used / median_of_others if median_of_others > 0 else float("nan")
    reasons = [
        *_faults_of_tpm(abundance),
        *_faults_of_use(abundance, n_present, share_used, limits),
    ]
    if ratio < limits.smallest_depth_ratio:
        reasons.append(
            f"{abundance.n_used:,} reads are used, {ratio:.2g} times the other samples' median "
            f"({median_of_others:,.0f}), required >= {limits.smallest_depth_ratio:g}"
        )
    variety = complexity / complexity_of_others if complexity_of_others > 0 else float("nan")
    few = (
        f"low complexity: {complexity:,.0f} isoforms at equal depth, {variety:.2g} times the "
        f"other samples' median ({complexity_of_others:,.0f})"
    )
    if variety < limits.smallest_complexity_ratio:
        reasons.append(f"{few}, required >= {limits.smallest_complexity_ratio:g}")
    note = ""
    if not reasons and variety < limits.noted_complexity_ratio:
        note = few
    elif not reasons and ratio < limits.noted_depth_ratio:
        note = f"shallow: {abundance.n_used:,} reads are used, {ratio:.2g} times the others' median"
    top = np.sort(tpm)[-N_TOP:].sum() / tpm_sum if tpm_sum > 0 else float("nan")
    return Yield(
        sample=sample.sample,
        batch=sample.batch,
        quantifier=quantifier,
        reads_present=n_present,
        reads_processed=abundance.n_processed,
        reads_used=abundance.n_used,
        share_used=share_used,
        depth_ratio=ratio,
        complexity=complexity,
        complexity_ratio=variety,
        tpm_sum=tpm_sum,
        n_isoforms=tpm.size,
        n_detected=int((tpm >= 1).sum()),
        top_share=float(top),
        standing="refused" if reasons else "noted" if note else "passed",
        reason="; ".join(reasons) or note,
    )


def _faults_of_tpm(abundance: Abundance) -> Iterable[str]:
    n_unknown = int((~np.isfinite(abundance.tpm)).sum())
    if n_unknown:
        yield f"{n_unknown:,} TPM are not a number"
    elif not abundance.tpm.any():
        yield "all TPM are 0"
    elif abs(abundance.tpm.sum() - 1e6) > 1e3:
        yield f"TPM sum to {abundance.tpm.sum():,.0f}, but must sum to a million"


def _faults_of_use(
    abundance: Abundance, n_present: int, share_used: float, limits: Limits
) -> Iterable[str]:
    if abundance.n_processed != n_present:
        yield f"{n_present:,} reads are present, but {abundance.n_processed:,} were processed"
    if not share_used >= limits.smallest_share_used:
        yield (
            f"{abundance.n_used:,} of {n_present:,} reads are used, a fraction of "
            f"{share_used:.2g}, required >= {limits.smallest_share_used:g} "
            "(another species, another reference or the wrong strand?)"
        )
    if abundance.n_used < limits.smallest_reads_used:
        yield f"{abundance.n_used:,} reads are used, required >= {limits.smallest_reads_used:,}"
