"""Small example data for documentation, tutorials and tests."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import polars as pl

from lotwise.expression.frame import from_frame
from lotwise.expression.read import Quantification
from lotwise.expression.transcripts import TranscriptMap
from lotwise.quantify.alleles import AlleleCounts
from lotwise.simulate.donors import draw_person, draw_variants

_N_GENES: Final = 300
_GENE_BASES: Final = 3_000
# Typical TPM in mesenchymal stromal cells of a female donor.
_NAMED: Final = {
    "ACTB": 4_000.0, "GAPDH": 3_000.0, "VIM": 6_000.0, "COL1A1": 5_000.0, "FN1": 4_000.0,
    "THY1": 250.0, "NT5E": 120.0, "ENG": 150.0, "MKI67": 15.0, "TOP2A": 20.0, "CXCL8": 12.0,
    "IL6": 10.0, "XIST": 30.0, "RPS4Y1": 0.0, "DDX3Y": 0.0, "POU5F1": 0.0,
}  # fmt: skip
# Differences of the third batch: fold changes of TPM.
_CHANGED: Final = {"MKI67": 0.1, "TOP2A": 0.1, "IL6": 12.0, "CXCL8": 10.0}


def three_batches() -> Quantification:
    """Return three small batches, one sample each, at gene and isoform level.

    The data are simulated and are the same at every call. There are 300 genes with two isoforms
    each; 16 of the genes have the names of known genes. ``lot1`` and ``lot2`` differ by noise only.
    In ``lot3``, IL6 and CXCL8 are increased at least 10-fold, and MKI67 and TOP2A are decreased
    10-fold.

    Returns
    -------
    Two AnnData, as from :func:`lotwise.read_quant`: samples x genes, and samples x isoforms. Both
    have the layers ``tpm``, ``counts`` and ``length``.

    Examples
    --------
    >>> import lotwise
    >>> gene, isoform = lotwise.datasets.three_batches()
    >>> gene.shape, isoform.shape, gene.obs_names.tolist()
    ((3, 300), (3, 600), ['lot1', 'lot2', 'lot3'])
    """
    rng = np.random.default_rng(20)
    n_isoforms = 2 * _N_GENES
    genes = [f"g{number}" for number in range(_N_GENES)]
    names = [*_NAMED, *genes[len(_NAMED) :]]
    isoforms = [f"t{number}" for number in range(n_isoforms)]
    base = rng.lognormal(3, 2, n_isoforms) * (rng.random(n_isoforms) > 0.3)
    # The first isoform of a named gene carries three quarters of its TPM.
    base[: 2 * len(_NAMED)] = np.outer(list(_NAMED.values()), [0.75, 0.25]).ravel()
    samples = {}
    for batch in ("lot1", "lot2", "lot3"):
        change = np.ones(_N_GENES)
        if batch == "lot3":
            change[: len(_NAMED)] = [_CHANGED.get(name, 1.0) for name in _NAMED]
        tpm = base * np.repeat(change, 2) * rng.lognormal(0, 0.3, n_isoforms)
        samples[batch] = tpm / tpm.sum() * 1e6
    table = pd.DataFrame(samples, index=isoforms)
    of_transcripts = pl.DataFrame(
        {
            "transcript": isoforms,
            "gene": [gene for gene in genes for _ in range(2)],
            "gene_name": [name for name in names for _ in range(2)],
        }
    )
    return from_frame(
        table,
        batches={name: name for name in samples},
        counts=(2 * table).round(),
        lengths=pd.DataFrame(800.0, index=table.index, columns=table.columns),
        level="isoform",
        tx2gene=TranscriptMap(of_transcripts, source="lotwise.datasets"),
    )


def two_donors() -> AlleleCounts:
    """Return simulated allele counts for the samples of :func:`three_batches`.

    ``lot1`` and ``lot2`` are from one donor, and ``lot3`` is from another donor. There are 300
    genes of 3,000 bases, and the depth is about 60. The counts are the same at every call.

    Examples
    --------
    >>> import lotwise
    >>> alleles = lotwise.datasets.two_donors()
    >>> alleles.samples, alleles.counts.shape[2]
    (('lot1', 'lot2', 'lot3'), 4)
    """
    rng = np.random.default_rng(21)
    variants = draw_variants(_N_GENES * _GENE_BASES, rng=rng)
    people = [draw_person(variants, rng).sum(axis=0) for _ in range(2)]
    n_sites, samples = variants.places.size, ("lot1", "lot2", "lot3")
    counts = np.zeros((3, n_sites, 4), dtype=np.uint16)
    for row, donor in enumerate((0, 0, 1)):
        depth = rng.poisson(60, n_sites)
        counts[row, :, 2] = rng.binomial(depth, np.clip(people[donor] / 2, 0.002, 0.998))
        counts[row, :, 0] = depth - counts[row, :, 2]
    return AlleleCounts(
        samples=samples,
        n_fragments=np.full(3, 200_000),
        n_placed=np.full(3, 180_000),
        genes=tuple(f"g{number}" for number in range(_N_GENES)),
        site_genes=variants.places // _GENE_BASES,
        site_places=variants.places % _GENE_BASES,
        reference=np.zeros(n_sites, dtype=np.uint8),
        counts=counts,
        other_mismatches=np.zeros(n_sites, dtype=np.float32),
        covered=np.packbits(np.ones((3, _N_GENES * _GENE_BASES), dtype=np.bool_), axis=1),
        gene_ends=np.arange(1, _N_GENES + 1) * _GENE_BASES,
        min_depth=15,
    )
