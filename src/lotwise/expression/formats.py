"""The files that RSEM, salmon and kallisto write, recognised by their columns.

Sources: the RSEM, salmon and kallisto manuals' descriptions of
``sample.genes.results``, ``sample.isoforms.results``, ``quant.sf`` and
``abundance.tsv``/``abundance.h5``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from lotwise.errors import InputError
from lotwise.expression.abundance import Abundance, Floats, Quantifier
from lotwise.expression.bootstraps import read_salmon_bootstraps
from lotwise.expression.text import (
    floats_of,
    header_of,
    read_bytes,
    read_head,
    read_text,
    require_columns,
)
from lotwise.keys import Level

if TYPE_CHECKING:
    import h5py

_HDF5_MAGIC: Final = b"\x89HDF\r\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """Which columns of one program's file hold what."""

    quantifier: Quantifier
    level: Level
    what: str
    feature: str
    tpm: str
    counts: str
    length: str
    fpkm: str | None = None
    gene: str | None = None

    @property
    def floats(self) -> tuple[str, ...]:
        """The columns that hold numbers."""
        return tuple(name for name in (self.tpm, self.counts, self.length, self.fpkm) if name)

    @property
    def strings(self) -> tuple[str, ...]:
        """The columns that hold text."""
        return tuple(name for name in (self.feature, self.gene) if name)


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
)


def recognise(path: Path, header: Sequence[str]) -> Format | None:
    """Find whose file has this header; None where it is none of the known ones.

    Raises
    ------
    InputError
        The header is nearly that of a known file: a column is missing or named
        otherwise, or the separator is wrong.
    """
    words = {word for cell in header for word in cell.replace(";", " ").split()}
    likeness = {item.what: len(words & {*item.strings, *item.floats}) for item in FORMATS}
    for item in FORMATS:
        if {*item.strings, *item.floats} <= set(header):
            return item
    nearest = max(FORMATS, key=lambda item: likeness[item.what])
    if likeness[nearest.what] >= 3:
        require_columns(path, header, [*nearest.strings, *nearest.floats], what=nearest.what)
    return None


def is_quantification(path: Path) -> bool:
    """Tell whether a file is a quantifier's own rather than a matrix of samples."""
    head = read_head(path)
    if head.startswith(_HDF5_MAGIC):
        import h5py

        try:
            with path.open("rb") as raw:
                # Two names are looked at: a file of bootstraps is not read whole for that, but
                # where it is packed there is no other way.
                plain = raw.read(len(_HDF5_MAGIC)) == _HDF5_MAGIC
                with h5py.File(raw if plain else BytesIO(read_bytes(path)), "r") as store:
                    return "est_counts" in store and "aux" in store
        except OSError as error:
            raise InputError(
                f"is a damaged HDF5 file ({error})", path=path, remedy="fetch or copy it again"
            ) from None
    return recognise(path, header_of(path, head)) is not None


def read_abundance(path: Path, *, bootstraps: bool = False) -> tuple[Level, Abundance]:
    """Read one quantification, recognised by its content.

    Parameters
    ----------
    path
        RSEM's ``genes.results`` or ``isoforms.results``, salmon's ``quant.sf``, or
        kallisto's ``abundance.tsv`` or ``abundance.h5``, each plain or gzipped.
    bootstraps
        Keep the bootstraps that kallisto's ``abundance.h5`` holds, or that salmon left
        beside ``quant.sf``.

    Returns
    -------
    The level of the features, and their abundances.

    Raises
    ------
    InputError
        The file cannot be read, is of none of these programs, or a row is malformed.
    """
    raw = read_bytes(path)
    if raw.startswith(_HDF5_MAGIC):
        return "isoform", _read_kallisto_h5(path, raw, bootstraps=bootstraps)
    header = header_of(path, raw)
    found = recognise(path, header)
    if found is None:
        raise InputError(
            f"is none of {', '.join(item.what for item in FORMATS)}; its columns are "
            f"{', '.join(map(repr, header[:8]))}",
            path=path,
            row=1,
            remedy="name a quantification that one of these programs wrote",
        )
    table = read_text(path, raw, strings=found.strings, floats=found.floats)
    genes = table[found.gene] if found.gene else None
    if genes is not None and not (genes != "").any():
        genes = None  # as of a deposited table of isoforms that names none
    drawn = None
    if bootstraps and found.quantifier == "salmon":
        drawn = read_salmon_bootstraps(path, table[found.feature])
    return found.level, Abundance(
        quantifier=found.quantifier,
        path=path,
        features=table[found.feature],
        tpm=floats_of(table, found.tpm),
        counts=floats_of(table, found.counts),
        length=floats_of(table, found.length),
        fpkm=floats_of(table, found.fpkm) if found.fpkm else None,
        genes=genes,
        tpm_column=found.tpm,
        counts_column=found.counts,
        in_rows=True,
        bootstrap_counts=drawn,
    )


def _read_kallisto_h5(path: Path, raw: bytes, *, bootstraps: bool) -> Abundance:
    import h5py

    try:
        with h5py.File(BytesIO(raw), "r") as store:
            features = pl.Series([name.decode() for name in store["aux/ids"][:]], dtype=pl.String)
            counts = store["est_counts"][:].astype(np.float64)
            length = store["aux/eff_lengths"][:].astype(np.float64)
            drawn = _bootstrap_counts(store) if bootstraps else None
    except (KeyError, OSError) as error:
        raise InputError(
            f"is not kallisto's abundance.h5 ({error})",
            path=path,
            remedy="run kallisto quant again or name its abundance.tsv",
        ) from None
    return Abundance(
        quantifier="kallisto",
        path=path,
        features=features,
        tpm=tpm_of_counts(counts, length),
        counts=counts,
        length=length,
        bootstrap_counts=drawn,
    )


def _bootstrap_counts(store: h5py.File) -> np.ndarray[tuple[int, int], np.dtype[np.float32]] | None:
    if "bootstrap" not in store or not len(store["bootstrap"]):
        return None
    group = store["bootstrap"]
    return np.stack([group[f"bs{number}"][:] for number in range(len(group))]).astype(np.float32)


def tpm_of_counts(counts: Floats, length: Floats) -> Floats:
    """Transcripts per million from counts and effective lengths (Li & Dewey 2011, 12:323).

    The last axis runs over features. All zero counts give NaN: nothing was
    sequenced, so no share is defined.

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
