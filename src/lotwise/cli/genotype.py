"""``lotwise genotype``: compare the donors of samples by genotype."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lotwise.cli.options import (
    choose_samples,
    exclude_option,
    format_option,
    genotype_options,
    leave_samples_out,
    pick,
)
from lotwise.cli.step import Step
from lotwise.config import FiguresConfig, GenotypeConfig
from lotwise.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("genotype", cls=Step)
@click.argument("samples", type=_FILE)
@click.option("--transcripts", type=_FILE, help="FASTA, plain or gzip; required for counting.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder of the results.",
)
@genotype_options
@format_option
@exclude_option
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Number of samples read at once; each needs about 1 GB for a human transcriptome. With at "
    "least two threads per sample, the first and second mates are processed at the same time.",
)
@click.option(
    "--sample",
    "chosen",
    multiple=True,
    metavar="NAME",
    help="With --step count: count this sample only; may be repeated.",
)
@click.option(
    "--step",
    type=click.Choice(["all", "count", "join"]),
    default="all",
    show_default=True,
    help="'count' writes genotype/samples/SAMPLE.npz from the reads; 'join' combines them as "
    "genotype/alleles.npz.",
)
def command(
    *,
    samples: Path,
    transcripts: Path | None,
    out: Path,
    exclude: tuple[str, ...],
    threads: int,
    chosen: tuple[str, ...],
    step: str,
    **options: Any,
) -> None:
    """Compare the donors of the samples in the sheet SAMPLES by genotype.

    Reads are placed without gaps on one transcript per gene, bases are counted, and
    pairs of samples are compared. Writes evidence/gene.donors.tsv (one row per sample),
    evidence/gene.genotype.tsv (one row per pair) and figures/gene_genotype. The exit
    code is 1 if a sample has another donor than in the sheet, or is a mixture.
    """
    from lotwise.run.genotype import (
        compare_donors,
        count_bases,
        join_samples,
        require_sound,
        write_donors,
    )
    from lotwise.samples import read_samples
    from lotwise.tree import ResultTree

    sheet = leave_samples_out(read_samples(samples), exclude, path=samples)
    config: GenotypeConfig = pick(GenotypeConfig, options)
    figures: FiguresConfig = pick(FiguresConfig, options)
    tree = ResultTree(out)
    if chosen and step != "count":
        raise InputError("--sample requires '--step count': the other steps compare all samples")
    if step != "join":
        if transcripts is None:
            raise InputError("--transcripts is missing", remedy="give the FASTA of transcripts")
        some = choose_samples(sheet, chosen, path=samples)
        count_bases(some, transcripts=transcripts, tree=tree, config=config, threads=threads)
    if step == "count":
        click.echo(f"{len(some)} samples read: {tree.alleles.parent}")
        return
    alleles = join_samples(sheet, tree=tree, config=config)
    if step == "join":
        click.echo(f"{len(sheet)} samples joined: {tree.alleles}")
        return
    tables = compare_donors(sheet, alleles)
    write_donors(tables, tree=tree, figures=figures)
    for line in _lines(tables["donors"]):
        click.echo(line)
    require_sound(tables["donors"], tree=tree)


def _lines(donors: pd.DataFrame) -> list[str]:
    """Return the lines with the donor of each sample."""
    n = donors.loc[donors["found"] != "", "found"].nunique()
    lines = [f"{n} {'donor' if n == 1 else 'donors'} among {len(donors)} samples"]
    for row in donors.to_dict("records"):
        found = f"donor {row['found']}" if row["found"] else "-"
        label = ", ".join(filter(None, (row["batch"], row["donor"])))
        lines.append(
            f"{row['sample']} ({label}): {found}; agrees: {row['agrees']}; mixed: {row['mixed']}"
        )
    return lines
