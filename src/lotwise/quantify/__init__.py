"""Reads to transcript abundances: the quantifiers and the intake gate.

:func:`quantify_samples` does the whole: it checks the reads, infers the strandedness,
builds or finds the index, runs the quantifier and judges what it made of the reads.
"""

from lotwise.quantify.base import Abundance, Job, Quantifier
from lotwise.quantify.kallisto import Kallisto
from lotwise.quantify.pipeline import (
    Settings,
    check_apart,
    check_samples,
    join_checked,
    judge_samples,
    prepare_index,
    quantify_checked,
    quantify_samples,
    write_quant_sheet,
)
from lotwise.quantify.quant_qc import Limits, Yield, judge_yields, require_usable
from lotwise.quantify.reads_qc import Intake, check_reads, require_passed
from lotwise.quantify.reference import Prepared, Reference, prepare_reference
from lotwise.quantify.rsem import Rsem
from lotwise.quantify.salmon import Salmon
from lotwise.quantify.strandedness import Strand, infer_strandedness

__all__ = [
    "Abundance",
    "Intake",
    "Job",
    "Kallisto",
    "Limits",
    "Prepared",
    "Quantifier",
    "Reference",
    "Rsem",
    "Salmon",
    "Settings",
    "Strand",
    "Yield",
    "check_apart",
    "check_reads",
    "check_samples",
    "infer_strandedness",
    "join_checked",
    "judge_samples",
    "judge_yields",
    "prepare_index",
    "prepare_reference",
    "quantify_checked",
    "quantify_samples",
    "require_passed",
    "require_usable",
    "write_quant_sheet",
]
