"""``lotwise quantify``: transcript abundances from reads."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from lotwise.cli.options import (
    choose_samples,
    exclude_option,
    leave_samples_out,
    limits_options,
    pick,
)
from lotwise.cli.step import Step
from lotwise.config import Aligner, Limits, ReadsConfig
from lotwise.errors import InputError
from lotwise.keys import LEVELS

_FILE = click.Path(dir_okay=False, path_type=Path)
_DIRECTORY = click.Path(file_okay=False, path_type=Path)
_STEPS = ("all", "index", "quantify", "halves", "judge")
_OF_SAMPLES = ("quantify", "halves")


@click.command("quantify", cls=Step)
@click.argument("samples", type=_FILE)
@click.option("--transcripts", type=_FILE, required=True, help="FASTA, plain or gzip.")
@click.option(
    "--genome", type=_FILE, help="Genome FASTA: decoys for salmon; required by RSEM with STAR."
)
@click.option("--gtf", type=_FILE, help="Annotation; required by RSEM with STAR.")
@click.option("--out", type=_DIRECTORY, default=Path("results"), show_default=True)
@click.option(
    "--quantifier",
    "name",
    type=click.Choice(["kallisto", "salmon", "rsem"]),
    default="kallisto",
    show_default=True,
)
@click.option(
    "--aligner",
    type=click.Choice(get_args(Aligner)),
    default="bowtie2",
    show_default=True,
    help="Aligner of RSEM.",
)
@click.option("--program", type=_FILE, help="Path of the quantifier.  [default: searched in PATH]")
@click.option("--bootstraps", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--halves/--no-halves",
    default=None,
    help="Also quantify halves and quarters of the reads, for the isoform ceiling: two more passes "
    "over the reads. This is the default with kallisto and salmon.",
)
@click.option("--k", type=int, help="k-mer length of kallisto or salmon.  [default: 31]")
@click.option(
    "--extra", default="", help="Additional arguments of the quantifier, such as salmon's --gcBias."
)
@exclude_option
@click.option("--cache", type=_DIRECTORY, help="Directory of indexes.  [default: OUT/index]")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@limits_options
@click.option(
    "--sample",
    "chosen",
    multiple=True,
    metavar="NAME",
    help="With --step quantify or halves: this sample only; may be repeated.",
)
@click.option(
    "--step",
    type=click.Choice(_STEPS),
    default="all",
    show_default=True,
    help="'index' only builds the index. 'quantify' quantifies reads that passed `lotwise check`, "
    "and records which samples are refused. 'halves' quantifies halves and quarters of the reads "
    "of samples that 'quantify' has quantified. 'judge' checks the quantifications; the exit code "
    "is 1 if a sample is refused. With --no-halves, 'judge' also removes halves that an earlier "
    "call quantified.",
)
def command(  # noqa: PLR0913, one parameter an option
    *,
    samples: Path,
    transcripts: Path,
    genome: Path | None,
    gtf: Path | None,
    out: Path,
    name: str,
    aligner: Aligner,
    program: Path | None,
    bootstraps: int,
    halves: bool | None,
    k: int | None,
    extra: str,
    exclude: tuple[str, ...],
    cache: Path | None,
    threads: int,
    chosen: tuple[str, ...],
    step: str,
    **bounds: float,
) -> None:
    """Quantify the reads of the sample sheet SAMPLES.

    The reads are checked, the strandedness is inferred if the sheet says 'auto', the index
    is built once, and the output of the quantifier is checked. intake.tsv,
    strandedness.tsv and yield.tsv contain the findings. OUT/quant/QUANTIFIER/samples.tsv
    is the sample sheet of the quantifications. The exit code is 1 if a check refuses a
    sample.
    """
    from lotwise.quantify import (
        Reference,
        Settings,
        judge_samples,
        make_quantifier,
        prepare_index,
        quantify_apart,
        quantify_parts,
        quantify_samples,
    )
    from lotwise.quantify.judgement import forget_halves
    from lotwise.samples import read_samples

    sheet = leave_samples_out(read_samples(samples), exclude, path=samples)
    given = {"quantifier": name, "program": program, "halves": halves, "k": k, "extra": extra}
    config: ReadsConfig = pick(ReadsConfig, given)
    quantifier = make_quantifier(config.model_copy(update={"aligner": aligner}))
    reference = Reference(transcripts=transcripts, genome=genome, gtf=gtf)
    limits: Limits = pick(Limits, bounds)
    settings = Settings(
        cache=cache or out / "index",
        threads=threads,
        bootstraps=bootstraps,
        halves=config.quantifies_halves(LEVELS),
        limits=limits,
    )
    if chosen and step not in _OF_SAMPLES:
        raise InputError(
            "--sample requires '--step quantify' or '--step halves': "
            "the other steps need all samples"
        )
    if step == "halves" and not settings.halves:
        raise InputError(
            "'--step halves' cannot be used with '--no-halves' or with RSEM",
            remedy="remove '--no-halves', and use kallisto or salmon",
        )
    if step == "index":
        prepare_index(sheet, quantifier=quantifier, reference=reference, out=out, settings=settings)
    elif step == "quantify":
        some = choose_samples(sheet, chosen, path=samples)
        quantify_apart(some, quantifier=quantifier, reference=reference, out=out, settings=settings)
    elif step == "halves":
        some = choose_samples(sheet, chosen, path=samples)
        quantify_parts(some, quantifier=quantifier, reference=reference, out=out, settings=settings)
    elif step == "judge":
        if not settings.halves:
            forget_halves(sheet, quantifier=quantifier, out=out)
        judge_samples(sheet, quantifier=quantifier, out=out, limits=limits)
    else:
        quantify_samples(
            sheet, quantifier=quantifier, reference=reference, out=out, settings=settings
        )
    click.echo(f"done: {out / 'quant' / name}")
