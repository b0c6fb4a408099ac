"""A complete experiment in one directory: reference, samples and truth."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lotwise.files.atomic import atomic_path, make_directory
from lotwise.files.rows import text_of_rows
from lotwise.simulate.annotation import (
    write_genome,
    write_gtf,
    write_transcripts,
    write_tx2gene,
)
from lotwise.simulate.batches import Plan, simulate_expression
from lotwise.simulate.haplotypes import draw_alleles, write_donors
from lotwise.simulate.quants import write_quantification
from lotwise.simulate.reads import write_reads
from lotwise.simulate.transcriptome import simulate_transcriptome
from lotwise.simulate.truth import write_truth

if TYPE_CHECKING:
    import numpy as np

Form = Literal["quant", "reads"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Experiment:
    """Paths of the parts of a simulated experiment.

    Attributes
    ----------
    samples
        The sample sheet.
    transcripts, genome, gtf, tx2gene
        The reference.
    truth
        Directory of the tables with the true values.
    """

    samples: Path
    transcripts: Path
    genome: Path
    gtf: Path
    tx2gene: Path
    truth: Path


def simulate_experiment(
    directory: Path,
    *,
    rng: np.random.Generator,
    plan: Plan | None = None,
    form: Form = "quant",
    threads: int = 1,
) -> Experiment:
    """Write reference, sample sheet, samples and truth into ``directory``.

    The result does not depend on ``threads``. It depends on the seed of ``rng`` and on the number
    of generators spawned from ``rng`` before, but not on numbers drawn from ``rng`` before. Both
    forms have the same truth.

    Parameters
    ----------
    directory
        Output directory; created if missing. Files of an earlier simulation are replaced.
    rng
        Random number generator.
    plan
        What to simulate; by default three batches with one sample each, without faults.
    form
        ``quant``: quantifications in kallisto's format. ``reads``: FASTQ.
    threads
        Number of threads for the reads; it changes the time, not the result.

    Raises
    ------
    InputError
        The plan is not possible, or the directory cannot be written.
    EnvironmentFault
        The disk is full.

    Examples
    --------
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> made = simulate_experiment(folder, rng=np.random.default_rng(1), plan=Plan(n_genes=30))
    >>> print(made.samples.read_text())
    sample      batch  replicate  donor    quant
    lot1_rep1   lot1   1          donor1   quant/lot1_rep1
    lot2_rep1   lot2   1          donor1   quant/lot2_rep1
    lot3_rep1   lot3   1          donor1   quant/lot3_rep1
    """
    plan = Plan() if plan is None else plan
    make_directory(directory)
    reference = directory / "reference"
    experiment = Experiment(
        samples=directory / "samples.tsv",
        transcripts=reference / "transcripts.fa",
        genome=reference / "genome.fa",
        gtf=reference / "genes.gtf",
        tx2gene=reference / "tx2gene.tsv",
        truth=directory / "truth",
    )
    transcriptome_rng, expression_rng, library_rng = rng.spawn(3)
    transcriptome = simulate_transcriptome(transcriptome_rng, n_genes=plan.n_genes)
    write_transcripts(transcriptome, experiment.transcripts)
    write_genome(transcriptome, experiment.genome)
    write_gtf(transcriptome, experiment.gtf)
    write_tx2gene(transcriptome, experiment.tx2gene)
    expression = simulate_expression(transcriptome, plan, rng=expression_rng)
    # Spawned last: without variants, everything else is drawn as before.
    [donor_rng] = rng.spawn(1)
    alleles = draw_alleles(transcriptome, plan, expression, rng=donor_rng)
    write_donors(experiment.truth, plan, expression)
    write_truth(experiment.truth, transcriptome=transcriptome, plan=plan, expression=expression)

    sources: list[tuple[str, ...]] = []
    for sample, tpm, of_sample, sample_rng in zip(
        plan.samples,
        expression.tpm,
        alleles,
        library_rng.spawn(len(plan.samples)),
        strict=True,
    ):
        logger.info("simulating %s of sample %s", form, sample)
        library = plan.library(sample)
        if form == "quant":
            written: tuple[Path, ...] = (directory / "quant" / sample,)
            write_quantification(
                written[0], tpm, transcriptome=transcriptome, library=library, rng=sample_rng
            )
        else:
            written = write_reads(
                directory / "fastq" / sample,
                tpm,
                transcriptome=transcriptome,
                library=library,
                rng=sample_rng,
                alleles=of_sample,
                threads=threads,
            )
        sources.append(tuple(str(path.relative_to(directory)) for path in written))
    _write_sheet(experiment.samples, plan, form, sources)
    return experiment


def _write_sheet(path: Path, plan: Plan, form: Form, sources: list[tuple[str, ...]]) -> None:
    """Write the sample sheet; its paths are relative to its folder."""
    columns: list[str] = ["quant"]
    cells: list[str] = []
    if form == "reads":
        columns = ["fastq_1", "fastq_2"] if plan.paired else ["fastq_1"]
    if form == "reads" and not plan.paired:
        # The fragment length cannot be inferred from single reads.
        library = plan.library(plan.samples[0])
        columns += ["fragment_length", "fragment_sd"]
        cells = [f"{library.fragment_length:g}", f"{library.fragment_sd:g}"]
    rows = [
        {
            "sample": sample,
            "batch": plan.batch_of(sample),
            "replicate": sample.rpartition("_rep")[2],
            "donor": plan.donor_of(sample),
        }
        | dict(zip(columns, (*source, *cells), strict=True))
        for sample, source in zip(plan.samples, sources, strict=True)
    ]
    with atomic_path(path) as temporary:
        temporary.write_bytes(text_of_rows(rows).encode())
