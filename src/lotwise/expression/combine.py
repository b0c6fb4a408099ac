"""Checks, alignment, gene sums and judgement of the samples that were read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from lotwise import keys
from lotwise.errors import LotwiseWarning, warn
from lotwise.expression.abundance import Abundance
from lotwise.expression.align import Aligned, align_features, same_names
from lotwise.expression.checks import (
    TpmSum,
    check_counts,
    check_features,
    check_rarefied,
    check_tpm,
    warn_of_sums,
)
from lotwise.expression.comparability import (
    InvalidComparison,
    judge,
    judge_levels,
    judge_organisms,
    warn_of,
)
from lotwise.expression.identifiers import (
    altered_names,
    level_by_names,
    plain_names,
    strip_versions,
)
from lotwise.expression.levels import (
    LevelArrays,
    name_genes,
    name_symbols,
    stack_samples,
    sum_isoforms,
)
from lotwise.expression.transcripts import (
    TranscriptMap,
    from_headers,
    map_of,
    read_transcript_map,
)
from lotwise.keys import Level
from lotwise.metrics.outliers import shallow_libraries
from lotwise.samples import Sample

_EXAMPLES: Final = 3
_OWN_MAP: Final = "the quantification"


class LevelPair(NamedTuple):
    """Both levels of the samples; a level that the input does not have is None."""

    gene: LevelArrays | None
    isoform: LevelArrays | None


def combine_levels(
    samples: Sequence[Sample],
    read: Mapping[Level, Mapping[str, Abundance]],
    *,
    tx2gene: Path | str | TranscriptMap | None,
    min_shared: float,
    tpm_sum: TpmSum,
    bootstraps: bool = False,
) -> LevelPair:
    """Check the samples of each level, align them, sum isoforms to genes, and judge them.

    Parameters
    ----------
    samples
        The samples in order.
    read
        By level, the abundances of every sample; empty if the input lacks the level.
    tx2gene, min_shared, tpm_sum, bootstraps
        See :func:`lotwise.read_quant`.

    Raises
    ------
    InputError
        A sample's values are not TPM, or the samples share too few features.
    """
    said = [_check_level(of_level, tpm_sum) for of_level in read.values()]
    sums = next(filter(None, said), "") if tpm_sum == "any" else None
    aligned = {
        level: align_features(of_level, min_shared=min_shared)
        for level, of_level in read.items()
        if of_level and (level == "isoform" or not read["isoform"])
    }
    gene = isoform = transcripts = None
    if "isoform" in aligned:
        own = aligned["isoform"].read[samples[0].sample]
        with ThreadPoolExecutor(1) as beside:
            stacked = beside.submit(stack_samples, aligned["isoform"].read, "isoform")
            transcripts = _transcript_map(own, tx2gene)
        isoform = stacked.result()
        if transcripts is not None:
            isoform = name_genes(isoform, transcripts)
            if not read["gene"] or _has_other_genes(isoform, own.genes, transcripts.source):
                gene = sum_isoforms(isoform, transcripts, samples=list(read["isoform"]))
    if gene is None and read["gene"]:
        aligned["gene"] = aligned.get("gene") or align_features(read["gene"], min_shared=min_shared)
        gene = _stack_genes(aligned["gene"], tx2gene, transcripts)
    if gene is None:
        warn(
            "the gene level is missing, because the quantifications are of transcripts and no "
            "transcript-to-gene map was given (tx2gene)",
            LotwiseWarning,
        )
    _warn_of_shallow_libraries(samples, isoform or gene)
    if bootstraps:
        _warn_of_missing_bootstraps(read["isoform"] or read["gene"])
    told = _judge(samples, read, aligned, gene or isoform)
    return LevelPair(
        *(
            one and dataclasses.replace(one, invalid=told, sums_not_checked=sums)
            for one in (gene, isoform)
        )
    )


def _stack_genes(
    aligned: Aligned, tx2gene: Path | str | TranscriptMap | None, transcripts: TranscriptMap | None
) -> LevelArrays:
    """Stack genes that were read, not summed; the map adds their symbols."""
    gene = stack_samples(aligned.read, "gene")
    if transcripts is None and tx2gene is not None:
        transcripts = read_map(tx2gene, pl.Series(dtype=pl.String))
    return gene if transcripts is None else name_symbols(gene, transcripts)


def _judge(
    samples: Sequence[Sample],
    read: Mapping[Level, Mapping[str, Abundance]],
    aligned: Mapping[Level, Aligned],
    level: LevelArrays | None,
) -> tuple[InvalidComparison, ...]:
    """Warn of everything that makes the comparison invalid, and return it."""
    main = aligned.get("isoform") or aligned["gene"]
    counts = None if level is None else level.layers[keys.COUNTS]
    first = main.read[samples[0].sample]
    if not read["isoform"]:
        _warn_of_transcripts(first)
    _warn_of_altered_names(first)
    return warn_of(
        [
            *(one for level in aligned.values() for one in level.invalid),
            *judge(samples, main.read, counts=counts),
            *judge_levels(read["gene"], read["isoform"]),
            *judge_organisms(first.features),
        ]
    )


def _has_other_genes(isoform: LevelArrays, own: pl.Series | None, source: str) -> bool:
    """Return whether RSEM's own genes of its isoforms, ``own``, differ from those of the map.

    Without a map, RSEM treats each transcript as a gene.
    """
    if own is None:
        return False
    given = isoform.var[keys.GENE_ID]
    differ = (given != "") & (strip_versions(given) != strip_versions(own))
    if differ.any():
        at = int(differ.arg_true()[0])
        warn(
            f"{int(differ.sum()):,} of {len(given):,} transcripts belong to different genes in "
            f"RSEM's files and in {source}. For example, {isoform.features[at]!r} belongs to "
            f"{own[at]!r} in RSEM's files, but to {given[at]!r} in {source}. The isoforms are "
            f"summed to the genes in {source}",
            LotwiseWarning,
        )
    elif source == _OWN_MAP and isoform.features.equals(own):
        warn(
            "RSEM was run without a map of genes, so its files *.genes.results list transcripts "
            "instead of genes; give a transcript-to-gene map (tx2gene)",
            LotwiseWarning,
        )
    return bool(differ.any())


def _warn_of_transcripts(gene: Abundance) -> None:
    """Warn if a table of genes contains transcripts, as RSEM's does if run without genes."""
    if level_by_names(gene.features) == "isoform":
        warn(
            f"{gene.path}: the file should contain genes but contains transcripts "
            f"({gene.features[0]}); give these values as isoforms, with a transcript-to-gene map "
            "(tx2gene)",
            LotwiseWarning,
        )


def _warn_of_altered_names(abundance: Abundance) -> None:
    """Warn of features whose names a spreadsheet or another program altered."""
    # Stable identifiers are neither symbols nor numbers, and no program alters them.
    if level_by_names(abundance.features):
        return
    for kind, names, cause in altered_names(abundance.features):
        warn(
            f"{abundance.path}: the names of {len(names):,} features are {kind} "
            f"({', '.join(names[:_EXAMPLES])}): {cause}; use the original table",
            LotwiseWarning,
        )


def _warn_of_missing_bootstraps(read: Mapping[str, Abundance]) -> None:
    without = [name for name, abundance in read.items() if abundance.bootstrap_counts is None]
    if without:
        warn(
            f"bootstraps were requested, but {len(without)} of {len(read)} samples have no "
            f"bootstraps (sample {without[0]!r}: {read[without[0]].path}); run kallisto quant -b "
            "30 or salmon "
            "quant --numBootstraps 30",
            LotwiseWarning,
        )


def _check_level(read: Mapping[str, Abundance], tpm_sum: TpmSum) -> str:
    """Raise an error for values that are not TPM; return the warning of their sums."""
    first: Abundance | None = None
    notices = []
    for name, abundance in read.items():
        # In most cases all samples have the same features: then one check is enough.
        if first is None or not same_names(first.features, abundance.features):
            check_features(name, abundance)
        first = first or abundance
        notices.append(check_tpm(name, abundance, tpm_sum=tpm_sum))
    warned = warn_of_sums(notices)
    if tpm_sum == "million":
        check_rarefied(read)
    check_counts(read)
    return warned


def _warn_of_shallow_libraries(samples: Sequence[Sample], arrays: LevelArrays | None) -> None:
    """Warn of failed libraries before anything is correlated: their TPM sum to a million too."""
    totals = np.asarray([] if arrays is None else arrays.obs[keys.TOTAL_COUNTS])
    if not np.isfinite(totals).all():
        return
    shares, flagged, _ = shallow_libraries(totals)
    for row in np.flatnonzero(flagged).tolist():
        warn(
            f"sample {samples[row].sample!r} has only {totals[row]:,.0f} counts; the median of the "
            f"other samples is {np.median(np.delete(totals, row)):,.0f} (ratio {shares[row]:.2g}). "
            "R of such a failed library is low even if its batch is sound; exclude this sample or "
            "sequence it again",
            LotwiseWarning,
        )


def _transcript_map(
    first: Abundance, tx2gene: Path | str | TranscriptMap | None
) -> TranscriptMap | None:
    """Return the map: the one given, else that of the quantifications themselves."""
    if tx2gene is not None:
        return read_map(tx2gene, plain_names(first.features))
    if first.genes is not None:
        return map_of(
            plain_names(first.features), first.genes, symbols=first.symbols, source=_OWN_MAP
        )
    return from_headers(first.features)


def read_map(tx2gene: Path | str | TranscriptMap, transcripts: pl.Series) -> TranscriptMap:
    """Return the map; a file is read, with ``transcripts`` to recognise its columns."""
    if isinstance(tx2gene, TranscriptMap):
        return tx2gene
    return read_transcript_map(tx2gene, transcripts=transcripts)
