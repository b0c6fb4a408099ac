"""Location of a sample's quantification: a file, an output folder, or an RSEM prefix."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Final, NamedTuple

from lotwise.errors import InputError
from lotwise.expression.packed import missing_file

_GENES: Final = ".genes.results"
_ISOFORMS: Final = ".isoforms.results"
# In this order: text is faster to read; the HDF5 file is needed for bootstraps.
_TRANSCRIPT_FILES: Final = ("quant.sf", "abundance.tsv", "abundance.h5")


class QuantFiles(NamedTuple):
    """The files of one sample, at least one of the two; a single file is in ``isoform``."""

    gene: Path | None
    isoform: Path | None


def locate(quant: Path, *, bootstraps: bool = False) -> QuantFiles:
    """Return the files that ``quant`` refers to.

    Parameters
    ----------
    quant
        A file; the output folder of salmon, kallisto or RSEM; or the prefix given to RSEM. RSEM's
        gene and isoform files are found beside each other.
    bootstraps
        Prefer kallisto's ``abundance.h5`` to its ``abundance.tsv``.

    Raises
    ------
    InputError
        Nothing was found, or more than one sample.
    """
    if quant.is_dir():
        return _in_directory(quant, bootstraps=bootstraps)
    if quant.is_file():
        return _beside(quant)
    if quant.is_fifo():
        return QuantFiles(None, quant)  # an error is raised when it is opened
    gene, isoform = _either(quant, _GENES), _either(quant, _ISOFORMS)
    if gene is None and isoform is None:
        raise missing_file(
            quant,
            f"no such file, directory or RSEM prefix ({quant.name}{_GENES} does not exist)",
            "correct the column quant of the sample sheet; "
            "its paths are relative to the folder of the sheet",
        )
    return QuantFiles(gene, isoform)


def names_genes(quant: Path) -> bool:
    """Return whether a quantification contains the genes of its isoforms, or needs none.

    RSEM's isoforms have their genes in a column, GENCODE's transcripts in their names.

    Raises
    ------
    InputError
        The quantification does not exist.
    """
    found = locate(quant).isoform
    if found is None or found.name.endswith(".h5"):
        return found is None
    with (gzip.open if found.suffix == ".gz" else open)(found, "rt", encoding="utf-8") as lines:
        header = lines.readline().rstrip("\n").split("\t")
        first = lines.readline().rstrip("\n").split("\t")
    if header[:1] == ["gene_id"]:
        return True
    if "gene_id" in header:
        return len(first) == len(header) and first[header.index("gene_id")] != ""
    return "|" in first[0]


def _in_directory(directory: Path, *, bootstraps: bool) -> QuantFiles:
    _refuse_two_programs(directory)
    names = reversed(_TRANSCRIPT_FILES) if bootstraps else _TRANSCRIPT_FILES
    for name in names:
        found = _either(directory / name, "")
        if found is not None:
            return QuantFiles(None, found)
    gene, isoform = _only(directory, _GENES), _only(directory, _ISOFORMS)
    if gene is None and isoform is None:
        raise InputError(
            f"contains none of {', '.join(_TRANSCRIPT_FILES)}, *{_GENES}, *{_ISOFORMS}",
            path=directory,
            remedy="give the folder that salmon, kallisto or RSEM wrote for this sample",
        )
    return QuantFiles(gene, isoform)


def _refuse_two_programs(directory: Path) -> None:
    """Raise an error if a folder has the output of two programs: the choice would be a guess."""
    found = {
        "salmon": _either(directory / "quant.sf", ""),
        "kallisto": _either(directory / "abundance.tsv", "")
        or _either(directory / "abundance.h5", ""),
        "RSEM": _only(directory, _ISOFORMS) or _only(directory, _GENES),
    }
    present = {program: path.name for program, path in found.items() if path}
    if len(present) > 1:
        raise InputError(
            "contains the output of two programs: "
            + " and ".join(f"{name} of {program}" for program, name in present.items()),
            path=directory,
            remedy="give one of the two files instead",
        )


def _beside(file: Path) -> QuantFiles:
    for ending, other in ((_GENES, _ISOFORMS), (_ISOFORMS, _GENES)):
        for suffix in ("", ".gz"):
            if file.name.endswith(ending + suffix):
                stem = file.with_name(file.name.removesuffix(ending + suffix))
                beside = _either(stem, other)
                pair = (file, beside) if ending == _GENES else (beside, file)
                return QuantFiles(*pair)
    return QuantFiles(None, file)


def _either(stem: Path, ending: str) -> Path | None:
    for suffix in ("", ".gz"):
        candidate = stem.with_name(stem.name + ending + suffix)
        if candidate.is_file():
            return candidate
    return None


def _only(directory: Path, ending: str) -> Path | None:
    found = sorted(
        path
        for path in directory.iterdir()
        if path.name.endswith((ending, f"{ending}.gz")) and path.is_file()
    )
    if len({path.name.removesuffix(".gz") for path in found}) > 1:
        raise InputError(
            f"contains {len(found)} files *{ending}: {', '.join(path.name for path in found[:3])}",
            path=directory,
            remedy="give the file or the prefix of this sample",
        )
    return found[0] if found else None
