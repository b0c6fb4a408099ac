"""TPM of parts of a sample's reads, which lotwise leaves beside a quantification."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from polars.exceptions import PolarsError

from lotwise.errors import InputError
from lotwise.keys import PARTS
from lotwise.tree import halves_of


def read_parts(quant: Path, features: pl.Series) -> npt.NDArray[np.float32] | None:
    """Read the parts of one sample.

    Parameters
    ----------
    quant
        File of the quantification of all reads.
    features
        Its features.

    Returns
    -------
    TPM, shape ``(6, n_features)``, in the order of ``features``; None where there are none, or
    none could be made.

    Raises
    ------
    InputError
        The file cannot be read, or is of other features.
    """
    path = halves_of(quant.parent)
    if not path.is_file():
        return None
    again = "remove the file, or run `lotwise quantify` again"
    try:
        table = pl.read_parquet(path, columns=["feature", *PARTS])
    except (PolarsError, OSError) as error:
        words = str(error).splitlines()[0]
        raise InputError(
            f"was not written by lotwise, or is damaged ({words})", path=path, remedy=again
        ) from None
    if table.is_empty():
        return None
    if not table["feature"].equals(features):
        place = {name: row for row, name in enumerate(table["feature"].to_list())}
        rows = [place[name] for name in features.to_list() if name in place]
        if not table.height == len(features) == len(rows):
            raise InputError(
                f"contains {table.height:,} features, but they are not the same as the "
                f"{len(features):,} features of {quant.name}",
                path=path,
                remedy=again,
            )
        table = table[rows]
    return np.ascontiguousarray(table.select(list(PARTS)).to_numpy().T, dtype=np.float32)
