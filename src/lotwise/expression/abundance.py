"""The content of one sample's quantification, independent of the program."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Quantifier = Literal["rsem", "salmon", "kallisto", "stringtie", "star", "matrix"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Abundance:
    """Abundances of one sample at one level; every array and series has one value per feature.

    Attributes
    ----------
    quantifier
        The program that wrote it.
    path
        The file from which it was read.
    features
        Identifiers, shape ``(n_features,)``, unique.
    tpm
        Transcripts per million.
    counts, length
        Estimated counts and effective length in bases; NaN if the file has none.
    fpkm
        Fragments per kilobase and million, if the file has them (RSEM).
    genes
        Gene of each isoform, if the file has it.
    bootstrap_counts
        Estimated counts of each bootstrap, shape ``(n_bootstraps, n_features)``.
    part_tpm
        TPM of the parts of the reads that lotwise quantified separately, shape
        ``(6, n_features)``, in the order of :data:`lotwise.keys.PARTS`; None if there are none.
    tpm_column, counts_column
        Names of these columns in the file, for messages.
    symbols
        Symbol of each feature's gene, empty if the file has none.
    first_row
        Row of the first feature in the file, for messages; None if features are not rows.
    """

    quantifier: Quantifier
    path: Path
    features: pl.Series
    tpm: Floats
    counts: Floats
    length: Floats
    fpkm: Floats | None = None
    genes: pl.Series | None = None
    bootstrap_counts: npt.NDArray[np.float32] | None = field(default=None, repr=False)
    part_tpm: npt.NDArray[np.float32] | None = field(default=None, repr=False)
    tpm_column: str | None = None
    counts_column: str | None = None
    symbols: pl.Series | None = None
    first_row: int | None = None

    def row_of(self, feature: int) -> int | None:
        """Return the row of a feature in the file, counting the header."""
        return None if self.first_row is None else feature + self.first_row
