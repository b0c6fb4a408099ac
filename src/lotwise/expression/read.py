"""From a sample sheet to AnnData: read all samples, check, align and sum to genes."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from lotwise.errors import InputError, LotwiseWarning, warn
from lotwise.expression.abundance import Abundance
from lotwise.expression.align import same_names
from lotwise.expression.checks import TpmSum
from lotwise.expression.combine import combine_levels, read_map
from lotwise.expression.formats import is_quantification, read_abundance
from lotwise.expression.given import kind_of, listed_samples
from lotwise.expression.locate import QuantFiles, locate
from lotwise.expression.matrix import level_of, read_matrix
from lotwise.expression.transcripts import TranscriptMap
from lotwise.keys import Level
from lotwise.progress import progress
from lotwise.samples import Sample
from lotwise.wording import counted

if TYPE_CHECKING:
    from anndata import AnnData

MIN_SHARED: Final = 0.9
_EXAMPLES: Final = 3
_READERS: Final = 2
# Read once: a call that ends early may leave a shorter interval for the next call.
_SWITCH_INTERVAL: Final = sys.getswitchinterval()


class Quantification(NamedTuple):
    """All samples at both levels; a level that the input does not have is None."""

    gene: AnnData | None
    isoform: AnnData | None


def read_quant(
    samples: Path | str | Mapping[str, Path | str] | Sequence[Sample],
    *,
    tx2gene: Path | str | TranscriptMap | None = None,
    min_shared: float = MIN_SHARED,
    tpm_sum: TpmSum = "million",
    matrix_level: Level | None = None,
    bootstraps: bool = False,
) -> Quantification:
    r"""Read quantifications into AnnData at gene and isoform level.

    Parameters
    ----------
    samples
        A sample sheet, a mapping of sample names to quantifications, or a sequence of samples. In
        a mapping, each sample is its own batch. A quantification is one of the following: a file or
        the output folder of RSEM, salmon or kallisto; an RSEM prefix; a TPM matrix that contains
        the samples.
    tx2gene
        Map of transcripts to genes and gene symbols: a table, GTF, GFF3 or FASTA file, or a
        ``TranscriptMap``. No map is needed for the output of RSEM. No map is needed if the
        transcript names are GENCODE's names with ``|``. If RSEM used another map, lotwise prints a
        warning and sums RSEM's isoforms to the genes of the map given here.
    min_shared
        Minimum fraction of features that all samples share, in [0, 1]. If samples were quantified
        with different annotations, only shared features are kept.
    tpm_sum
        ``"any"`` accepts TPM that do not sum to a million, with a warning.
    matrix_level
        Level of a TPM matrix, if it cannot be inferred from its features.
    bootstraps
        Read the bootstraps of kallisto and salmon into ``uns["lotwise"]["bootstraps"]``. For each
        sample, the entry is a matrix of estimated counts (bootstraps x features). The counts of a
        gene, divided by the length of the gene, are proportional to the TPM of the gene.

    Returns
    -------
    Two AnnData: samples x genes, and samples x isoforms. ``X`` is log2(TPM + 1). The layers are
    ``tpm``, ``counts`` (NaN if the source has no counts), ``length`` and, where available,
    ``fpkm``; see :mod:`lotwise.keys`. Gene values are read from the input if it contains
    them (for RSEM, see also ``tx2gene``). Otherwise, :func:`~lotwise.expression.genes.sum_genes`
    computes the gene values from the isoform values.

    Raises
    ------
    InputError
        A file is missing or malformed, or its values are not TPM. The error is also raised if the
        samples share too few features, or if two samples have the same name.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> for sample, tpm in (("S1", 4e5), ("S2", 5e5)):
    ...     text = f"Name\tLength\tEffectiveLength\tTPM\tNumReads\nt1\t900\t700\t{tpm}\t10\n"
    ...     _ = (folder / f"{sample}.sf").write_text(text + f"t2\t900\t700\t{1e6 - tpm}\t20\n")
    >>> _ = (folder / "tx2gene.tsv").write_text("transcript\tgene\nt1\tg1\nt2\tg1\n")
    >>> gene, isoform = read_quant(
    ...     {"S1": folder / "S1.sf", "S2": folder / "S2.sf"}, tx2gene=folder / "tx2gene.tsv")
    >>> gene.layers["tpm"].tolist(), isoform.shape
    ([[1000000.0], [1000000.0]], (2, 2))
    """
    listed = _samples(samples)
    _load_beside()
    read = _read_levels(listed, tx2gene, matrix_level=matrix_level, bootstraps=bootstraps)
    arrays = combine_levels(
        listed,
        read,
        tx2gene=tx2gene,
        min_shared=min_shared,
        tpm_sum=tpm_sum,
        bootstraps=bootstraps,
    )
    from lotwise.expression.assemble import assemble

    # log2 releases Python's lock: the other level is assembled beside it.
    with ThreadPoolExecutor(len(arrays)) as pool:
        return Quantification(*pool.map(lambda one: one and assemble(listed, one), arrays))


def _load_beside() -> None:
    """Start loading pandas and anndata, which takes over a second, while files are read."""

    def load() -> None:
        # The reading threads need the interpreter often and briefly; by default, loading would
        # hold it for 5 ms each time.
        sys.setswitchinterval(_SWITCH_INTERVAL / 10)
        # Any error will be raised again when the modules are needed.
        with contextlib.suppress(Exception):
            importlib.import_module("lotwise.expression.assemble")
        sys.setswitchinterval(_SWITCH_INTERVAL)

    threading.Thread(target=load, daemon=True).start()


def _samples(
    samples: Path | str | Mapping[str, Path | str] | Sequence[Sample],
) -> tuple[Sample, ...]:
    listed: tuple[Sample, ...]
    if isinstance(samples, Mapping):
        for name, quant in samples.items():
            if not isinstance(quant, str | PathLike):
                raise InputError(
                    f"sample {name!r}: expected the path of a quantification, got {kind_of(quant)}",
                    remedy="give a path, or give TPM in memory to lotwise.from_frame",
                )
        listed = tuple(
            Sample(sample=name, batch=name, quant=Path(quant)) for name, quant in samples.items()
        )
    else:
        listed = listed_samples(samples)
    if not listed:
        raise InputError("no samples were given", remedy="give at least one sample")
    twice = [name for name, n in Counter(sample.sample for sample in listed).items() if n > 1]
    if twice:
        raise InputError(
            f"sample {twice[0]!r} occurs more than once (repeated sample names: {len(twice)})",
            column="sample",
            remedy="give each sample a unique name",
        )
    without = [sample.sample for sample in listed if sample.quant is None]
    if without:
        raise InputError(
            f"sample {without[0]!r} has no quantification "
            f"({counted(len(without), 'sample has', 'samples have')} none)",
            column="quant",
            remedy="fill in the column 'quant', or quantify the reads first",
        )
    return listed


def _read_levels(
    samples: Sequence[Sample],
    tx2gene: Path | str | TranscriptMap | None,
    *,
    matrix_level: Level | None,
    bootstraps: bool,
) -> dict[Level, dict[str, Abundance]]:
    """Read every sample at each of its levels; a level that one sample lacks is left out."""
    found: dict[Level, dict[str, Abundance]] = {"gene": {}, "isoform": {}}
    matrices: dict[Path, list[str]] = {}
    files: dict[str, QuantFiles] = {}
    for sample in samples:
        located = locate(sample.quant or Path(), bootstraps=bootstraps)
        lone = located.isoform if located.gene is None else None
        if lone is not None and (lone in matrices or not is_quantification(lone)):
            matrices.setdefault(lone, []).append(sample.sample)
        else:
            files[sample.sample] = located
    # Decompressing and parsing release Python's lock: two files at a time keep two cores busy.
    with ThreadPoolExecutor(_READERS) as readers:
        read = readers.map(lambda item: _read_files(item, bootstraps=bootstraps), files.values())

        for name, abundances in zip(
            files,
            progress(read, "reading", unit="sample", total=len(files)),
            strict=True,
        ):
            for at, abundance in abundances.items():
                found[at][name] = _share_features(abundance, found[at])
    for path, names in matrices.items():
        _read_matrix(found, path, names, tx2gene, matrix_level)
    return _complete_levels(samples, found)


def _read_files(files: QuantFiles, *, bootstraps: bool) -> dict[Level, Abundance]:
    return dict(read_abundance(path, bootstraps=bootstraps) for path in files if path is not None)


def _share_features(abundance: Abundance, read: Mapping[str, Abundance]) -> Abundance:
    """Share the feature names with the first sample if they are equal, to save memory."""
    first = next(iter(read.values()), abundance).features
    if not same_names(first, abundance.features):
        return abundance
    return dataclasses.replace(abundance, features=first)


def _read_matrix(
    found: dict[Level, dict[str, Abundance]],
    path: Path,
    names: Sequence[str],
    tx2gene: Path | str | TranscriptMap | None,
    level: Level | None,
) -> None:
    matrix = read_matrix(path, names)
    features = next(iter(matrix.values())).features
    if level is None:
        known = read_map(tx2gene, pl.Series(dtype=pl.String)) if tx2gene is not None else None
        level = level_of(
            features,
            known.table if known else None,
        )
    if level is None:
        raise InputError(
            f"the level cannot be inferred from the features "
            f"({', '.join(features.to_list()[:_EXAMPLES])}...)",
            path=path,
            remedy="give the level, for example 'matrix_level: gene' (--matrix-level gene)",
        )
    found[level].update(matrix)


def _complete_levels(
    samples: Sequence[Sample], found: dict[Level, dict[str, Abundance]]
) -> dict[Level, dict[str, Abundance]]:
    complete: dict[Level, dict[str, Abundance]] = {}
    for level, read in found.items():
        lacking = [sample.sample for sample in samples if sample.sample not in read]
        complete[level] = (
            {} if lacking else {sample.sample: read[sample.sample] for sample in samples}
        )
        if read and lacking and not (level == "gene" and len(found["isoform"]) == len(samples)):
            warn(
                f"the {level} level is not available, because it is missing in sample "
                f"{lacking[0]!r} ({counted(len(lacking), 'sample lacks', 'samples lack')} it)",
                LotwiseWarning,
            )
    if not any(complete.values()):
        by_level = {level: next(iter(read)) for level, read in found.items() if read}
        raise InputError(
            f"no level is common to all samples: {by_level['gene']!r} has genes, "
            f"{by_level['isoform']!r} has isoforms",
            remedy="give all samples at the same level",
        )
    return complete
