"""Donors of samples by genotype, from reads to tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lotwise import get, keys, pl, tl
from lotwise.config import FiguresConfig, GenotypeConfig
from lotwise.errors import RefusedError
from lotwise.evidence.genotype import DonorRecord, GenotypeRecord
from lotwise.files.atomic import make_directory
from lotwise.files.tables import write_table
from lotwise.progress import progress
from lotwise.quantify.alleles import AlleleCounts, join_pileups
from lotwise.quantify.pileup import pile_up
from lotwise.quantify.placement import read_genes
from lotwise.tree import ResultTree
from lotwise.workers import in_threads, limit_threads

if TYPE_CHECKING:
    import pandas as pd

    from lotwise.samples import Sample

_LEVEL = "gene"


def count_bases(
    samples: Sequence[Sample],
    *,
    transcripts: Path,
    tree: ResultTree,
    config: GenotypeConfig,
    threads: int = 1,
) -> None:
    """Count the bases of each sample and write ``genotype/samples/SAMPLE.npz``.

    Raises
    ------
    InputError
        The transcripts are not FASTA.
    RefusedError
        A sample has no reads, or they cannot be read.
    """
    sequences = read_genes(transcripts)
    make_directory(tree.pileup("sample").parent)

    # Threads that samples do not need place the two mates of one.
    of_sample = max(1, threads // max(1, len(samples)))

    def count(sample: Sample) -> None:
        with limit_threads(of_sample):
            pileup = pile_up(sample, sequences, n_fragments=config.fragments, seed=config.seed)
        pileup.save(tree.pileup(sample.sample))

    with limit_threads(threads):
        for _ in progress(in_threads(count, samples), "reading", unit="sample", total=len(samples)):
            pass


def join_samples(
    samples: Sequence[Sample], *, tree: ResultTree, config: GenotypeConfig
) -> AlleleCounts:
    """Join the counts of all samples, write ``genotype/alleles.npz``, and return them."""
    files = {sample.sample: tree.pileup(sample.sample) for sample in samples}
    alleles = join_pileups(files, min_depth=config.min_depth)
    make_directory(tree.alleles.parent)
    alleles.save(tree.alleles)
    return alleles


def compare_donors(samples: Sequence[Sample], alleles: AlleleCounts) -> dict[str, pd.DataFrame]:
    """Return the tables ``donors`` and ``genotype`` by name."""
    import pandas as pd
    from anndata import AnnData

    columns = (keys.BATCH, keys.DONOR, keys.CONDITION)
    obs = pd.DataFrame(
        {name: [getattr(sample, name) for sample in samples] for name in columns},
        index=[sample.sample for sample in samples],
    )
    expression = AnnData(np.zeros((len(samples), 0)), obs=obs)
    tl.genotype(expression, alleles=alleles)
    names = (DonorRecord.table, GenotypeRecord.table)
    return {name: get.evidence(expression, name) for name in names}


def write_donors(
    tables: Mapping[str, pd.DataFrame], *, tree: ResultTree, figures: FiguresConfig
) -> None:
    """Write the tables and the figure of the donors."""
    for name, table in tables.items():
        make_directory(tree.table(_LEVEL, name).parent)
        write_table(tree.table(_LEVEL, name), table)
    make_directory(tree.figures)
    figure = pl.genotype(tables[GenotypeRecord.table], donors=tables[DonorRecord.table])
    pl.save_figure(figure, tree.figure(_LEVEL, "genotype"), figures.formats)


def require_sound(donors: pd.DataFrame, *, tree: ResultTree) -> None:
    """Raise an error for samples of another donor than their label, and for mixed ones.

    Raises
    ------
    RefusedError
        There is such a sample; the message names each.
    """
    odd = donors[(donors["agrees"] == "no") | (donors["mixed"] == "yes")]
    if len(odd):
        named = " | ".join(
            f"{row['sample']}: "
            + (f"exchanged with {row['exchanged_with']}, " if row["exchanged_with"] else "")
            + row["reason"]
            for row in odd.to_dict("records")
        )
        raise RefusedError(
            f"the genotypes of {len(odd)} of {len(donors)} samples do not match the donor on the "
            f"label, or show a mixture: {named}",
            path=tree.table(_LEVEL, DonorRecord.table),
        )
