"""Tables of other programs without TPM, recognised so that the error can say what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from lotwise.errors import InputError
from lotwise.expression.layout import Layout

_COUNTS: Final = (
    "counts are not TPM: give the TPM of the same run, or quantify with salmon, kallisto or RSEM"
)
_FPKM: Final = "convert with TPM = FPKM / sum(FPKM) * 1e6 and give a matrix of TPM"


class OtherProgram(NamedTuple):
    """A table that is refused: its name, how it is recognised, and what to do."""

    what: str
    is_it: Callable[[Layout], bool]
    remedy: str


def _has(*columns: str) -> Callable[[Layout], bool]:
    wanted = set(columns)
    return lambda layout: wanted <= set(layout.header)


def _begins(*cells: str) -> Callable[[Layout], bool]:
    return lambda layout: layout.header[: len(cells)] == cells


def _first_line(layout: Layout) -> Sequence[str]:
    return layout.comments[:1]


OTHER_PROGRAMS: Final = (
    OtherProgram(
        "featureCounts' table of counts",
        lambda layout: (
            any("featureCounts" in line for line in _first_line(layout))
            or {"Geneid", "Chr", "Start", "End", "Strand", "Length"} <= set(layout.header)
        ),
        _COUNTS,
    ),
    OtherProgram("STAR's ReadsPerGene.out.tab", _begins("N_unmapped"), _COUNTS),
    OtherProgram(
        "a table of counts by HTSeq",
        lambda layout: b"\n__no_feature\t" in layout.text[-2000:],
        _COUNTS,
    ),
    OtherProgram("oarfish's table of counts", _has("tname", "len", "num_reads"), _COUNTS),
    OtherProgram("Cufflinks' table of FPKM", _has("tracking_id", "FPKM"), _FPKM),
    OtherProgram(
        "StringTie's t_data.ctab, which has no TPM",
        _has("t_id", "t_name", "FPKM"),
        "run stringtie with -A and give its gene table, or a TPM matrix made from its GTF files",
    ),
    OtherProgram(
        "a table of differential expression",
        _has("baseMean", "log2FoldChange"),
        "give the TPM of the samples",
    ),
    OtherProgram(
        "a table of differential expression", _has("logFC", "logCPM"), "give the TPM of the samples"
    ),
)


def refuse_other_programs(path: Path, layout: Layout) -> None:
    """Raise an error for a table that is known to contain no TPM.

    Raises
    ------
    InputError
        The message gives the program and what to do.
    """
    for program in OTHER_PROGRAMS:
        if program.is_it(layout):
            raise InputError(f"is {program.what}", path=path, remedy=program.remedy)
