"""The record of a run as an RO-Crate: ``ro-crate-metadata.json`` beside the results.

Made from ``provenance.json`` by the RO-Crate library, after RO-Crate 1.1
(https://w3id.org/ro/crate/1.1) and the profile Process Run Crate 0.5
(https://w3id.org/ro/wfrun/process/0.5): results and inputs are files with checksums, each call of
a program is an action with its command line.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from lotwise.atomic import atomic_path
from lotwise.provenance import (
    PROVENANCE,
    InputFile,
    OutputFile,
    Program,
    Provenance,
    read_provenance,
)
from lotwise.quantify.cache import checksum

if TYPE_CHECKING:
    from rocrate.model.contextentity import ContextEntity
    from rocrate.rocrate import ROCrate

CRATE: Final = "ro-crate-metadata.json"
_PROFILE: Final = "https://w3id.org/ro/wfrun/process/0.5"
# RO-Crate 1.1 has no word for a checksum of this kind; the profiles of workflow runs have.
_TERMS: Final = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
_COMPLETED: Final = "http://schema.org/CompletedActionStatus"
_NO_LICENCE: Final = "No licence was stated for these results: ask those who made them."
# Made from the record, and so not in it.
_MADE_LATER: Final = (PROVENANCE, "report.html")
# What a step of lotwise writes, by its name; {} is its level.
_WRITTEN: Final = {
    "check": ("intake.tsv",),
    "quantify": ("yield.tsv", "strandedness.tsv"),
    "expression": ("samples.tsv", "expression/"),
    "correlate": ("correlation/{}.",),
    "evidence": ("evidence/{}.", "figures/{}_"),
    "figures": ("figures/{}_heatmap", "figures/extended_data_fig"),
    "compare": ("",),
}
# Calls whose tables another call joins.
_OF_ONE_SAMPLE: Final = {("--step", "reads"), ("--step", "quantify"), ("--step", "index")}
_MEDIA_TYPES: Final = {
    ".csv": "text/csv",
    ".gz": "application/gzip",
    ".h5": "application/x-hdf5",
    ".h5ad": "application/x-hdf5",
    ".html": "text/html",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tsv": "text/tab-separated-values",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def write_crate(results: Path, *, name: str | None = None, licence: str | None = None) -> Path:
    """Write ``ro-crate-metadata.json`` into a folder of results.

    Parameters
    ----------
    results
        Folder of the results, with ``provenance.json``.
    name
        Title of the crate.
    licence
        Address of the licence of the results; without one the crate says that none was stated.

    Returns
    -------
    The file.

    Raises
    ------
    InputError
        The record is missing or damaged.
    """
    provenance = read_provenance(results)
    later = [
        OutputFile(path=file, bytes=path.stat().st_size, sha256=checksum(path))
        for file in _MADE_LATER
        if (path := results / file).is_file()
    ]
    crate = make_crate(provenance, later=later, name=name, licence=licence)
    with atomic_path(results / CRATE) as temporary:
        text = json.dumps(crate.metadata.generate(), indent=1, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")
    return results / CRATE


def make_crate(
    provenance: Provenance,
    *,
    later: list[OutputFile],
    name: str | None = None,
    licence: str | None = None,
) -> ROCrate:
    """Describe a run, and the files that were made of its record, as an RO-Crate."""
    from rocrate.rocrate import ROCrate

    crate = ROCrate(version="1.1")
    crate.metadata.extra_terms.update(_TERMS)
    crate.name = name or "Comparison of manufacturing batches by lotwise"
    crate.description = (
        "Correlations between batches and what stands beside them, by lotwise "
        f"{provenance.lotwise.version}; {PROVENANCE} says how they were made."
    )
    crate.datePublished = provenance.ended
    text = {"@type": "CreativeWork", "name": licence or _NO_LICENCE}
    crate.license = _context(crate, licence or "#no-licence-stated", text)
    profile = {"@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    crate.root_dataset["conformsTo"] = _context(crate, _PROFILE, profile)
    inputs = {item.path: _add_input(crate, item) for item in provenance.inputs}
    outputs = {item.path: _add_output(crate, item) for item in provenance.outputs}
    for item in later:
        _add_output(crate, item)
    calls = [
        _add_call(crate, program, number, inputs, outputs)
        for number, program in enumerate(provenance.programs, start=1)
    ]
    crate.root_dataset["mentions"] = _alone_or_all(calls)
    return crate


def _add_input(crate: ROCrate, item: InputFile) -> ContextEntity:
    """Add a file that the run read: by its place in the crate, or by its address.

    One that has neither is described and not claimed to be a part. A path of the machine that
    computed names nothing elsewhere; its content does, by the checksum (RFC 6920).
    """
    note = f": {item.note}" if item.note else ""
    properties = _file_properties(item) | {"description": f"{item.role}{note}"}
    if not Path(item.path).is_absolute():
        return crate.add_file(dest_path=item.path, properties=properties)
    if item.source is not None:
        return crate.add_file(item.source, properties=properties)
    digest = base64.urlsafe_b64encode(bytes.fromhex(item.sha256)).decode().rstrip("=")
    return _context(crate, f"ni:///sha-256;{digest}", {"@type": "CreativeWork"} | properties)


def _add_output(crate: ROCrate, item: OutputFile) -> ContextEntity:
    return crate.add_file(dest_path=item.path, properties=_file_properties(item))


def _file_properties(item: InputFile | OutputFile) -> dict[str, Any]:
    known = {"name": item.path, "contentSize": str(item.bytes), "sha256": item.sha256}
    media_type = _MEDIA_TYPES.get(Path(item.path).suffix)
    return known | ({"encodingFormat": media_type} if media_type else {})


def _add_call(
    crate: ROCrate,
    program: Program,
    number: int,
    inputs: Mapping[str, ContextEntity],
    outputs: Mapping[str, ContextEntity],
) -> ContextEntity:
    """Add one call of a program, with what it read and wrote as far as the record tells."""
    step = program.command[1] if len(program.command) > 1 else ""
    properties: dict[str, Any] = {
        "name": " ".join(filter(None, (program.name, step, program.sample))),
        "description": json.dumps(program.command, ensure_ascii=False),
        "actionStatus": _COMPLETED,
    }
    times = {"startTime": program.started, "endTime": program.ended}
    properties |= {name: time for name, time in times.items() if time}
    whole = step == "compare" and program.name == "lotwise"
    named = inputs if whole else inputs.keys() & set(program.command)
    application = {
        "@type": "SoftwareApplication",
        "name": program.name,
        "softwareVersion": program.version,
    }
    identifier = f"#{quote(f'{program.name}-{program.version}')}"
    return crate.add_action(
        _context(crate, identifier, application),
        identifier=f"#call-{number}",
        object=_alone_or_all([inputs[path] for path in sorted(named)]),
        result=_alone_or_all([outputs[path] for path in sorted(outputs) if _wrote(program, path)]),
        properties=properties,
    )


def _alone_or_all(found: list[ContextEntity]) -> ContextEntity | list[ContextEntity]:
    """Give a single one without a list around it, as RO-Crate 1.1 recommends."""
    return found[0] if len(found) == 1 else found


def _wrote(program: Program, path: str) -> bool:
    """Tell whether a call wrote a file of the results."""
    if program.name != "lotwise":
        return program.sample is not None and f"/{program.sample}/" in path
    _, step, *arguments = [*program.command, ""]
    if _OF_ONE_SAMPLE & set(pairwise(arguments)):
        return False
    level = arguments[0]
    return path.startswith(tuple(part.format(level) for part in _WRITTEN.get(step, ()))) and (
        step != "figures" or level in path
    )


def _context(crate: ROCrate, identifier: str, properties: dict[str, Any]) -> ContextEntity:
    from rocrate.model.contextentity import ContextEntity

    known: ContextEntity | None = crate.dereference(identifier)
    return known or crate.add(ContextEntity(crate, identifier, properties=properties))
