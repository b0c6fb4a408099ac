"""``lotwise simulate``: an experiment of known truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lotwise.errors import InputError

if TYPE_CHECKING:
    from lotwise.simulate import Form, Kind, Protocol


@click.command(name="simulate")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--as",
    "form",
    type=click.Choice(["quant", "reads"]),
    default="quant",
    show_default=True,
    help="Write quantifications (kallisto format), or reads (FASTQ).",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Random seed.")
@click.option(
    "--genes", type=click.IntRange(1), default=2_000, show_default=True, help="Number of genes."
)
@click.option(
    "--batches", type=click.IntRange(1), default=3, show_default=True, help="Number of batches."
)
@click.option(
    "--replicates", type=click.IntRange(1), default=1, show_default=True, help="Samples per batch."
)
@click.option(
    "--fragments",
    type=click.IntRange(1),
    default=200_000,
    show_default=True,
    help="Read pairs (or single reads) per sample.",
)
@click.option(
    "--strandedness",
    type=click.Choice(["unstranded", "forward", "reverse"]),
    default="unstranded",
    show_default=True,
    help="Strand of the first read of a fragment, relative to the transcript.",
)
@click.option("--single", is_flag=True, help="Simulate single reads instead of pairs.")
@click.option(
    "--de-genes",
    type=click.IntRange(0),
    default=0,
    help="Number of differentially expressed genes in the last batch.",
)
@click.option(
    "--log2-fold", type=float, default=2.0, show_default=True, help="Their log2 fold change."
)
@click.option(
    "--switches",
    type=click.IntRange(0),
    default=0,
    help="Number of genes whose two main isoforms are exchanged in the last batch.",
)
@click.option(
    "--female",
    multiple=True,
    metavar="LOT",
    help="Simulate this batch from a second, female donor.",
)
@click.option(
    "--other-donor",
    multiple=True,
    metavar="LOT",
    help="Simulate this batch from another donor of the same sex.",
)
@click.option(
    "--heterozygosity",
    type=click.FloatRange(0, 0.01),
    default=0.0,
    help="Heterozygous sites per base of exons in simulated reads; about 0.0005 in people.",
)
@click.option(
    "--contaminate",
    nargs=3,
    type=(str, str, float),
    multiple=True,
    metavar="SAMPLE SAMPLE SHARE",
    help="Mix cells of the second sample's donor into the first sample.",
)
@click.option("--swap", nargs=2, metavar="SAMPLE SAMPLE", help="Exchange two samples.")
@click.option(
    "--failed", multiple=True, metavar="SAMPLE", help="Sample with only a few thousand reads."
)
@click.option(
    "--shallow", multiple=True, metavar="SAMPLE", help="Sample with a tenth of the reads."
)
@click.option(
    "--degraded", multiple=True, metavar="SAMPLE", help="Sample with reads near the 3' end only."
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Number of threads that write reads; it does not change the files.",
)
def command(  # noqa: PLR0913, one parameter an option
    *,
    directory: Path,
    form: Form,
    seed: int,
    genes: int,
    batches: int,
    replicates: int,
    fragments: int,
    strandedness: Protocol,
    single: bool,
    de_genes: int,
    log2_fold: float,
    switches: int,
    female: tuple[str, ...],
    other_donor: tuple[str, ...],
    heterozygosity: float,
    contaminate: tuple[tuple[str, str, float], ...],
    swap: tuple[str, str] | None,
    failed: tuple[str, ...],
    shallow: tuple[str, ...],
    degraded: tuple[str, ...],
    threads: int,
) -> None:
    """Write simulated batches of known truth into DIRECTORY.

    samples.tsv is the sample sheet; reference/ contains transcripts, genome, GTF and the
    transcript-to-gene table; truth/ contains the simulated effects. The samples are named
    lot1_rep1, lot1_rep2, ... The same seed gives the same files.
    """
    import numpy as np

    from lotwise.simulate import Plan, simulate_experiment

    plan = Plan(
        n_genes=genes,
        n_batches=batches,
        n_replicates=replicates,
        n_fragments=fragments,
        strandedness=strandedness,
        paired=not single,
        n_de_genes=de_genes,
        log2_fold=log2_fold,
        n_switches=switches,
        female=female,
        other_donor=other_donor,
        heterozygosity=heterozygosity,
        contaminated={sample: (other, share) for sample, other, share in contaminate},
        swapped=swap,
        faults=_faults(failed, shallow, degraded),
    )
    experiment = simulate_experiment(
        directory, rng=np.random.default_rng(seed), plan=plan, form=form, threads=threads
    )
    click.echo(f"{len(plan.samples)} simulated samples: {experiment.samples}")


def _faults(
    failed: tuple[str, ...], shallow: tuple[str, ...], degraded: tuple[str, ...]
) -> dict[str, Kind]:
    faults: dict[str, Kind] = {}
    by_kind: tuple[tuple[Kind, tuple[str, ...]], ...] = (
        ("failed", failed),
        ("shallow", shallow),
        ("degraded", degraded),
    )
    for kind, samples in by_kind:
        for sample in samples:
            if sample in faults:
                raise InputError(f"sample {sample!r} cannot be both {faults[sample]} and {kind}")
            faults[sample] = kind
    return faults
