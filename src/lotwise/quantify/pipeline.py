"""From a sample sheet's reads to judged quantifications, in one tree of files."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lotwise.config import Limits
from lotwise.errors import InputError, RefusedError
from lotwise.files.atomic import atomic_path
from lotwise.files.tables import read_table, text_of_rows, to_frame, write_table
from lotwise.progress import progress
from lotwise.quantify.base import CALLS_FILE, Job, Quantifier
from lotwise.quantify.quant_qc import Yield, judge_yields, require_usable
from lotwise.quantify.reads_qc import Intake, check_reads, require_passed
from lotwise.quantify.reference import Prepared, Reference, prepare_reference
from lotwise.quantify.strandedness import (
    FEWEST_INFORMATIVE,
    K,
    Strand,
    infer_strandedness,
    load_kmers,
)

if TYPE_CHECKING:
    from lotwise.quantify.program import Call
    from lotwise.samples import Sample
    from lotwise.simulate import Protocol

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How samples are quantified.

    Attributes
    ----------
    threads
        Threads of the quantifier.
    bootstraps
        Bootstraps to keep a sample.
    cache
        Directory of prepared references and indexes.
    limits
        Bounds of the gate after quantification.
    """

    cache: Path
    threads: int = 1
    bootstraps: int = 0
    limits: Limits = dataclasses.field(default_factory=Limits)


def check_samples(samples: Sequence[Sample], *, table: Path, threads: int = 1) -> list[Intake]:
    """Check the reads of every sample, write ``table``, then refuse what is refused.

    Raises
    ------
    RefusedError
        One line naming every refused sample; the table is written all the same.
    """
    if threads > 1 and len(samples) > 1:
        # Processes, not threads: half of the work is Python's.
        with ProcessPoolExecutor(threads, mp_context=get_context("spawn")) as pool:
            checked = pool.map(check_reads, samples)
            rows = list(progress(checked, "checking", unit="sample", total=len(samples)))
    else:
        rows = [check_reads(sample) for sample in progress(samples, "checking", unit="sample")]
    write_table(table, to_frame(rows, Intake))
    require_passed(rows)
    return rows


def check_apart(samples: Sequence[Sample], *, out: Path) -> list[Intake]:
    """Check samples one by one, each with a table of its own; what one job of a cluster does.

    ``OUT/intake/SAMPLE.tsv`` says what was found; nothing is refused yet, so that files that
    were read are not read again.
    """
    rows = []
    for sample in progress(samples, "checking", unit="sample"):
        rows.append(check_reads(sample))
        write_table(_apart(out, sample), to_frame(rows[-1:], Intake))
    return rows


def join_checked(samples: Sequence[Sample], *, out: Path) -> list[Intake]:
    """Join what :func:`check_apart` wrote in ``intake.tsv``, then refuse what is refused.

    Raises
    ------
    RefusedError
        One line naming every refused sample; the table is kept in ``logs`` as well.
    InputError
        A sample has not been checked.
    """
    rows = [_read_apart(out, sample) for sample in samples]
    table = out / Intake.table
    write_table(table, to_frame(rows, Intake))
    with _keeping(table):
        require_passed(rows)
    return rows


def prepare_index(
    samples: Sequence[Sample],
    *,
    quantifier: Quantifier,
    reference: Reference,
    out: Path,
    settings: Settings,
) -> Path:
    """Prepare the reference and build its index, where the cache has none; give its folder.

    Raises
    ------
    InputError
        One of ``samples``, for which it is built, cannot be quantified with it.
    """
    _require_able(samples, quantifier, reference, settings, out)
    prepared = prepare_reference(reference.transcripts, cache=settings.cache)
    load_kmers(prepared.transcripts, cache=settings.cache)
    return quantifier.index(
        reference,
        prepared,
        cache=settings.cache,
        threads=settings.threads,
        log=out / "logs" / "quant" / quantifier.name / "index.log",
    )


def quantify_samples(
    samples: Sequence[Sample],
    *,
    quantifier: Quantifier,
    reference: Reference,
    out: Path,
    settings: Settings,
) -> list[Yield]:
    """Check, quantify and judge the reads of ``samples``.

    Written below ``out``: ``intake.tsv``, ``strandedness.tsv``, ``yield.tsv``;
    ``quant/QUANTIFIER/SAMPLE/`` as the program left it, with ``SAMPLE.json`` (the call)
    beside it and ``samples.tsv``, the sample sheet that names the quantifications;
    ``logs/quant/QUANTIFIER/SAMPLE.log``.

    Raises
    ------
    RefusedError
        The gate refuses a sample, before or after quantification; the tables are
        written, the sheet of quantifications is not.
    InputError, EnvironmentFault
        As the parts raise them.
    """
    _quant_sheet(out, quantifier).unlink(missing_ok=True)
    quantifier.version()  # a missing program is said before the reads are read
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
    return judge_samples(samples, quantifier=quantifier, out=out, limits=settings.limits)


def quantify_checked(
    samples: Sequence[Sample],
    *,
    quantifier: Quantifier,
    reference: Reference,
    out: Path,
    settings: Settings,
    checked: Sequence[Intake] | None = None,
) -> None:
    """Quantify samples whose reads the gate has passed; what one job of a cluster does.

    Without ``checked``, what :func:`check_apart` wrote of each sample decides.

    Raises
    ------
    RefusedError
        The check of its reads has refused a sample, or they contradict its strandedness or match
        no transcripts; this is found for all samples before the first is quantified.
    InputError, EnvironmentFault
        The reference or the program fails.
    """
    _require_able(samples, quantifier, reference, settings, out)
    if checked is None:
        checked = [_read_apart(out, sample) for sample in samples if _apart(out, sample).exists()]
    _require_checked(checked, quantifier)
    prepared = prepare_reference(reference.transcripts, cache=settings.cache)
    strands = _infer_all(samples, prepared, settings)
    logs = out / "logs" / "quant" / quantifier.name
    index = quantifier.index(
        reference,
        prepared,
        cache=settings.cache,
        threads=settings.threads,
        log=logs / "index.log",
    )
    directory = out / "quant" / quantifier.name
    pairs = list(zip(samples, strands, strict=True))
    for sample, strand in progress(pairs, "quantifying", unit="sample"):
        job = Job(
            sample=sample,
            strandedness=cast("Protocol", strand.applied),
            threads=settings.threads,
            bootstraps=settings.bootstraps,
        )
        call, _ = quantifier.quantify(
            job,
            index=index,
            out=directory / sample.sample,
            n_isoforms=quantifier.n_isoforms(prepared, index),
            log=logs / f"{sample.sample}.log",
        )
        _write_call(directory / f"{sample.sample}.json", call, strand, index)


def judge_samples(
    samples: Sequence[Sample], *, quantifier: Quantifier, out: Path, limits: Limits
) -> list[Yield]:
    """Judge the quantifications below ``out``, and write their sample sheet if all are usable.

    Raises
    ------
    RefusedError
        A quantification is refused; ``yield.tsv`` is written all the same.
    InputError
        A quantification or ``intake.tsv`` is missing.
    """
    sheet = _quant_sheet(out, quantifier)
    sheet.unlink(missing_ok=True)
    directory = sheet.parent
    intake = read_table(out / Intake.table, Intake).set_index("sample")["reads_present"]
    absent = [sample.sample for sample in samples if sample.sample not in intake.index]
    if absent:
        raise InputError(
            f"has no row for {', '.join(absent)}",
            path=out / Intake.table,
            remedy="run `lotwise check` on this sample sheet",
        )
    _require_one_version(samples, directory)
    strands = [_read_strand(directory / f"{sample.sample}.json") for sample in samples]
    write_table(out / Strand.table, to_frame(strands, Strand))
    rows = judge_yields(
        samples,
        {sample.sample: quantifier.read(directory / sample.sample) for sample in samples},
        quantifier=quantifier.name,
        reads_present={sample.sample: int(intake[sample.sample]) for sample in samples},
        limits=limits,
    )
    write_table(out / Yield.table, to_frame(rows, Yield))
    for row in rows:
        if row.standing == "noted":
            logger.warning("sample %s: %s", row.sample, row.reason)
    with _keeping(out / Yield.table):
        require_usable(rows)
    write_quant_sheet(sheet, samples)
    return rows


def write_quant_sheet(sheet: Path, samples: Sequence[Sample]) -> None:
    """Write the sample sheet of the quantifications that lie beside it."""
    names = ("sample", "batch", "replicate", "donor", "condition")
    extra = list(dict.fromkeys(name for sample in samples for name in sample.annotations))
    rows = [
        {name: getattr(sample, name) for name in names}
        | {name: sample.annotations.get(name, "") for name in extra}
        | {"quant": sample.sample}
        for sample in samples
    ]
    with atomic_path(sheet) as temporary:
        temporary.write_bytes(text_of_rows(rows).encode())


@contextmanager
def _keeping(table: Path) -> Iterator[None]:
    """Keep a table that says no in ``logs``: Snakemake removes what a failed job made."""
    try:
        yield
    except RefusedError as refusal:
        kept = table.parent / "logs" / table.name
        with atomic_path(kept) as temporary:
            shutil.copyfile(table, temporary)
        raise RefusedError(f"{refusal} | the table is {kept}") from refusal


def _read_apart(out: Path, sample: Sample) -> Intake:
    """Read what was found of one sample; its batch is the sheet's, which may have been mended."""
    table = read_table(_apart(out, sample), Intake)
    # The records of pandas say that their keys may be anything; they are the columns.
    records = cast("list[dict[str, Any]]", table.to_dict("records"))
    if len(records) != 1:
        raise InputError(
            f"holds {len(records)} rows, needed is 1",
            path=_apart(out, sample),
            remedy="run `lotwise check --step reads` on this sample sheet",
        )
    return Intake(**{**records[0], "batch": sample.batch})


def _apart(out: Path, sample: Sample) -> Path:
    return out / "intake" / f"{sample.sample}.tsv"


def _quant_sheet(out: Path, quantifier: Quantifier) -> Path:
    return out / "quant" / quantifier.name / "samples.tsv"


def _infer_all(samples: Sequence[Sample], prepared: Prepared, settings: Settings) -> list[Strand]:
    """Infer each sample's strandedness; refuse what contradicts, all of it at once."""
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
    """Refuse reads that share next to nothing with the transcripts.

    Asked are the reads that hold a sampled k-mer: how many do depends on their length alone.
    """
    if strand.n_telling < FEWEST_INFORMATIVE:
        logger.warning(
            "sample %s: %d of the first %d reads hold a sampled %d-mer, too few to see whether "
            "they match the transcripts (shorter reads hold none); the gate after quantification "
            "judges them alone",
            sample.sample,
            strand.n_telling,
            strand.n_reads,
            K,
        )
    elif not strand.share_matching >= limits.smallest_share_used:
        raise RefusedError(
            f"sample {sample.sample!r}: {strand.n_matching:,} of {strand.n_telling:,} reads (those "
            f"of the first {strand.n_reads:,} that hold a sampled {K}-mer) share one with a "
            f"transcript, needed a share of at least {limits.smallest_share_used:g}",
            path=sample.runs[0].fastq_1,
            remedy="see whether species and reference are the right ones",
        )


def _require_checked(checked: Sequence[Intake], quantifier: Quantifier) -> None:
    """Refuse what was found wrong of each sample by itself: others are quantified all the same."""
    require_passed(checked)
    k = quantifier.k
    for row in checked:
        if k is not None and 0 < row.longest_read < k:
            shorter = max(7, row.longest_read // 2 * 2 - 5)
            raise RefusedError(
                f"sample {row.sample!r}: its longest read has {row.longest_read} bases, and the "
                f"index is of {k}-mers: no read can be placed",
                remedy=f"set `reads.k: {shorter}`",
            )


def _require_able(
    samples: Sequence[Sample],
    quantifier: Quantifier,
    reference: Reference,
    settings: Settings,
    out: Path,
) -> None:
    """Refuse what cannot be quantified before anything is read or built."""
    quantifier.require_able(reference, bootstraps=settings.bootstraps)
    quantifier.require_paths(_paths_given(samples, reference, settings, out))
    for sample in samples:
        _require_fragment(sample)


def _paths_given(
    samples: Sequence[Sample], reference: Reference, settings: Settings, out: Path
) -> Iterator[Path]:
    """Give what stands in the program's command lines."""
    yield from (settings.cache, out)
    yield from (path for path in (reference.genome, reference.gtf) if path is not None)
    for run in (run for sample in samples for run in sample.runs):
        yield from (file for file in (run.fastq_1, run.fastq_2) if file is not None)


def _require_fragment(sample: Sample) -> None:
    if not sample.runs:
        raise InputError(f"sample {sample.sample!r} names no reads", column="fastq_1")
    job = Job(sample=sample, strandedness="unstranded")
    if not job.is_paired:
        _ = job.fragment


def _write_call(path: Path, call: Call, strand: Strand, index: Path) -> None:
    """Keep how a quantification was made, and its index, unless an older version built that."""
    built = index / CALLS_FILE
    told = {
        **dataclasses.asdict(call),
        "strandedness": dataclasses.asdict(strand),
        "index": json.loads(built.read_text(encoding="utf-8")) if built.exists() else [],
    }
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _require_one_version(samples: Sequence[Sample], directory: Path) -> None:
    """Refuse samples of one run that different versions of the quantifier quantified."""
    owners: dict[str, str] = {}
    for sample in samples:
        path = directory / f"{sample.sample}.json"
        try:
            version = str(json.loads(path.read_text(encoding="utf-8"))["version"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # told when its strandedness is read
        owners.setdefault(version, sample.sample)
    if len(owners) > 1:
        told = ", ".join(f"{name!r} by {version}" for version, name in owners.items())
        raise InputError(
            f"samples were quantified by different versions: {told}",
            path=directory,
            remedy="quantify all samples again, with one version",
        )


def _read_strand(path: Path) -> Strand:
    try:
        return Strand(**json.loads(path.read_text(encoding="utf-8"))["strandedness"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"is absent or not of this version ({error})",
            path=path,
            remedy="run `lotwise quantify` on this sample sheet",
        ) from error
