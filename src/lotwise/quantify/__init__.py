"""Transcript abundances from reads: the quantifiers and the checks before and after them.

:func:`quantify_samples` does the whole: it checks the reads, infers the strandedness, builds or
finds the index, runs the quantifier and checks its output.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lotwise.quantify.base import Abundance, Job, Quantifier
    from lotwise.quantify.intake import check_apart, check_samples, join_checked
    from lotwise.quantify.judgement import judge_samples
    from lotwise.quantify.kallisto import Kallisto
    from lotwise.quantify.pipeline import (
        Settings,
        prepare_index,
        quantify_apart,
        quantify_checked,
        quantify_parts,
        quantify_samples,
    )
    from lotwise.quantify.quant_qc import Yield, judge_yields, require_usable
    from lotwise.quantify.reads_qc import Intake, check_reads, require_passed
    from lotwise.quantify.reference import Prepared, Reference, prepare_reference
    from lotwise.quantify.rsem import Rsem
    from lotwise.quantify.salmon import Salmon
    from lotwise.quantify.selection import make_quantifier
    from lotwise.quantify.strandedness import Strand, infer_strandedness

# Name -> module. Modules are imported on first use, because rules of the workflow need the
# version of a quantifier only.
_HOLDERS: Final = {
    "Abundance": "base",
    "Intake": "reads_qc",
    "Job": "base",
    "Kallisto": "kallisto",
    "Prepared": "reference",
    "Quantifier": "base",
    "Reference": "reference",
    "Rsem": "rsem",
    "Salmon": "salmon",
    "Settings": "pipeline",
    "Strand": "strandedness",
    "Yield": "quant_qc",
    "check_apart": "intake",
    "check_reads": "reads_qc",
    "check_samples": "intake",
    "infer_strandedness": "strandedness",
    "join_checked": "intake",
    "judge_samples": "judgement",
    "judge_yields": "quant_qc",
    "make_quantifier": "selection",
    "prepare_index": "pipeline",
    "prepare_reference": "reference",
    "quantify_apart": "pipeline",
    "quantify_checked": "pipeline",
    "quantify_parts": "pipeline",
    "quantify_samples": "pipeline",
    "require_passed": "reads_qc",
    "require_usable": "quant_qc",
}

__all__ = [
    "Abundance",
    "Intake",
    "Job",
    "Kallisto",
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
    "make_quantifier",
    "prepare_index",
    "prepare_reference",
    "quantify_apart",
    "quantify_checked",
    "quantify_parts",
    "quantify_samples",
    "require_passed",
    "require_usable",
]


def __getattr__(name: str) -> object:
    if name in _HOLDERS:
        return getattr(importlib.import_module(f"lotwise.quantify.{_HOLDERS[name]}"), name)
    msg = f"module 'lotwise.quantify' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
