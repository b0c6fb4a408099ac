"""Which files each recorded call of a program read and wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lotwise.evidence.catalogue import input_roles
from lotwise.keys import LEVELS
from lotwise.record.calls import PREPARING, step_of
from lotwise.record.provenance import ANALYSED, OF_QUANTIFICATION, QUANTIFIED, Program, Provenance
from lotwise.tree import (
    COPY,
    FETCHED,
    HISTORY,
    INTAKE,
    SAMPLES,
    STRANDEDNESS,
    VERIFICATION,
    WORKBOOK,
    YIELD,
    ResultTree,
)

_TREE: Final = ResultTree(Path())
_CORRELATION: Final = f"{_TREE.correlation}/"
_EVIDENCE: Final = f"{_TREE.evidence}/"
_H5AD: Final = _TREE.h5ad("{}").as_posix()
_HEATMAP: Final = _TREE.figure("{}", "heatmap").as_posix()
# Inputs that a step of lotwise reads, by role, and earlier outputs that it reads; {} is its level.
_READ: Final[dict[str, tuple[frozenset[str], tuple[str, ...]]]] = {
    "fetch": (frozenset(), ()),
    "check": (frozenset({"sheet of reads", "reads"}), ()),
    "quantify": (QUANTIFIED, ()),
    "expression": (
        frozenset({"sample sheet", *OF_QUANTIFICATION, "transcripts to genes"}),
        (),
    ),
    "correlate": (frozenset(), (_H5AD,)),
    "evidence": (
        frozenset(input_roles()),
        (_H5AD,),
    ),
    "figures": (frozenset(), (_H5AD,)),
    "verdict --register": (frozenset({"acceptance criteria"}), ()),
    "verdict": (frozenset({"acceptance criteria"}), (_CORRELATION, _EVIDENCE)),
    "titrate": (frozenset({"acceptance criteria"}), (f"{_TREE.expression}/",)),
    "verify": (frozenset(), (_CORRELATION,)),
    "workbook": (frozenset(), (_CORRELATION, _EVIDENCE)),
    "compare": (ANALYSED | QUANTIFIED | {"acceptance criteria"}, ()),
}
# Outputs of each step.
_WRITTEN: Final = {
    "fetch": (FETCHED,),
    "check": (INTAKE,),
    "quantify": (YIELD, STRANDEDNESS),
    "expression": (SAMPLES, f"{_TREE.expression}/"),
    "correlate": (_CORRELATION + "{}.",),
    "evidence": (_EVIDENCE + "{}.", _TREE.figure("{}", "").as_posix()),
    "figures": (_HEATMAP, *(_TREE.paper_figure(level).as_posix() for level in LEVELS)),
    "verdict --register": (COPY, HISTORY),
    "verdict": ("verdict",),
    "titrate": tuple(path.as_posix() for path in _TREE.titration_files),
    "verify": (VERIFICATION,),
    "workbook": (WORKBOOK,),
    "compare": ("",),
}
# Files that `lotwise fetch` writes into the folder of the reference.
_REFERENCE: Final = ("transcripts.fa.gz", "annotation.gtf.gz")
# Calls whose tables are joined by another call.
_OF_ONE_SAMPLE: Final = {"reads", "quantify", "index"}


def read_by(program: Program, provenance: Provenance) -> set[str]:
    """Return the files that a call read, by the roles of its step or by its command."""
    if program.name == "lotwise":
        step = step_of(program)
        roles, before = _READ.get(step, (frozenset(), ()))
        if step == "compare" and "criteria" not in program.options:
            roles -= {"acceptance criteria"}
        if step == "evidence" and program.options.get("step") == "figures":
            before = (*before, _EVIDENCE + "{}.")
        starts = tuple(part.format(program.level) for part in before)
        return {item.path for item in provenance.inputs if item.role in roles} | {
            item.path for item in provenance.outputs if item.path.startswith(starts)
        }
    # The working folder of the command is not on record; a relative word is the end of a path.
    words = {f"/{word}" for word in program.command if Path(word).suffix}
    return {
        item.path
        for item in provenance.inputs
        if f"/{item.path}".endswith(tuple(word.replace("//", "/") for word in words))
    }


def written_by(program: Program, provenance: Provenance) -> set[str]:
    """Return the files that a call wrote: outputs, or quantifications that the run read."""
    if program.name != "lotwise":
        # Calls of a sample have its name; those that built an index wrote none of the results.
        return {
            item.path
            for item in provenance.inputs
            if item.role in OF_QUANTIFICATION
            and program.sample is not None
            and f"/{program.sample}/" in f"/{item.path}"
        }
    step, level = step_of(program), program.level
    if program.options.get("step") in _OF_ONE_SAMPLE:
        return set()
    if step == "fetch":
        return _fetched_by(program, provenance)
    parts = _WRITTEN.get(step, ())
    if step == "evidence":
        # Computed and drawn by one call, or by two.
        by_step = {"tables": parts[:1], "figures": parts[1:]}
        parts = by_step.get(str(program.options.get("step")), parts)
    starts = tuple(part.format(level) for part in parts)
    of_others = _written_beside(program, provenance) if step == "compare" else set()
    return {
        item.path
        for item in provenance.outputs
        if item.path.startswith(starts)
        and item.path not in of_others
        and (step != "figures" or level in item.path)
        # They begin like the figures of evidence.
        and (step != "evidence" or not item.path.startswith(_HEATMAP.format(level)))
    }


def _written_beside(compare: Program, provenance: Provenance) -> set[str]:
    """Return what was written by steps that prepared the input of `compare` or followed it."""
    behind = provenance.programs.index(compare) + 1
    others = [
        one
        for place, one in enumerate(provenance.programs)
        if step_of(one) not in {"", "compare"} and (place >= behind or step_of(one) in PREPARING)
    ]
    return {path for one in others for path in written_by(one, provenance)}


def _fetched_by(program: Program, provenance: Provenance) -> set[str]:
    """Return what a call fetched: the reference, or a sheet with the reads or tables of samples."""
    folder = program.options.get("reference_folder")
    if folder:
        targets = tuple(f"/{Path(folder).name}/{name}" for name in _REFERENCE)
        return {item.path for item in provenance.inputs if f"/{item.path}".endswith(targets)}
    fetched = {
        item.path
        for item in provenance.inputs
        if item.source is not None and item.role in {"reads", "quantification"}
    }
    return fetched | {*_WRITTEN["fetch"]}
