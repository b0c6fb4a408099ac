"""AnnData of the samples that were read, and its sum to genes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl
from anndata import AnnData

from lotwise import keys
from lotwise.errors import UnmappedTranscriptsWarning
from lotwise.expression.abundance import Abundance
from lotwise.expression.genes import sum_genes
from lotwise.expression.transcripts import TranscriptMap, matches_nothing, plain_names
from lotwise.keys import Level
from lotwise.samples import Sample


def assemble(samples: Sequence[Sample], read: Mapping[str, Abundance], level: Level) -> AnnData:
    """Put aligned samples together, as :func:`lotwise.read_quant` describes the result."""
    order = list(read.values())
    tpm = np.stack([abundance.tpm for abundance in order])
    counts = np.stack([abundance.counts for abundance in order])
    layers = {
        keys.TPM: tpm,
        keys.COUNTS: counts,
        keys.LENGTH: np.stack([abundance.length for abundance in order]),
    }
    fpkm = [abundance.fpkm for abundance in order if abundance.fpkm is not None]
    if len(fpkm) == len(order):
        layers[keys.FPKM] = np.stack(fpkm)
    obs = _describe(samples)
    obs[keys.QUANTIFIER] = [abundance.quantifier for abundance in order]
    obs[keys.QUANT] = [str(abundance.path) for abundance in order]
    obs[keys.TPM_SUM] = tpm.sum(axis=1)
    obs[keys.TOTAL_COUNTS] = counts.sum(axis=1)
    assembled = AnnData(
        X=_log_tpm(tpm),
        obs=obs,
        var=pd.DataFrame(index=_index(plain_names(order[0].features))),
        layers=layers,
        uns={keys.LOTWISE: {keys.LEVEL: level}},
    )
    drawn = {
        name: abundance.bootstrap_counts
        for name, abundance in read.items()
        if abundance.bootstrap_counts is not None
    }
    if drawn:
        assembled.uns[keys.LOTWISE][keys.BOOTSTRAPS] = drawn
    return assembled


def _describe(samples: Sequence[Sample]) -> pd.DataFrame:
    """Give what the sample sheet says, one row a sample."""
    columns = {
        keys.SAMPLE: [sample.sample for sample in samples],
        keys.BATCH: pd.Categorical([sample.batch for sample in samples]),
    }
    for name in (keys.REPLICATE, keys.DONOR, keys.CONDITION):
        values = [getattr(sample, name) for sample in samples]
        if any(values):
            columns[name] = values
    for name in dict.fromkeys(key for sample in samples for key in sample.annotations):
        columns[name] = [sample.annotations.get(name, "") for sample in samples]
    return pd.DataFrame(
        columns, index=pd.Index([sample.sample for sample in samples], dtype=object)
    )


def annotate(isoform: AnnData, features: pl.Series, transcripts: TranscriptMap) -> pl.Series:
    """Write each isoform's gene into var, and report what has none into obs."""
    genes = transcripts.genes_of(features)
    unmapped = genes.is_null().to_numpy()
    known = genes.fill_null("")
    isoform.var[keys.GENE_ID] = _objects(known)
    if transcripts.has_gene_names:
        isoform.var[keys.GENE_NAME] = _objects(transcripts.gene_names_of(known))
    lost = isoform.layers[keys.TPM][:, unmapped].sum(axis=1)
    share = lost / isoform.obs[keys.TPM_SUM].to_numpy()
    isoform.obs[keys.N_UNMAPPED] = int(unmapped.sum())
    isoform.obs[keys.UNMAPPED_TPM_SHARE] = share
    if unmapped.all():
        raise matches_nothing(transcripts.source, transcripts.table["transcript"], features)
    if unmapped.any():
        warnings.warn(
            f"{int(unmapped.sum()):,} of {isoform.n_vars:,} transcripts have no gene in "
            f"{transcripts.source}; they carry {share.min():.2%} to {share.max():.2%} of the TPM "
            "and are left out at gene level",
            UnmappedTranscriptsWarning,
            stacklevel=4,
        )
    return genes


def sum_to_genes(isoform: AnnData, features: pl.Series, transcripts: TranscriptMap) -> AnnData:
    """Sum isoforms to the genes of a map; ``features`` are the isoforms' names."""
    genes = annotate(isoform, features, transcripts)
    names = genes.drop_nulls().unique().sort()
    codes = _codes_of(genes, names)
    sums = sum_genes(
        isoform.layers[keys.TPM],
        isoform.layers[keys.COUNTS],
        isoform.layers[keys.LENGTH],
        codes,
        len(names),
    )
    var = pd.DataFrame(index=_index(names))
    if transcripts.has_gene_names:
        var[keys.GENE_NAME] = _objects(transcripts.gene_names_of(names))
    return AnnData(
        X=_log_tpm(sums.tpm),
        obs=isoform.obs.copy(),
        var=var,
        layers={keys.TPM: sums.tpm, keys.COUNTS: sums.counts, keys.LENGTH: sums.length},
        uns={keys.LOTWISE: {keys.LEVEL: "gene"}},
    )


def _log_tpm(tpm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    shifted = tpm + 1.0
    return np.log2(shifted, out=shifted)


def _index(names: pl.Series) -> pd.Index[Any]:
    index: pd.Index[Any] = pd.Index(_objects(names))
    return index


def _objects(names: pl.Series) -> npt.NDArray[np.object_]:
    """Give text as pandas keeps it; from a list it would look at every item."""
    return np.array(names.to_list(), dtype=object)


def _codes_of(genes: pl.Series, names: pl.Series) -> npt.NDArray[np.int64]:
    """Give the place of each gene among the names, -1 for none."""
    places = pl.DataFrame({"gene": names}).with_row_index("place")
    found = pl.DataFrame({"gene": genes}).join(places, on="gene", how="left", maintain_order="left")
    return found["place"].cast(pl.Int64).fill_null(-1).to_numpy()
