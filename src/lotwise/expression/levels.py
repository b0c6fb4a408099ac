"""All samples of one level as arrays, and the sum of isoforms to genes, without pandas."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from lotwise import keys
from lotwise.errors import UnmappedTranscriptsWarning, warn
from lotwise.expression.abundance import Abundance
from lotwise.expression.comparability import InvalidComparison
from lotwise.expression.genes import sum_bootstraps, sum_genes
from lotwise.expression.identifiers import plain_names
from lotwise.expression.transcripts import TranscriptMap, matches_nothing
from lotwise.keys import Level
from lotwise.wording import percent

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LevelArrays:
    """Samples x features of one level, with their annotations.

    Attributes
    ----------
    level
        ``gene`` or ``isoform``.
    features
        Their names, shape ``(n_features,)``.
    layers
        By their AnnData keys, each of shape ``(n_samples, n_features)``, including ``tpm``.
    obs
        Columns of the samples, each of length ``n_samples``, or one value for all.
    var
        Columns of the features, each of length ``n_features``.
    bootstraps
        Estimated counts of a sample's bootstraps, shape ``(n_bootstraps, n_features)``.
    halves
        TPM of the parts of a sample's reads, shape ``(6, n_features)``; of isoforms alone.
    invalid
        Why the samples cannot be compared as batches; empty if nothing was found.
    sums_not_checked
        If the check of the sums of TPM was switched off, what it found; else None.
    """

    level: Level
    features: pl.Series
    layers: dict[str, Floats]
    obs: dict[str, Any]
    var: dict[str, pl.Series] = field(default_factory=dict)
    bootstraps: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    halves: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    invalid: tuple[InvalidComparison, ...] = ()
    sums_not_checked: str | None = None

    @property
    def log_tpm(self) -> Floats:
        """log2(TPM + 1), computed on each access."""
        shifted = self.layers[keys.TPM] + 1.0
        return np.log2(shifted, out=shifted)


def stack_samples(read: Mapping[str, Abundance], level: Level) -> LevelArrays:
    """Return aligned samples as one set of arrays."""
    order = list(read.values())
    symbols = order[0].symbols if level == "gene" else None
    layers = {
        keys.TPM: np.stack([abundance.tpm for abundance in order]),
        keys.COUNTS: np.stack([abundance.counts for abundance in order]),
        keys.LENGTH: np.stack([abundance.length for abundance in order]),
    }
    fpkm = [abundance.fpkm for abundance in order if abundance.fpkm is not None]
    if len(fpkm) == len(order):
        layers[keys.FPKM] = np.stack(fpkm)
    return LevelArrays(
        level=level,
        features=plain_names(order[0].features),
        layers=layers,
        obs={
            keys.QUANTIFIER: [abundance.quantifier for abundance in order],
            keys.QUANT: [str(abundance.path) for abundance in order],
            keys.TPM_SUM: layers[keys.TPM].sum(axis=1),
            keys.TOTAL_COUNTS: layers[keys.COUNTS].sum(axis=1),
        },
        bootstraps={
            name: abundance.bootstrap_counts
            for name, abundance in read.items()
            if abundance.bootstrap_counts is not None
        },
        halves={
            name: abundance.part_tpm
            for name, abundance in read.items()
            if abundance.part_tpm is not None
        },
        var={} if symbols is None else {keys.GENE_NAME: symbols},
    )


def name_genes(isoform: LevelArrays, transcripts: TranscriptMap) -> LevelArrays:
    """Add each isoform's gene, and the TPM fraction without a gene.

    Raises
    ------
    InputError
        No isoform has a gene.
    """
    genes = transcripts.genes_of(isoform.features)
    unmapped = genes.is_null().to_numpy()
    if unmapped.all():
        known = transcripts.table["transcript"]
        raise matches_nothing(transcripts.source, known, isoform.features)
    tpm = isoform.layers[keys.TPM]
    share = tpm[:, unmapped].sum(axis=1) / np.asarray(isoform.obs[keys.TPM_SUM])
    if unmapped.any():
        warn(
            f"{int(unmapped.sum()):,} of {len(unmapped):,} transcripts have no gene in "
            f"{transcripts.source}. These transcripts are excluded at gene level. Their share of a "
            f"sample's TPM is {percent(share.min())} to {percent(share.max())}",
            UnmappedTranscriptsWarning,
        )
    known = genes.fill_null("")
    var = {keys.GENE_ID: known}
    if transcripts.has_gene_names:
        var[keys.GENE_NAME] = transcripts.gene_names_of(known)
    told = {keys.N_UNMAPPED: int(unmapped.sum()), keys.UNMAPPED_TPM_SHARE: share}
    return dataclasses.replace(isoform, var=var, obs=isoform.obs | told)


def name_symbols(gene: LevelArrays, transcripts: TranscriptMap) -> LevelArrays:
    """Add the symbols of genes that were not summed, if the map has any of them."""
    symbols = transcripts.gene_names_of(gene.features)
    if not (symbols != "").any():
        return gene
    if (own := gene.var.get(keys.GENE_NAME)) is not None:
        symbols = symbols.zip_with(symbols != "", own)
    return dataclasses.replace(gene, var=gene.var | {keys.GENE_NAME: symbols})


def sum_isoforms(
    isoform: LevelArrays, transcripts: TranscriptMap, *, samples: Sequence[str]
) -> LevelArrays:
    """Sum isoforms to the genes given by :func:`name_genes`; ``samples`` are the row names."""
    genes = isoform.var[keys.GENE_ID]
    names = genes.filter(genes != "").unique().sort()
    gene_of = _codes_of(genes, names)
    sums = sum_genes(
        isoform.layers[keys.TPM],
        isoform.layers[keys.COUNTS],
        isoform.layers[keys.LENGTH],
        gene_of,
        len(names),
    )
    return LevelArrays(
        level="gene",
        features=names,
        layers={keys.TPM: sums.tpm, keys.COUNTS: sums.counts, keys.LENGTH: sums.length},
        obs=isoform.obs,
        var=(
            {keys.GENE_NAME: transcripts.gene_names_of(names)} if transcripts.has_gene_names else {}
        ),
        bootstraps={
            sample: sum_bootstraps(
                isoform.bootstraps[sample],
                length=isoform.layers[keys.LENGTH][row],
                gene_length=sums.length[row],
                gene_of=gene_of,
            )
            for row, sample in enumerate(samples)
            if sample in isoform.bootstraps
        },
    )


def _codes_of(genes: pl.Series, names: pl.Series) -> npt.NDArray[np.int64]:
    """Return the index of each gene among the names, -1 for none."""
    places = pl.DataFrame({"gene": names}).with_row_index("place")
    found = pl.DataFrame({"gene": genes}).join(places, on="gene", how="left", maintain_order="left")
    return found["place"].cast(pl.Int64).fill_null(-1).to_numpy()
