"""Conversion of tables deposited by authors to one quantification per sample.

RSEM's ``genes.results`` and ``isoforms.results`` are copied unchanged. The columns of a matrix
are written in RSEM's format, with TPM from, in this order: TPM, FPKM (``FPKM / sum * 1e6``, exact
as both are proportional to count over length: Wagner et al. 2012, 10.1007/s12064-012-0162-3),
or counts with lengths. Values that the source does not have are ``NaN``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from lotwise.acquire.columns import DepositedTable, ValueColumn, ValueKind, is_logarithm, judge
from lotwise.acquire.matching import match_columns, state_columns, suggest_columns
from lotwise.acquire.select import Chosen
from lotwise.errors import InputError
from lotwise.files.atomic import atomic_directory
from lotwise.keys import Level

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

# RSEM's file names, and variants in which a dot is replaced by an underscore or .txt is added.
_RSEM = re.compile(r"[._](genes|isoforms)[._]results(?:\.txt|\.tsv)?(\.gz)?$")
_PREFERENCE: Final[tuple[ValueKind, ...]] = ("tpm", "fpkm", "counts")


def looks_like(name: str) -> str:
    """Return what a supplementary file looks like, judged by its name only.

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


@dataclass(frozen=True)
class SamplePart:
    """What one sample has at one level: the file as it will be written, and its origin.

    ``origin`` describes the file and column, and what the TPM were computed from.
    """

    level: Level
    suffix: str
    body: bytes
    origin: str


def is_rsem(path: Path) -> bool:
    """Return whether a file is RSEM output, judged by its name."""
    return _RSEM.search(path.name) is not None


def rsem_part(path: Path) -> SamplePart:
    """Return RSEM output unchanged.

    Raises
    ------
    InputError
        The name is not one that RSEM uses.
    """
    match = _RSEM.search(path.name)
    if match is None:
        raise InputError(
            "its name does not end in .genes.results or .isoforms.results, as RSEM's files do",
            path=path,
            remedy="rename the file",
        )
    level: Level = "gene" if match[1] == "genes" else "isoform"
    return SamplePart(level, f"{match[1]}.results{match[2] or ''}", path.read_bytes(), path.name)


def quantifier_part(path: Path) -> SamplePart:
    """Return the abundances of kallisto or salmon in RSEM's format.

    Raises
    ------
    InputError
        The file is not the output of a quantifier.
    """
    from lotwise.expression.formats import read_abundance

    level, found = read_abundance(path)
    return _part(
        level,
        features=found.features.to_numpy(),
        genes=None,
        values={
            "length": found.length,
            "effective_length": found.length,
            "expected_count": found.counts,
            "TPM": found.tpm,
            "FPKM": np.full(len(found.tpm), np.nan),
        },
        origin=path.name,
    )


def columns_of(
    table: DepositedTable,
    chosen: Sequence[Chosen],
    *,
    kind: ValueKind | None = None,
    stated: Mapping[str, str] | None = None,
) -> dict[str, ValueColumn]:
    """Return the column of each chosen sample, in the best unit that the table has for all.

    Parameters
    ----------
    table
        The table.
    chosen
        The samples.
    kind
        The unit to use; None uses the first available of TPM, FPKM and counts.
    stated
        Column of each sample, if given in the configuration.

    Raises
    ------
    InputError
        No unit has a column for each sample, or a name matches several columns; the message lists
        samples and columns.
    """
    problems = []
    for group in (kind,) if kind else (*_PREFERENCE[:2], None, _PREFERENCE[2]):
        columns = [
            column
            for column in table.columns
            if column.kind in ({kind, None} if kind else {group})
            and not (is_logarithm(table, column) and len(table.columns) > 1)
        ]
        if not columns:
            continue
        stems = [column.stem for column in columns]
        if stated:
            matched = state_columns([column.name for column in columns], stems, chosen, stated)
        else:
            matched = match_columns(stems, chosen)
            if isinstance(matched, str) and len(columns) == len(chosen) == 1:
                matched = {chosen[0].candidate.accession: 0}
        if isinstance(matched, str):
            problems.append(f"{group or 'no unit in the name'}: {matched}")
            continue
        found = {
            accession: judge(table, columns[place], kind=kind)
            for accession, place in matched.items()
        }
        if table.length is None and any(column.kind == "counts" for column in found.values()):
            raise InputError(
                "has counts but no lengths, so TPM cannot be computed",
                path=table.path,
                remedy="use the route 'reads', or a table with a length column",
            )
        return found
    names = ", ".join(column.name for column in table.columns)
    kinds = [column for column in table.columns if kind in {None, column.kind}]
    best = next((group for group in _PREFERENCE if any(c.kind == group for c in kinds)), None)
    stems = [column.stem for column in kinds if column.kind == best] or [
        column.stem for column in kinds
    ]
    raise InputError(
        f"the columns cannot be matched to samples ({'; '.join(problems) or 'no such unit'}); "
        f"columns: {names}; samples: " + " | ".join(one.candidate.describe() for one in chosen),
        path=table.path,
        remedy="give the column of each sample, and check each pair of sample and column: "
        f"`acquire.deposited.columns: {suggest_columns(stems, chosen)}`",
    )


def column_part(
    table: DepositedTable, column: ValueColumn, *, sum_duplicates: bool = False
) -> SamplePart:
    """Return one sample's column in RSEM's format.

    Parameters
    ----------
    table, column
        The table and the judged column.
    sum_duplicates
        Sum the TPM and counts of features that occur more than once; otherwise raise an error.

    Raises
    ------
    InputError
        Features occur more than once, or TPM cannot be computed.
    """
    kind = column.kind
    if kind is None:
        raise InputError("has not been judged", path=table.path, column=column.name)
    twice = table.frame.index[table.frame.index.duplicated()].unique()
    if len(twice) and not sum_duplicates:
        raise InputError(
            f"{len(twice):,} features occur more than once, such as {', '.join(twice[:5])}",
            path=table.path,
            remedy="to sum their TPM, set `acquire.deposited.duplicates: sum`",
        )
    values = table.frame[column.name].to_numpy(dtype=np.float64)
    nothing = np.full(len(values), np.nan)
    lengths = nothing
    if table.length is not None:
        lengths = table.frame[table.length].to_numpy(dtype=np.float64)
    shared = {
        "length": lengths,
        "effective_length": lengths,
        "expected_count": values if kind == "counts" else nothing,
        "TPM": tpm_from(values, kind, lengths=lengths, table=table),
        "FPKM": values if kind == "fpkm" else nothing,
    }
    features = table.frame.index.to_numpy(dtype=object)
    genes = None if table.gene is None else table.frame[table.gene].to_numpy(dtype=object)
    if len(twice):
        features, genes, shared = _summed(features, genes, shared)
    return _part(
        table.level,
        features=features,
        genes=genes,
        values=shared,
        origin=f"column {column.name} of {table.name}"
        + ("" if kind == "tpm" else f", TPM computed from {kind}"),
    )


def _summed(
    features: npt.NDArray[np.object_],
    genes: npt.NDArray[np.object_] | None,
    values: Mapping[str, npt.NDArray[np.float64]],
) -> tuple[
    npt.NDArray[np.object_], npt.NDArray[np.object_] | None, dict[str, npt.NDArray[np.float64]]
]:
    """Sum the rows of repeated features, in order of first occurrence; lengths are dropped."""
    import pandas as pd

    frame = pd.DataFrame({name: values[name] for name in ("expected_count", "TPM", "FPKM")})
    summed = frame.groupby(features, sort=False).sum(min_count=1)
    nothing = np.full(len(summed), np.nan)
    first = None
    if genes is not None:
        first = pd.Series(genes).groupby(features, sort=False).first().to_numpy(dtype=object)
    return (
        summed.index.to_numpy(dtype=object),
        first,
        {
            "length": nothing,
            "effective_length": nothing,
            **{name: summed[name].to_numpy() for name in frame.columns},
        },
    )


def _part(
    level: Level,
    *,
    features: npt.NDArray[np.object_],
    genes: npt.NDArray[np.object_] | None,
    values: Mapping[str, npt.NDArray[np.float64]],
    origin: str,
) -> SamplePart:
    import pandas as pd

    if level == "gene":
        frame = pd.DataFrame({"gene_id": features, "transcript_id(s)": "", **values})
    else:
        owners = "" if genes is None else genes
        frame = pd.DataFrame(
            {"transcript_id": features, "gene_id": owners, **values, "IsoPct": float("nan")}
        )
    text = _as_text(frame)
    return SamplePart(level, f"{_KINDS[level]}.results", text.encode(), origin)


_KINDS: Final[dict[Level, str]] = {"gene": "genes", "isoform": "isoforms"}


def _as_text(frame: pd.DataFrame) -> str:
    text: str = frame.to_csv(sep="\t", index=False, na_rep="NaN", lineterminator="\n")
    return text


def write_quantification(parts: Sequence[SamplePart], sample: str, folder: Path) -> Path:
    """Write one sample's levels into one folder and return the path of the first.

    The folder name contains the checksum of its content, so that two runs that use different
    tables, columns or units of one series never write to the same folder.

    Parameters
    ----------
    parts
        One per level.
    sample
        Name of the sample.
    folder
        Parent folder of the folders of samples.

    Returns
    -------
    ``folder/SAMPLE-CHECKSUM/SAMPLE.genes.results``, or ``.isoforms.results`` if there are no genes.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> place = Path(mkdtemp())
    >>> one = SamplePart("gene", "genes.results", b"a", "")
    >>> other = SamplePart("gene", "genes.results", b"b", "")
    >>> write_quantification([one], "L1", place) == write_quantification([other], "L1", place)
    False
    """
    ordered = sorted(parts, key=lambda part: part.level)
    digest = hashlib.sha256()
    for part in ordered:
        digest.update(f"{part.suffix} {len(part.body)}\n".encode() + part.body)
    target = folder / f"{sample}-{digest.hexdigest()[:12]}"
    files = [target / f"{sample}.{part.suffix}" for part in ordered]
    whole = all(
        file.is_file() and file.read_bytes() == part.body
        for file, part in zip(files, ordered, strict=True)
    )
    if not whole:
        with atomic_directory(target) as temporary:
            for file, part in zip(files, ordered, strict=True):
                (temporary / file.name).write_bytes(part.body)
    return files[0]


def tpm_from(
    values: npt.NDArray[np.float64],
    kind: ValueKind,
    *,
    lengths: npt.NDArray[np.float64],
    table: DepositedTable,
) -> npt.NDArray[np.float64]:
    """Return the TPM of one sample; TPM are returned unchanged.

    Parameters
    ----------
    values
        One value per feature, all >= 0.
    kind
        Unit of the values.
    lengths
        Length of each feature in bases, required for counts.
    table
        Source of the values, for messages.

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
                f"{int(bad.sum()):,} features have counts, but their length is not above 0",
                path=table.path,
            )
        rates = np.divide(values, lengths, out=np.zeros_like(values), where=values > 0)
    total = rates.sum()
    if not total > 0:
        raise InputError("all values of a sample are zero", path=table.path)
    tpm: npt.NDArray[np.float64] = rates / total * 1e6
    return tpm
