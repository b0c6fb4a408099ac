"""Titration of acceptance criteria: which share of another profile would they let through?"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from lotwise import keys
from lotwise.acceptance import judge
from lotwise.acceptance.criteria import OVERALL
from lotwise.acceptance.files import CriteriaFile
from lotwise.config import CorrelationConfig, EvidenceConfig
from lotwise.errors import InputError
from lotwise.evidence.catalogue import tables
from lotwise.expression.labels import batches_of, labels_of, require_tpm
from lotwise.files.records import Record, column
from lotwise.files.tables import to_frame, write_table
from lotwise.keys import Level
from lotwise.metrics.moments import FloatArray
from lotwise.metrics.titration import SHARES, caught_share, mix_profile
from lotwise.tree import ResultTree
from lotwise.wording import nearest

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

N_REPEATS: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class TitrationRecord(Record):
    """The smallest share of a profile that a criterion detects in a batch."""

    table: ClassVar[str] = "titration.tsv"
    batch: str = column("batch into which the profile was mixed")
    criterion: str = column("id of the criterion, or overall for the verdict")
    profile: str = column("profile that was mixed in")
    caught_from: float = column(
        "smallest share tried from which on every repeat is detected; NaN where there is none"
    )
    earliest: float = column("smallest share tried from which on any repeat is detected")
    passed: float = column("largest share tried that passes in some repeat")
    n_repeats: int = column("repeats, each with newly drawn counts")
    reason: str = column("why there is no share; empty otherwise")


@dataclass(frozen=True, kw_only=True, slots=True)
class TitrationCurveRecord(Record):
    """How often a criterion detects a share of a profile: a point of an operating curve."""

    table: ClassVar[str] = "titration_curve.tsv"
    criterion: str = column("id of the criterion, or overall for the verdict")
    profile: str = column("profile that was mixed in")
    share: float = column("share of the profile, as a fraction of all transcripts")
    caught: float = column("fraction of batches and repeats in which it was detected, in [0, 1]")
    n_mixtures: int = column("batches and repeats")


class Titration(NamedTuple):
    """The smallest shares detected (:class:`TitrationRecord`), and the curves."""

    table: pd.DataFrame
    curve: pd.DataFrame

    def sentence(self) -> str:
        """Return what the verdict would have passed, in one sentence."""
        of_verdict = self.table[self.table["criterion"] == OVERALL]
        profile = of_verdict["profile"].iloc[0]
        if (of_verdict["n_repeats"] == 0).all():
            return (
                f"These criteria are not met even without {profile} mixed in, so there is no share "
                "that they would pass."
            )
        passed = float(of_verdict["passed"].max())
        if passed == 0:
            return f"These criteria detected even the smallest share of {profile} that was tried."
        return (
            f"These criteria would have passed a lot with up to {passed:.3g} of {profile} mixed in "
            f"(of the shares tried, with {int(of_verdict['n_repeats'].max())} repeats per batch)."
        ).replace(f"{passed:.3g}", f"{100 * passed:.3g} %")


class Profile(NamedTuple):
    """The profile to mix in: TPM for the features of each level, and its name."""

    name: str
    tpm: Mapping[Level, FloatArray]


def profile_of(
    expression: Mapping[Level, AnnData],
    *,
    sample: str | None = None,
    condition: str | None = None,
    table: Path | None = None,
) -> Profile:
    """Return the profile of a sample, of a condition (mean TPM), or of a table of TPM.

    Parameters
    ----------
    expression
        Samples x features by level.
        One of the three. A table has the features in its first column, and TPM in the column TPM
        or in the second of two columns. Genes of a table of isoforms are sums of their isoforms.

    Raises
    ------
    InputError
        Not exactly one of the three, an unknown name, or a table that shares few features.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> profile_of({"gene": gene}, sample="lot1").name
    'sample lot1'
    """
    if sum(given is not None for given in (sample, condition, table)) != 1:
        raise InputError("give one profile to mix in: a sample, a condition or a table of TPM")
    if table is not None:
        return _profile_of_table(expression, table)
    found: dict[Level, FloatArray] = {}
    for level, data in expression.items():
        tpm = np.asarray(data.layers[keys.TPM], dtype=np.float64)
        if sample is not None:
            chosen = np.asarray(data.obs_names == sample)
            known = data.obs_names.to_list()
        else:
            labels = labels_of(data, keys.CONDITION) if keys.CONDITION in data.obs else []
            chosen = np.asarray([label == condition for label in labels], dtype=bool)
            known = list(dict.fromkeys(labels))
        if not chosen.any():
            wanted, what = (sample, "sample") if sample is not None else (condition, "condition")
            raise InputError(f"there is no {what} {wanted!r}", remedy=nearest(str(wanted), known))
        found[level] = tpm[chosen].mean(axis=0)
    name = f"sample {sample}" if sample is not None else f"condition {condition}"
    return Profile(name, found)


def _profile_of_table(expression: Mapping[Level, AnnData], path: Path) -> Profile:
    import polars as pl

    try:
        read = pl.read_csv(path, separator="\t", infer_schema=False)
        names = read.to_series(0).to_list()
        # A quantifier's own file has lengths in its second column.
        named = [name for name in read.columns if name.lower() == "tpm"]
        column_of_tpm = named[0] if named else read.columns[1]
        if not named and read.width > 2:
            raise InputError(
                f"has {read.width} columns, none of which is called TPM",
                path=path,
                remedy="name the column TPM, or give two columns: feature, TPM",
            )
        values = read[column_of_tpm].cast(pl.Float64).to_list()
    except (OSError, IndexError, pl.exceptions.PolarsError) as error:
        raise InputError(
            f"is not a table of features and TPM ({' '.join(str(error).split())})",
            path=path,
            remedy="give two columns separated by a tab: feature, TPM",
        ) from error
    of_feature = dict(zip(names, values, strict=True))
    found: dict[Level, FloatArray] = {}
    for level, data in expression.items():
        tpm = np.array([of_feature.get(name, 0.0) for name in data.var_names], dtype=np.float64)
        total = sum(value for value in values if value is not None)
        # A table of the other level shares no names; a part of it may be other features.
        if total > 0 and np.nansum(tpm) >= 0.5 * total:
            found[level] = np.nan_to_num(tpm)
    if "isoform" in found and "gene" in expression and "gene" not in found:
        isoform, gene = expression["isoform"], expression["gene"]
        places = gene.var_names.get_indexer(isoform.var[keys.GENE_ID].astype(str))
        known = places >= 0
        found["gene"] = np.bincount(
            places[known], weights=found["isoform"][known], minlength=gene.n_vars
        ).astype(np.float64)
    if not found:
        raise InputError(
            "less than half of its TPM is on features of these samples",
            path=path,
            remedy="quantify the profile with the same annotation",
        )
    return Profile(path.stem, found)


def titrate(
    expression: Mapping[Level, AnnData],
    criteria: CriteriaFile,
    *,
    profile: Profile,
    evidence: EvidenceConfig | None = None,
    correlation: CorrelationConfig | None = None,
    shares: Sequence[float] = SHARES,
    n_repeats: int = N_REPEATS,
    seed: int = 0,
    threads: int = 2,
) -> Titration:
    """Find the smallest share of a profile that each criterion and the whole verdict detect.

    Each batch in turn has a share of the profile mixed into all its samples, and its counts are
    drawn again at its own depth. The tables that the criteria use are computed again, and the
    criteria are judged. The share is searched by bisection, since larger shares are detected more
    often.

    Parameters
    ----------
    expression
        Samples x features by level.
    criteria
        The criteria, from :func:`lotwise.acceptance.read_criteria`.
    profile
        Profile to mix in.
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
    One row per batch and criterion (:class:`TitrationRecord`), and the curves. A criterion detects
    a share if it fails; the verdict (``overall``) detects it if it is not a pass.

    Raises
    ------
    InputError
        The profile has no values for a level that the criteria judge.

    Examples
    --------
    >>> from lotwise.acceptance import read_criteria
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> profile = Profile("one gene", {"gene": np.eye(gene.n_vars)[0] * 1e6})
    >>> titrate(
    ...     {"gene": gene}, read_criteria("encode_isogenic"), profile=profile,
    ...     shares=(0.1, 0.5), n_repeats=1,
    ... ).table["criterion"].unique().tolist()
    ['overall', ...]
    """
    first = next(iter(expression.values()))
    require_tpm(first, "titration")
    batches = list(dict.fromkeys(batches_of(first)))
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
                f"the criteria judge the level {level!r}, for which {profile.name} has no TPM",
                remedy="give a profile of isoforms, since genes are their sums"
                if level == "gene"
                else "give TPM of isoforms",
            )
    untouched = judged(expression)
    passing = [name for name, caught in untouched.items() if not caught]
    streams = np.random.SeedSequence(seed).spawn(len(batches) * n_repeats)
    jobs = [
        (batch, streams[at * n_repeats + repeat])
        for at, batch in enumerate(batches)
        for repeat in range(n_repeats)
    ]

    def caught_by(job: tuple[str, np.random.SeedSequence]) -> dict[str, list[bool]]:
        batch, stream = job

        def caught_at(share: float) -> dict[str, bool]:
            # The same random stream at every share, so that only the share differs.
            rng = np.random.default_rng(stream)
            return judged(_contaminated(expression, batch, profile, share, rng))

        return _search(caught_at, shares, passing)

    # One BLAS thread each, so that digits do not depend on the number of workers.
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(caught_by, jobs))
    of_batch = {
        batch: answers[at * n_repeats : (at + 1) * n_repeats] for at, batch in enumerate(batches)
    }
    rows = [
        _row(
            batch,
            name,
            profile=profile.name,
            shares=shares,
            repeats=[one[name] for one in of_batch[batch] if name in one],
        )
        for batch in batches
        for name in untouched
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
    profile: str,
    shares: Sequence[float],
    repeats: Sequence[Sequence[bool]],
) -> TitrationRecord:
    if not repeats:
        return TitrationRecord(
            batch=batch,
            criterion=name,
            profile=profile,
            caught_from=np.nan,
            earliest=np.nan,
            passed=np.nan,
            n_repeats=0,
            reason="it does not pass even without anything mixed in",
        )
    found = caught_share(repeats, shares=shares)
    never = not np.isfinite(found.earliest)
    return TitrationRecord(
        batch=batch,
        criterion=name,
        profile=profile,
        caught_from=found.share,
        earliest=found.earliest,
        passed=found.passed,
        n_repeats=len(repeats),
        reason=f"it passes with {shares[-1]:.0%} mixed in" if never else "",
    )


def _contaminated(
    expression: Mapping[Level, AnnData],
    batch: str,
    profile: Profile,
    share: float,
    rng: np.random.Generator,
) -> dict[Level, AnnData]:
    mixed: dict[Level, AnnData] = {}
    for level, data in expression.items():
        made = data.copy()
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

    def __call__(self, expression: Mapping[Level, AnnData]) -> dict[str, bool]:
        """Return whether each criterion fails, and whether the whole verdict is not a pass."""
        with tempfile.TemporaryDirectory(prefix="lotwise-") as folder:
            tree = ResultTree(Path(folder))
            for level, names in self.needed.items():
                for name, table in self._tables(expression[level], names):
                    write_table(tree.table(level, name), table)
            verdict = judge(self.criteria, tree.root)
        found = {OVERALL: verdict.outcome != "pass"}
        for one in verdict.assessed:
            # Criteria that decide nothing cannot detect anything and are left out.
            if one.judgement.outcome != "descriptive":
                found[one.criterion.id] = one.judgement.outcome == "fail"
        return found

    def _tables(self, data: AnnData, names: set[str]) -> Iterator[tuple[str, pd.DataFrame]]:
        from lotwise import get, pp, tl

        context = {"expression": data, "evidence": self.evidence, "correlation": self.correlation}
        tl.choose_pairs(
            data,
            most_pairs=self.correlation.most_pairs,
            pseudocount=self.correlation.pseudocount,
        )
        known = tables()
        computed = {known[name].statistic.name: known[name].statistic for name in sorted(names)}
        for statistic in computed.values():
            if statistic.compute is not None:
                statistic.compute(context)
        if "pairs" in names:
            self._correlate(data)
        if "batch_pairs" in names:
            averaged = pp.average_replicates(data)
            self._correlate(averaged)
            yield "batch_pairs", get.evidence(averaged, keys.PAIRS)
        if "replicate_qc" in names:
            tl.replicate_qc(data, threshold=self.correlation.threshold)
        if "contributions" in names:
            tl.contributions(
                data,
                n_largest=self.correlation.n_contributions,
                pseudocount=self.correlation.pseudocount,
            )
        for name in sorted(names - {"batch_pairs"}):
            yield (
                name,
                get.evidence(data, name)
                if known[name].folder == "evidence"
                else getattr(get, name)(data),
            )

    def _correlate(self, data: AnnData) -> None:
        from lotwise import tl

        tl.correlate(
            data,
            pseudocount=self.correlation.pseudocount,
            threshold=self.correlation.threshold,
            min_counts=self.correlation.min_counts,
        )
