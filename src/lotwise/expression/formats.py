"""Files of RSEM, salmon and kallisto, recognised by their columns.

Sources: the RSEM, salmon and kallisto manuals' descriptions of
``sample.genes.results``, ``sample.isoforms.results``, ``quant.sf`` and
``abundance.tsv``/``abundance.h5``.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from lotwise.errors import InputError
from lotwise.expression.abundance import Abundance, Floats, Quantifier
from lotwise.expression.bootstraps import read_salmon_bootstraps
from lotwise.expression.declared import UNREADABLE, require_plausible
from lotwise.expression.halves import read_parts
from lotwise.expression.identifiers import level_by_names, split_appended
from lotwise.expression.layout import Layout, layout_of
from lotwise.expression.other_programs import refuse_other_programs
from lotwise.expression.packed import HDF5_MAGIC, read_bytes, read_head
from lotwise.expression.text import floats_of, read_columns, require_columns
from lotwise.keys import Level

if TYPE_CHECKING:
    import h5py


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """The columns of one program's file.

    Rows whose feature begins with one of ``summary_rows`` are not features.
    """

    quantifier: Quantifier
    level: Level
    what: str
    feature: str
    tpm: str
    counts: str
    length: str | None = None
    fpkm: str | None = None
    gene: str | None = None
    symbol: str | None = None
    summary_rows: str | None = None

    @property
    def floats(self) -> tuple[str, ...]:
        """The numeric columns."""
        return tuple(name for name in (self.tpm, self.counts, self.length, self.fpkm) if name)

    @property
    def strings(self) -> tuple[str, ...]:
        """The text columns."""
        return tuple(name for name in (self.feature, self.gene, self.symbol) if name)


FORMATS: Final = (
    Format(
        quantifier="rsem",
        level="isoform",
        what="RSEM's isoforms.results",
        feature="transcript_id",
        gene="gene_id",
        length="effective_length",
        counts="expected_count",
        tpm="TPM",
        fpkm="FPKM",
    ),
    Format(
        quantifier="rsem",
        level="gene",
        what="RSEM's genes.results",
        feature="gene_id",
        length="effective_length",
        counts="expected_count",
        tpm="TPM",
        fpkm="FPKM",
    ),
    Format(
        quantifier="salmon",
        level="isoform",
        what="salmon's quant.sf",
        feature="Name",
        length="EffectiveLength",
        counts="NumReads",
        tpm="TPM",
    ),
    Format(
        quantifier="kallisto",
        level="isoform",
        what="kallisto's abundance.tsv",
        feature="target_id",
        length="eff_length",
        counts="est_counts",
        tpm="tpm",
    ),
    Format(
        quantifier="star",
        level="gene",
        what="GDC's augmented STAR counts",
        feature="gene_id",
        symbol="gene_name",
        counts="unstranded",
        tpm="tpm_unstranded",
        fpkm="fpkm_unstranded",
        summary_rows="N_",
    ),
    Format(
        quantifier="stringtie",
        level="gene",
        what="StringTie's gene abundances",
        feature="Gene ID",
        symbol="Gene Name",
        counts="",
        tpm="TPM",
        fpkm="FPKM",
    ),
)


def recognise(path: Path, layout: Layout) -> Format | None:
    """Return the format with this header; None if it is unknown.

    Raises
    ------
    InputError
        The header is almost that of a known file, but a column is missing or has another name;
        or it is that of a file without TPM.
    """
    header = set(layout.header)
    for item in FORMATS:
        if {*item.strings, *item.floats} <= header:
            return item
    refuse_other_programs(path, layout)
    likeness = {item.what: len(header & {*item.strings, *item.floats}) for item in FORMATS}
    nearest = max(FORMATS, key=lambda item: likeness[item.what])
    if likeness[nearest.what] >= 3:
        require_columns(path, layout.header, [*nearest.strings, *nearest.floats], what=nearest.what)
    return None


def is_quantification(path: Path) -> bool:
    """Return whether a file is a quantifier's output rather than a matrix of samples."""
    head = read_head(path)
    if head.startswith(HDF5_MAGIC):
        import h5py

        try:
            with path.open("rb") as raw:
                # Only two names are read: a file with bootstraps is not read completely, except
                # if it is compressed.
                plain = raw.read(len(HDF5_MAGIC)) == HDF5_MAGIC
                with h5py.File(raw if plain else BytesIO(read_bytes(path)), "r") as store:
                    return "est_counts" in store and "aux" in store
        except UNREADABLE as error:
            raise InputError(
                f"is a damaged HDF5 file ({error})", path=path, remedy="download or copy it again"
            ) from None
    return recognise(path, layout_of(path, head)) is not None


# Quantifiers that `lotwise quantify` runs on parts of the reads too.
_IN_PARTS: Final = frozenset({"kallisto", "salmon"})


def read_abundance(path: Path, *, bootstraps: bool = False) -> tuple[Level, Abundance]:
    """Read one quantification, recognised by its content.

    Parameters
    ----------
    path
        RSEM's ``genes.results`` or ``isoforms.results``, salmon's ``quant.sf``, or
        kallisto's ``abundance.tsv`` or ``abundance.h5``, each plain or gzipped.
    bootstraps
        Read the bootstraps in kallisto's ``abundance.h5``, or those that salmon stored beside
        ``quant.sf``.

    Returns
    -------
    The level of the features, and their abundances.

    Raises
    ------
    InputError
        The file cannot be read, is not of one of these programs, or a row is malformed.
    """
    raw = read_bytes(path)
    if raw.startswith(HDF5_MAGIC):
        read = _read_kallisto_h5(path, raw, bootstraps=bootstraps)
        return level_by_names(read.features) or "isoform", read
    layout = layout_of(path, raw)
    found = recognise(path, layout)
    if found is None:
        raise InputError(
            f"is not one of {', '.join(item.what for item in FORMATS)}; the columns of the file "
            "are "
            f"{', '.join(map(repr, layout.header[:8]))}",
            path=path,
            row=layout.first_row - 1,
            remedy="give the output of one of these programs",
        )
    table = read_columns(
        path,
        layout,
        strings=found.strings,
        floats=found.floats,
        may_be_blank=found.summary_rows is not None,
    )
    first_row = layout.first_row
    if found.summary_rows:
        n_rows = table.height
        table = table.filter(~pl.col(found.feature).str.starts_with(found.summary_rows))
        first_row += n_rows - table.height
    drawn = None
    if bootstraps and found.quantifier == "salmon":
        drawn = read_salmon_bootstraps(path, table[found.feature])
    unknown = np.full(table.height, np.nan)
    features, genes = table[found.feature], table[found.gene] if found.gene else None
    if genes is not None and not (genes != "").any():
        genes = None  # such as a deposited table of isoforms without genes
    parts = read_parts(path, features) if found.quantifier in _IN_PARTS else None
    symbols = table[found.symbol] if found.symbol else None
    if appended := split_appended(features):
        features = appended.features
        symbols = appended.symbols if found.level == "gene" else symbols
    if genes is not None and (appended := split_appended(genes)):
        genes, symbols = appended.features, appended.symbols
    level = _level_of(path, found, features)
    if level == "gene":
        genes = None  # the rows are the genes, whatever a column of genes repeats
    return level, Abundance(
        quantifier=found.quantifier,
        path=path,
        features=features,
        tpm=floats_of(table, found.tpm),
        counts=floats_of(table, found.counts) if found.counts else unknown,
        length=floats_of(table, found.length) if found.length else unknown,
        fpkm=floats_of(table, found.fpkm) if found.fpkm else None,
        genes=genes,
        symbols=symbols,
        tpm_column=found.tpm,
        counts_column=found.counts or None,
        first_row=first_row,
        bootstrap_counts=drawn,
        part_tpm=parts,
    )


def _level_of(path: Path, found: Format, features: pl.Series) -> Level:
    """Return the level of a file by its features if they show it, else by its program.

    The programs quantify any sequences, and salmon writes gene sums in a file with the same
    columns.
    """
    if found.quantifier == "salmon" and path.name.startswith("quant.genes.sf"):
        return "gene"
    # RSEM without genes treats transcripts as genes; this is reported when levels are combined.
    return found.level if found.level == "gene" else level_by_names(features) or found.level


def _read_kallisto_h5(path: Path, raw: bytes, *, bootstraps: bool) -> Abundance:
    import h5py

    try:
        require_plausible(path, BytesIO(raw))
        with h5py.File(BytesIO(raw), "r") as store:
            features = pl.Series([name.decode() for name in store["aux/ids"][:]], dtype=pl.String)
            counts = store["est_counts"][:].astype(np.float64)
            length = store["aux/eff_lengths"][:].astype(np.float64)
            drawn = _bootstrap_counts(store) if bootstraps else None
    except UNREADABLE as error:
        raise InputError(
            f"is not kallisto's abundance.h5 ({error})",
            path=path,
            remedy="run kallisto quant again or give kallisto's abundance.tsv",
        ) from None
    return Abundance(
        quantifier="kallisto",
        path=path,
        features=features,
        tpm=tpm_of_counts(counts, length),
        counts=counts,
        length=length,
        bootstrap_counts=drawn,
        part_tpm=read_parts(path, features),
    )


def _bootstrap_counts(store: h5py.File) -> np.ndarray[tuple[int, int], np.dtype[np.float32]] | None:
    if "bootstrap" not in store or not len(store["bootstrap"]):
        return None
    group = store["bootstrap"]
    return np.stack([group[f"bs{number}"][:] for number in range(len(group))]).astype(np.float32)


def tpm_of_counts(counts: Floats, length: Floats) -> Floats:
    """Return transcripts per million from counts and effective lengths (Li & Dewey 2011, 12:323).

    The last axis runs over features. If all counts are zero the result is NaN: nothing was
    sequenced, so that fractions are not defined.

    Examples
    --------
    >>> tpm_of_counts(np.array([10.0, 30.0]), np.array([100.0, 300.0]))
    array([500000., 500000.])
    """
    rate = np.divide(counts, length, out=np.zeros_like(counts), where=length > 0)
    total = rate.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        tpm: Floats = rate / total * 1e6
    return tpm
