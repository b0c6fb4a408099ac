"""Titration of acceptance criteria: which share of another profile would they let through?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from lotwise import keys
from lotwise.acceptance import TablesInMemory, judge_tables, read_criteria
from lotwise.acceptance.criteria import OVERALL
from lotwise.acceptance.files import CriteriaFile
from lotwise.acceptance.judgement import Outcome
from lotwise.acceptance.outdated import AGAIN, EARLIER
from lotwise.acceptance.reading import SHEET_LABELS, TablesOnDisk, other_labels
from lotwise.acceptance.titrated import (
    BLIND,
    OWN,
    TitrationCurveRecord,
    TitrationRecord,
    titration_sentence,
)
from lotwise.config import CorrelationConfig, EvidenceConfig
from lotwise.errors import InputError
from lotwise.evidence.catalogue import tables
from lotwise.expression.comparability import invalid_comparisons
from lotwise.expression.given import kind_of, require_levels
from lotwise.expression.labels import batches_of, require_tpm
from lotwise.expression.noted import noted
from lotwise.files.tables import to_frame
from lotwise.keys import Level
from lotwise.metrics.moments import FloatArray
from lotwise.metrics.titration import SHARES, caught_share, mix_profile
from lotwise.run.comparison import correlate
from lotwise.run.profile import ExpressionProfile
from lotwise.tl.reuse import Kept, reusing
from lotwise.tree import SAMPLES, ResultTree
from lotwise.wording import percent
from lotwise.workers import limit_threads

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

N_REPEATS: Final = 3
_WHY_NONE: Final[dict[Outcome, str]] = {
    "fail": "it fails even if nothing is mixed in",
    "not assessable": "it is not assessable even if nothing is mixed in",
}


class Titration(NamedTuple):
    """The smallest shares detected (:class:`TitrationRecord`), and the curves."""

    table: pd.DataFrame
    curve: pd.DataFrame

    def sentence(self) -> str:
        """Return what the whole verdict would have passed, in one sentence."""
        return titration_sentence(self.table.to_dict("records"))


def titrate(
    expression: Mapping[Level, AnnData],
    criteria: CriteriaFile | Path | str,
    *,
    profile: ExpressionProfile,
    evidence: EvidenceConfig | None = None,
    correlation: CorrelationConfig | None = None,
    shares: Sequence[float] = SHARES,
    n_repeats: int = N_REPEATS,
    seed: int = 0,
    threads: int = 2,
) -> Titration:
    """Find the smallest share of a profile that each criterion and the whole verdict detect.

    Each batch in turn has a share of the profile mixed into all its samples, and its counts are
    drawn again at its own depth. The profile is not mixed into a batch that it is from. The tables
    that the criteria use are computed again, and the criteria are judged. The share is searched by
    bisection, since larger shares are detected more often.

    Parameters
    ----------
    expression
        Samples x features by level.
    criteria
        A file of criteria, the name of built-in ones, or criteria that were read.
    profile
        Expression profile to mix in, from :func:`lotwise.profile_of`.
    evidence, correlation
        Settings of the tables.
    shares
        Shares to try, increasing, in (0, 1].
    n_repeats
        Number of repeats, each with newly drawn counts.
    seed
        Random seed; every batch and repeat has a stream of its own.
    threads
        Batches and repeats computed in parallel; the results do not depend on it.

    Returns
    -------
    One row per batch and criterion (:class:`TitrationRecord`), and the curves. A criterion
    detects a share if it does not pass; likewise the verdict (``overall``).

    Raises
    ------
    InputError
        The profile has no values for a level that the criteria judge, or it is from all batches.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> found = lotwise.titrate(
    ...     {"gene": gene}, "encode_isogenic", profile=lotwise.profile_of({"gene": gene},
    ...     sample="lot1"), shares=(0.1, 0.5), n_repeats=1,
    ... )
    >>> found.table["criterion"].unique().tolist()
    ['overall', ...]
    >>> figure = lotwise.pl.titration(found.curve)
    """
    if not isinstance(criteria, CriteriaFile):
        criteria = read_criteria(criteria)
    require_levels(expression)
    if not isinstance(profile, ExpressionProfile):
        raise InputError(
            f"expected a profile of lotwise.profile_of, got {kind_of(profile)}",
            remedy="give the result of lotwise.profile_of",
        )
    first = next(iter(expression.values()))
    require_tpm(first, "titration")
    batches = list(dict.fromkeys(batches_of(first)))
    if profile.own >= {*batches}:
        raise InputError(
            f"{profile.name} is from all batches, so mixing it in shows nothing",
            remedy="give a profile of other cells",
        )
    judged = _Judge(
        expression,
        criteria,
        evidence or EvidenceConfig(),
        correlation or CorrelationConfig(),
    )
    for level in judged.needed:
        # An unchanged level would pass with any share, as if the criteria were insensitive.
        if level not in profile.tpm:
            raise InputError(
                f"the criteria use the level {level!r}, at which {profile.name} has no TPM",
                remedy="give a profile of isoforms; TPM of genes are computed from it"
                if level == "gene"
                else "give TPM of isoforms",
            )
    kept = Kept()
    with reusing(kept):
        untouched = judged({level: _copied(data) for level, data in expression.items()})
    passing = [name for name, outcome in untouched.items() if outcome == "pass"]
    streams = np.random.SeedSequence(seed).spawn(len(batches) * n_repeats)
    jobs = [
        (batch, streams[at * n_repeats + repeat])
        for at, batch in enumerate(batches)
        if batch not in profile.own
        for repeat in range(n_repeats)
    ]

    def caught_by(job: tuple[str, np.random.SeedSequence]) -> dict[str, list[bool]]:
        batch, stream = job

        def caught_at(share: float) -> dict[str, bool]:
            # The same random stream at every share, so that only the share differs.
            rng = np.random.default_rng(stream)
            outcomes = judged(_contaminated(expression, batch, profile, share, rng))
            return {name: outcome != "pass" for name, outcome in outcomes.items()}

        # Jobs are the threads. All but one batch stay as they are, so their results are reused.
        with limit_threads(1), reusing(kept.closed()):
            return _search(caught_at, shares, passing)

    # One BLAS thread each, so that digits do not depend on the number of workers.
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(caught_by, jobs))
    of_batch: dict[str, list[dict[str, list[bool]]]] = {batch: [] for batch in batches}
    for (batch, _), answer in zip(jobs, answers, strict=True):
        of_batch[batch].append(answer)
    rows = [
        _row(
            batch,
            name,
            of={"profile": profile.name, "criteria_sha256": criteria.criteria.sha256},
            shares=shares,
            repeats=[one[name] for one in of_batch[batch] if name in one],
            why_none=OWN if batch in profile.own else _WHY_NONE.get(outcome, ""),
        )
        for batch in batches
        for name, outcome in untouched.items()
    ]
    points = [
        TitrationCurveRecord(
            criterion=name,
            profile=profile.name,
            share=share,
            caught=float(np.mean([one[name][at] for one in answers])),
            n_mixtures=len(answers),
        )
        for name in untouched
        if all(name in one for one in answers)
        for at, share in enumerate(shares)
    ]
    return Titration(to_frame(rows, TitrationRecord), to_frame(points, TitrationCurveRecord))


def refuse_other_labels(expression: Mapping[Level, AnnData], root: Path) -> None:
    """Refuse expression of a results folder that has other samples or labels than its sheet.

    Raises
    ------
    InputError
        The sheet was changed after the expression was read.
    """
    compared = TablesOnDisk(root).compared()
    for level, data in expression.items():
        labels = data.obs.reindex(columns=[name for name in SHEET_LABELS if name in data.obs])
        rows = labels.astype(object).where(labels.notna(), "").rename_axis("sample").reset_index()
        changed = other_labels(rows.to_dict("records"), compared) if compared else ""
        if not changed and compared and {*rows["sample"]} != {*compared}:
            changed = f"it does not contain the same samples as {SAMPLES}"
        if changed:
            path = ResultTree(root).h5ad(level)
            raise InputError(f"is {EARLIER}: {changed}", path=path, remedy=AGAIN)


def _search(
    caught_at: Callable[[float], dict[str, bool]], shares: Sequence[float], names: Sequence[str]
) -> dict[str, list[bool]]:
    """Return at which shares each name detects the mixture, by bisection for all names at once."""
    # Index of the smallest share known to be detected, and of the largest known to pass.
    caught = dict.fromkeys(names, len(shares))
    passed = dict.fromkeys(names, -1)
    while True:
        open_ = [name for name in names if caught[name] - passed[name] > 1]
        if not open_:
            break
        at = (caught[open_[0]] + passed[open_[0]]) // 2
        answers = caught_at(shares[at])
        for name in names:
            if passed[name] < at < caught[name]:
                if answers[name]:
                    caught[name] = at
                else:
                    passed[name] = at
    return {name: [at >= caught[name] for at in range(len(shares))] for name in names}


def _row(
    batch: str,
    name: str,
    *,
    of: Mapping[str, str],
    shares: Sequence[float],
    repeats: Sequence[Sequence[bool]],
    why_none: str,
) -> TitrationRecord:
    if not repeats:
        return TitrationRecord(
            batch=batch,
            criterion=name,
            **of,
            caught_from=np.nan,
            earliest=np.nan,
            passed=np.nan,
            n_repeats=0,
            reason=why_none,
        )
    found = caught_share(repeats, shares=shares)
    never = not np.isfinite(found.earliest)
    return TitrationRecord(
        batch=batch,
        criterion=name,
        **of,
        caught_from=found.share,
        earliest=found.earliest,
        passed=found.passed,
        n_repeats=len(repeats),
        reason=f"{BLIND} {percent(shares[-1])} mixed in" if never else "",
    )


def _contaminated(
    expression: Mapping[Level, AnnData],
    batch: str,
    profile: ExpressionProfile,
    share: float,
    rng: np.random.Generator,
) -> dict[Level, AnnData]:
    mixed: dict[Level, AnnData] = {}
    for level, data in expression.items():
        made = _copied(data)
        of_level = profile.tpm.get(level)
        if of_level is not None:
            for at in np.flatnonzero(np.asarray(batches_of(data)) == batch):
                counts, lengths = _counted(data, int(at))
                one = mix_profile(
                    np.asarray(data.layers[keys.TPM][at]),
                    of_level,
                    share=share,
                    counts=counts,
                    lengths=lengths,
                    rng=rng,
                )
                made.layers[keys.TPM][at] = one.tpm
                made.X[at] = np.log2(one.tpm + 1)
                if one.counts is not None:
                    made.layers[keys.COUNTS][at] = one.counts
                    made.obs.iloc[int(at), made.obs.columns.get_loc(keys.TOTAL_COUNTS)] = (
                        one.counts.sum()
                    )
        mixed[level] = made
    return mixed


def _copied(data: AnnData) -> AnnData:
    """Return a copy whose values and results can change; bootstraps and features are shared."""
    from anndata import AnnData

    return AnnData(
        data.X.copy(),
        obs=data.obs.copy(),
        var=data.var,
        layers={
            name: layer if name == keys.LENGTH else layer.copy()
            for name, layer in data.layers.items()
            if name
        },
        uns={
            keys.LOTWISE: {
                name: dict(one) if isinstance(one, Mapping) else one
                for name, one in noted(data).items()
            }
        },
    )


def _counted(data: AnnData, at: int) -> tuple[FloatArray | None, FloatArray | None]:
    """Return counts and lengths of a sample; None if they are unknown for some feature."""
    if keys.COUNTS not in data.layers or keys.LENGTH not in data.layers:
        return None, None
    counts = np.asarray(data.layers[keys.COUNTS][at], dtype=np.float64)
    lengths = np.asarray(data.layers[keys.LENGTH][at], dtype=np.float64)
    known = np.isfinite(counts).all() and np.isfinite(lengths).all()
    return (counts, lengths) if known else (None, None)


class _Judge:
    """Compute the tables that criteria use, and judge them."""

    def __init__(
        self,
        expression: Mapping[Level, AnnData],
        criteria: CriteriaFile,
        evidence: EvidenceConfig,
        correlation: CorrelationConfig,
    ) -> None:
        self.criteria, self.evidence, self.correlation = criteria, evidence, correlation
        self.needed: dict[Level, set[str]] = {}
        for criterion in criteria.criteria.criteria:
            for level, measure in criterion.measures():
                if level in expression:
                    self.needed.setdefault(level, set()).add(measure.table)

    def __call__(self, expression: Mapping[Level, AnnData]) -> dict[str, Outcome]:
        """Return the outcome of the whole verdict and of each criterion that decides."""
        made = {
            level: dict(self._tables(expression[level], names))
            for level, names in self.needed.items()
        }
        invalid = [one for data in expression.values() for one in invalid_comparisons(data)]
        verdict = judge_tables(self.criteria, TablesInMemory(made, invalid))
        found: dict[str, Outcome] = {OVERALL: verdict.outcome}
        for one in verdict.assessed:
            # Criteria that decide nothing cannot detect anything and are left out.
            if one.judgement.outcome != "descriptive":
                found[one.criterion.id] = one.judgement.outcome
        return found

    def _tables(self, data: AnnData, names: set[str]) -> Iterator[tuple[str, pd.DataFrame]]:
        from lotwise import get, tl

        context = {
            "expression": data,
            "evidence": self.evidence,
            "correlation": self.correlation,
            # Results in scanpy's keys are judged by no criterion.
            "with_scanpy": False,
        }
        tl.choose_pairs(
            data,
            most_pairs=self.correlation.most_pairs,
            pseudocount=self.correlation.pseudocount,
        )
        known = tables()
        of_correlation = {name for name in names if known[name].folder == "correlation"}
        if of_correlation:
            yield from correlate(data, self.correlation, only=of_correlation).items()
        of_evidence = sorted(names - of_correlation)
        computed = {known[name].statistic.name: known[name].statistic for name in of_evidence}
        for statistic in computed.values():
            if statistic.compute is not None:
                statistic.compute(context)
        for name in of_evidence:
            yield name, get.evidence(data, name)
