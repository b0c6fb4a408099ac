"""The tables that authors deposited, turned into one quantification a sample.

RSEM's ``genes.results`` and ``isoforms.results`` are used as they are. The columns of a matrix
are written in RSEM's form, with TPM from, in this order, TPM, FPKM (``FPKM / sum * 1e6``, exact
as both are proportional to count over length: Wagner et al. 2012, 10.1007/s12064-012-0162-3),
or counts with lengths. What the source does not have is ``NaN`` there.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from lotwise.acquire.columns import DepositedTable, ValueColumn, ValueKind
from lotwise.acquire.select import Chosen
from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path

if TYPE_CHECKING:
    import numpy.typing as npt

_logger = logging.getLogger(__name__)

# RSEM's own names, and what they become where a dot is made an underline or .txt is put behind.
_RSEM = re.compile(r"[._](genes|isoforms)[._]results(?:\.txt|\.tsv)?(\.gz)?$")
_NO_BRACES: Final = str.maketrans("{}", "__")
_TOKEN = re.compile(r"[^\W\d_]+|\d+")
_PREFERENCE: Final[tuple[ValueKind, ...]] = ("tpm", "fpkm", "counts")


def looks_like(name: str) -> str:
    """Say what a supplementary file looks like by its name alone.

    Examples
    --------
    >>> looks_like("GSE7_RAW.tar"), looks_like("GSM1_a.genes.results.gz")
    ('archive', 'RSEM genes results')
    >>> looks_like("GSE7_All_Sample_FPKM_Matrix.txt.gz"), looks_like("GSE7_peaks.bed.gz")
    ('FPKM table', 'other')
    """
    if match := _RSEM.search(name):
        return f"RSEM {match[1]} results"
    lowered = name.lower()
    for pattern, words in (
        (r"\.(tar|tgz|zip)$|\.tar\.gz$", "archive"),
        (r"abundance\.(tsv|h5)", "kallisto abundances"),
        (r"quant(\.genes)?\.sf", "salmon quantification"),
        (r"tpm", "TPM table"),
        (r"[fr]pkm", "FPKM table"),
        (r"count", "counts table"),
        (r"\.xlsx?(\.gz)?$", "workbook"),
    ):
        if re.search(pattern, lowered):
            return words
    return "other"


def rsem_results(files: Iterable[Path], chosen: Sequence[Chosen]) -> dict[str, Path]:
    """Find RSEM's results of each chosen sample by the accession that their names begin with.

    Returns
    -------
    By accession, ``genes.results`` (``isoforms.results`` where there is no other); the reader
    finds the one beside the other, since a file of another name is copied to RSEM's own. Empty
    where no file is of RSEM.

    Raises
    ------
    InputError
        Some samples have such files and others have none, or a sample has several.
    """
    found: dict[str, dict[str, list[Path]]] = {}
    for path in files:
        if match := _RSEM.search(path.name):
            accession = re.split(r"[_.\-]", path.name)[0]
            found.setdefault(accession, {}).setdefault(match[1], []).append(path)
    if not found:
        return {}
    results = {}
    for one in chosen:
        accession = one.candidate.accession
        own = found.get(accession)
        if own is None:
            raise InputError(
                f"there are RSEM results of {', '.join(sorted(found))}, "
                f"none of {one.candidate.describe()}",
                remedy="choose other samples or the route 'reads'",
            )
        for paths in own.values():
            if len(paths) > 1:
                raise InputError(
                    f"{accession} has several: {', '.join(path.name for path in paths)}",
                    remedy="give a sample sheet with the one to use",
                )
        named = {kind: _under_own_name(path) for kind, [path] in own.items()}
        results[accession] = named.get("genes") or named["isoforms"]
    return results


def _under_own_name(path: Path) -> Path:
    """Copy a file of RSEM to the name that RSEM gives, where it has another.

    Snakemake takes braces in a path for wildcards.
    """
    own = path.with_name(_RSEM.sub(r".\1.results\2", path.name).translate(_NO_BRACES))
    if own != path:
        with atomic_path(own) as temporary:
            shutil.copyfile(path, temporary)
    return own


def columns_of(table: DepositedTable, chosen: Sequence[Chosen]) -> dict[str, ValueColumn]:
    """Find the column of each chosen sample, of the best kind that the table has for all.

    Raises
    ------
    InputError
        No kind has a column for each sample, or a name fits several; the message lists
        samples and columns.
    """
    problems = []
    for kind in _PREFERENCE:
        columns = [column for column in table.columns if column.kind == kind]
        if not columns:
            continue
        if kind == "counts" and table.length is None:
            raise InputError(
                "has counts and no lengths, so TPM cannot be computed",
                path=table.path,
                remedy="use the route 'reads', or a table with a length column",
            )
        matched = _match(columns, chosen)
        if isinstance(matched, dict):
            return matched
        problems.append(f"{kind}: {matched}")
    names = ", ".join(column.name for column in table.columns)
    raise InputError(
        f"its columns cannot be told to samples ({'; '.join(problems)}); columns: {names}; "
        "samples: " + " | ".join(one.candidate.describe() for one in chosen),
        path=table.path,
        remedy="rename the columns after the samples, or give a sample sheet",
    )


def write_quantification(
    table: DepositedTable, column: ValueColumn, sample: str, folder: Path
) -> Path:
    """Write one sample's column in RSEM's form and give its path.

    Returns
    -------
    ``folder/SAMPLE/SAMPLE.genes.results`` or ``.isoforms.results``.
    """
    import pandas as pd

    values = table.frame[column.name].to_numpy(dtype=np.float64)
    lengths = np.full(len(values), np.nan)
    if table.length is not None:
        lengths = table.frame[table.length].to_numpy(dtype=np.float64)
    if column.kind != "tpm":
        _logger.warning(
            "%s, column %s: TPM computed from %s", table.path.name, column.name, column.kind
        )
    tpm = tpm_from(values, column.kind, lengths=lengths, table=table)
    ids = table.frame.index
    nothing = np.full(len(values), np.nan)
    shared: Mapping[str, object] = {
        "length": lengths,
        "effective_length": lengths,
        "expected_count": values if column.kind == "counts" else nothing,
        "TPM": tpm,
        "FPKM": values if column.kind == "fpkm" else nothing,
    }
    if table.level == "gene":
        frame = pd.DataFrame({"gene_id": ids, "transcript_id(s)": "", **shared})
    else:
        frame = pd.DataFrame({"transcript_id": ids, "gene_id": "", **shared, "IsoPct": nothing})
    kind = "genes" if table.level == "gene" else "isoforms"
    path = folder / sample / f"{sample}.{kind}.results"
    with atomic_path(path) as temporary:
        frame.to_csv(temporary, sep="\t", index=False, na_rep="NaN", lineterminator="\n")
    return path


def tpm_from(
    values: npt.NDArray[np.float64],
    kind: ValueKind,
    *,
    lengths: npt.NDArray[np.float64],
    table: DepositedTable,
) -> npt.NDArray[np.float64]:
    """Compute TPM of one sample; TPM are given back as they are.

    Parameters
    ----------
    values
        One number a feature, all >= 0.
    kind
        What they are.
    lengths
        Bases a feature, needed for counts.
    table
        Where they are from, for messages.

    Raises
    ------
    InputError
        All values are zero, or a feature with counts has no length above zero.
    """
    if kind == "tpm":
        return values
    rates = values
    if kind == "counts":
        bad = (values > 0) & ~(lengths > 0)
        if bad.any():
            raise InputError(
                f"{int(bad.sum()):,} features have counts and no length above 0", path=table.path
            )
        rates = np.divide(values, lengths, out=np.zeros_like(values), where=values > 0)
    total = rates.sum()
    if not total > 0:
        raise InputError("a sample has nothing but zeros", path=table.path)
    tpm: npt.NDArray[np.float64] = rates / total * 1e6
    return tpm


def _match(
    columns: Sequence[ValueColumn], chosen: Sequence[Chosen]
) -> dict[str, ValueColumn] | str:
    """Match columns to samples one to one, by equal names and then by contained ones.

    Contained is a name with no further digit at its digits and no further letter at its
    letters: "lot 1" is in "lot 1 a", not in "lot 10" and not in "pilot 1".
    """
    matched: dict[str, ValueColumn] = {}
    for one in chosen:
        names = (one.candidate.accession, one.candidate.title, one.batch)
        keys = [key for name in names if (key := _tokens(name))]
        exact = [column for column in columns if _tokens(column.stem) in keys]
        found = exact or [
            column
            for column in columns
            if any(_contains(_tokens(column.stem), key) for key in keys)
        ]
        if not found and len(columns) == len(chosen) == 1:
            found = list(columns)
        if len(found) != 1:
            fitting = ", ".join(column.name for column in found) or "none"
            return f"{one.candidate.accession} {one.candidate.title!r} fits {fitting}"
        matched[one.candidate.accession] = found[0]
    if len({column.name for column in matched.values()}) < len(matched):
        return "one column fits several samples"
    return matched


def _tokens(name: str) -> list[str]:
    """Split a name into words and numbers."""
    return _TOKEN.findall(name.casefold())


def _contains(tokens: Sequence[str], wanted: Sequence[str]) -> bool:
    starts = range(len(tokens) - len(wanted) + 1)
    return any(tokens[start : start + len(wanted)] == wanted for start in starts)
