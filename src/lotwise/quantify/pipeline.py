"""The quantification of a sample sheet's reads, with all checks, in one folder."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from lotwise.config import Limits
from lotwise.errors import InputError, RefusedError
from lotwise.files.atomic import atomic_path
from lotwise.progress import progress
from lotwise.quantify.base import CALLS_FILE, Job, Quantifier
from lotwise.quantify.halves import quantify_halves, write_halves
from lotwise.quantify.intake import check_samples, checked_table, read_checked
from lotwise.quantify.judgement import (
    call_of,
    forget_halves,
    is_refused,
    judge_samples,
    note_refusal,
    quant_sheet_of,
    quantified_folder,
    read_strand,
)
from lotwise.quantify.kmers import K
from lotwise.quantify.quant_qc import Yield
from lotwise.quantify.reads_qc import Intake, require_passed
from lotwise.quantify.reference import Prepared, Reference, prepare_reference
from lotwise.quantify.strandedness import (
    FEWEST_INFORMATIVE,
    Strand,
    infer_strandedness,
    load_kmers,
)
from lotwise.tree import halves_of

if TYPE_CHECKING:
    from lotwise.quantify.program import Call
    from lotwise.samples import Sample
    from lotwise.simulate import Protocol

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of the quantification of samples.

    Attributes
    ----------
    threads
        Threads per quantifier.
    bootstraps
        Bootstraps per sample.
    halves
        Also quantify halves and quarters of the reads, for the noise of quantification.
    cache
        Folder of prepared references and indexes.
    limits
        Limits for the checks after quantification.
    """

    cache: Path
    threads: int = 1
    bootstraps: int = 0
    halves: bool = False
    limits: Limits = dataclasses.field(default_factory=Limits)


def prepare_index(
    samples: Sequence[Sample],
    *,
    quantifier: Quantifier,
    reference: Reference,
    out: Path,
    settings: Settings,
) -> Path:
    """Prepare the reference and build its index, unless cached; return its folder.

    Raises
    ------
    InputError
        One of ``samples`` cannot be quantified with the index.
    """
    _require_able(samples, quantifier, reference, settings, out)
    prepared = prepare_reference(reference.transcripts, cache=settings.cache)
    load_kmers(prepared.transcripts, cache=settings.cache)
    return _index_of(prepared, reference, quantifier=quantifier, out=out, settings=settings)


def quantify_samples(
    samples: Sequence[Sample],
    *,
    quantifier: Quantifier,
    reference: Reference,
    out: Path,
    settings: Settings,
) -> list[Yield]:
    """Check and quantify the reads of ``samples``, and check the results.

    Writes below ``out``: ``intake.tsv``, ``strandedness.tsv``, ``yield.tsv``;
    ``quant/QUANTIFIER/SAMPLE/``, the output of the program, beside ``SAMPLE.json`` (its call) and
    ``SAMPLE.halves.parquet``;
    ``quant/QUANTIFIER/samples.tsv``, the sample sheet of the quantifications; and
    ``logs/quant/QUANTIFIER/SAMPLE.log``.

    With more than one thread, reads are checked in processes that import the calling script: call
    the function below ``if __name__ == "__main__":``. A notebook needs nothing special.

    Raises
    ------
    RefusedError
        A check refuses a sample, before or after quantification. The tables are written, the
        sheet of quantifications is not.
    InputError, EnvironmentFault
        See the functions for each part.
    """
    quant_sheet_of(out, quantifier).unlink(missing_ok=True)
    quantifier.version()  # a missing program is reported before the reads are read
    _require_able(samples, quantifier, reference, settings, out)
    checked = check_samples(samples, table=out / Intake.table, threads=settings.threads)
    quantify_checked(
        samples,
        quantifier=quantifier,
        reference=reference,
        out=out,
        settings=settings,
        checked=checked,
    )
    if settings.halves:
        quantify_parts(
            samples, quantifier=quantifier, reference=reference, out=out, settings=settings
        )
    return judge_samples(samples, quantifier=quantifier, out=out, limits=settings.limits)


def quantify_apart(
    samples: Sequence[Sample],
    *,
    quantifier: Quantifier,
    reference: Reference,
    out: Path,
    settings: Settings,
) -> None:
    """Quantify checked samples one by one; the work of one cluster job.

    A refused sample stops no other: ``quant/QUANTIFIER/SAMPLE/refused.txt`` says why, and
    :func:`judge_samples` refuses it.

    Raises
    ------
    InputError, EnvironmentFault
        The reference or the program failed.
    """
    for sample in samples:
        try:
            quantify_checked(
                [sample], quantifier=quantifier, reference=reference, out=out, settings=settings
            )
        except RefusedError as refusal:
            logger.warning("sample %s is refused: %s", sample.sample, refusal)
            note_refusal(quantified_folder(out, quantifier, sample), refusal)


def quantify_checked(
    samples: Sequence[Sample],
    *,
    quantifier: Quantifier,
    reference: Reference,
    out: Path,
    settings: Settings,
    checked: Sequence[Intake] | None = None,
) -> None:
    """Quantify samples whose reads passed the checks.

    Without ``checked``, the tables of :func:`check_apart` are used.

    Raises
    ------
    RefusedError
        The reads of a sample were refused, contradict its strandedness, or match no transcripts;
        all samples are checked before the first is quantified.
    InputError, EnvironmentFault
        The reference or the program failed.
    """
    _require_able(samples, quantifier, reference, settings, out)
    if checked is None:
        found = (sample for sample in samples if checked_table(out, sample).exists())
        checked = [read_checked(out, sample) for sample in found]
    _require_checked(checked, quantifier)
    prepared = prepare_reference(reference.transcripts, cache=settings.cache)
    strands = _infer_all(samples, prepared, settings)
    logs = out / "logs" / "quant" / quantifier.name
    index = _index_of(prepared, reference, quantifier=quantifier, out=out, settings=settings)
    # Those of an earlier call would be of other reads.
    forget_halves(samples, quantifier=quantifier, out=out)
    pairs = list(zip(samples, strands, strict=True))
    for sample, strand in progress(pairs, "quantifying", unit="sample"):
        job = _job_of(sample, strand, settings)
        folder = quantified_folder(out, quantifier, sample)
        call, _ = quantifier.quantify(
            job,
            index=index,
            out=folder,
            n_isoforms=quantifier.n_isoforms(prepared, index),
            log=logs / f"{sample.sample}.log",
        )
        _write_call(call_of(folder), call, strand, index)


def quantify_parts(
    samples: Sequence[Sample],
    *,
    quantifier: Quantifier,
    reference: Reference,
    out: Path,
    settings: Settings,
) -> None:
    """Quantify halves and quarters of the reads of samples that :func:`quantify_checked` did.

    A sample that was refused, or has few reads, gets a table without rows.

    Raises
    ------
    InputError
        A sample was not quantified.
    EnvironmentFault
        The program failed.
    """
    prepared = prepare_reference(reference.transcripts, cache=settings.cache)
    logs = out / "logs" / "quant" / quantifier.name
    index = _index_of(prepared, reference, quantifier=quantifier, out=out, settings=settings)
    for sample in progress(samples, "quantifying halves", unit="sample"):
        folder = quantified_folder(out, quantifier, sample)
        if is_refused(folder):
            write_halves(None, halves_of(folder))
            continue
        quantify_halves(
            _job_of(sample, read_strand(call_of(folder)), settings),
            quantifier=quantifier,
            index=index,
            out=halves_of(folder),
            n_isoforms=quantifier.n_isoforms(prepared, index),
            log=logs / f"{sample.sample}.halves.log",
        )


def _index_of(
    prepared: Prepared,
    reference: Reference,
    *,
    quantifier: Quantifier,
    out: Path,
    settings: Settings,
) -> Path:
    """Build the index of a prepared reference, unless cached; return its folder."""
    return quantifier.index(
        reference,
        prepared,
        cache=settings.cache,
        threads=settings.threads,
        log=out / "logs" / "quant" / quantifier.name / "index.log",
    )


def _job_of(sample: Sample, strand: Strand, settings: Settings) -> Job:
    return Job(
        sample=sample,
        strandedness=cast("Protocol", strand.applied),
        threads=settings.threads,
        bootstraps=settings.bootstraps,
    )


def _infer_all(samples: Sequence[Sample], prepared: Prepared, settings: Settings) -> list[Strand]:
    """Infer each sample's strandedness; refuse all contradictions together."""
    rows: list[Strand] = []
    refusals: list[str] = []
    for sample in samples:
        try:
            strand = infer_strandedness(
                sample, transcripts=prepared.transcripts, cache=settings.cache
            )
            _require_match(sample, strand, settings.limits)
            rows.append(strand)
        except RefusedError as refusal:
            refusals.append(str(refusal))
    if refusals:
        raise RefusedError(" | ".join(refusals))
    return rows


def _require_match(sample: Sample, strand: Strand, limits: Limits) -> None:
    """Refuse reads that match almost none of the transcripts.

    Only reads with a sampled k-mer are considered; how many have one depends on their length.
    """
    if strand.n_telling < FEWEST_INFORMATIVE:
        logger.warning(
            "sample %s: only %d of the first %d reads could be compared with the transcripts by "
            "their %d-mers (shorter reads have none). Therefore the reads are checked only after "
            "quantification",
            sample.sample,
            strand.n_telling,
            strand.n_reads,
            K,
        )
    elif not strand.share_matching >= limits.smallest_share_used:
        raise RefusedError(
            f"sample {sample.sample!r}: of the first {strand.n_reads:,} reads, "
            f"{strand.n_telling:,} could be compared with the transcripts by their {K}-mers, but "
            f"only {strand.n_matching:,} of these match a transcript; the required fraction is >= "
            f"{limits.smallest_share_used:g}",
            path=sample.runs[0].fastq_1,
            remedy="check that the sample and the reference are of the same species",
        )


def _require_checked(checked: Sequence[Intake], quantifier: Quantifier) -> None:
    """Raise an error for faults of single samples, which do not stop the others."""
    require_passed(checked)
    k = quantifier.k
    for row in checked:
        if k is not None and 0 < row.longest_read < k:
            shorter = max(7, row.longest_read // 2 * 2 - 5)
            raise RefusedError(
                f"sample {row.sample!r}: its longest read has {row.longest_read} bases, but the "
                f"index uses {k}-mers, so no read can be mapped",
                remedy=f"set `reads.k: {shorter}`",
            )


def _require_able(
    samples: Sequence[Sample],
    quantifier: Quantifier,
    reference: Reference,
    settings: Settings,
    out: Path,
) -> None:
    """Refuse what cannot be quantified, before anything is read or built."""
    quantifier.require_able(reference, bootstraps=settings.bootstraps)
    quantifier.require_paths(_paths_given(samples, reference, settings, out))
    for sample in samples:
        _require_fragment(sample)


def _paths_given(
    samples: Sequence[Sample], reference: Reference, settings: Settings, out: Path
) -> Iterator[Path]:
    """Yield the paths in the program's command lines."""
    yield from (settings.cache, out)
    yield from (path for path in (reference.genome, reference.gtf) if path is not None)
    for run in (run for sample in samples for run in sample.runs):
        yield from (file for file in (run.fastq_1, run.fastq_2) if file is not None)


def _require_fragment(sample: Sample) -> None:
    if not sample.runs:
        raise InputError(f"sample {sample.sample!r} has no reads", column="fastq_1")
    job = Job(sample=sample, strandedness="unstranded")
    if not job.is_paired:
        _ = job.fragment


def _write_call(path: Path, call: Call, strand: Strand, index: Path) -> None:
    """Store the call of a quantification and, unless made by an older version, of its index."""
    built = index / CALLS_FILE
    told = {
        **dataclasses.asdict(call),
        "strandedness": dataclasses.asdict(strand),
        "index": json.loads(built.read_text(encoding="utf-8")) if built.exists() else [],
    }
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
