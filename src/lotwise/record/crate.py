"""The record of a run as an RO-Crate: ``ro-crate-metadata.json`` in the results.

It is made from ``provenance.json`` by the RO-Crate library, according to RO-Crate 1.1
(https://w3id.org/ro/crate/1.1). Results and inputs are files with checksums. Each call of a
program is an action with its command line. A run of the workflow follows the profile Workflow Run
Crate 0.5 (https://w3id.org/ro/wfrun/workflow/0.5): the workflow is the main entity and the run is
an action of it. A run by hand follows Process Run Crate 0.5
(https://w3id.org/ro/wfrun/process/0.5).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from lotwise.acceptance import check_verdict
from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path
from lotwise.files.checksums import checksum
from lotwise.record.calls import step_of
from lotwise.record.checking import check_page, log_written
from lotwise.record.fixity import fault_of
from lotwise.record.lineage import read_by, written_by
from lotwise.record.provenance import InputFile, OutputFile, Program, Provenance, read_provenance
from lotwise.record.revisions import chain_faults
from lotwise.tree import CERTIFICATE, CRATE, HISTORY, PAGE, PROVENANCE
from lotwise.wording import counted, listed

if TYPE_CHECKING:
    from rocrate.model.contextentity import ContextEntity
    from rocrate.rocrate import ROCrate

_PROCESS: Final = ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5")
_WORKFLOW: Final = (
    ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"),
    ("https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0"),
)
# RO-Crate 1.1 has no term for a checksum of this kind, but the workflow run profiles have one.
_TERMS: Final = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
_COMPLETED: Final = "http://schema.org/CompletedActionStatus"
_NO_LICENCE: Final = "No licence was stated for these results: ask those who made them."
# Made from the record, and so not in it.
_MADE_LATER: Final = (PROVENANCE, PAGE, CERTIFICATE)
_MEDIA_TYPES: Final = {
    ".csv": "text/csv",
    ".gz": "application/gzip",
    ".h5": "application/x-hdf5",
    ".h5ad": "application/x-hdf5",
    ".html": "text/html",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".smk": "text/x-snakemake",
    ".svg": "image/svg+xml",
    ".tsv": "text/tab-separated-values",
    ".parquet": "application/vnd.apache.parquet",
    ".yaml": "application/yaml",
    ".jsonl": "application/jsonl",
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
        URL of the licence of the results; without one the crate states that there is none.

    Returns
    -------
    The file.

    Raises
    ------
    InputError
        The record is missing or damaged, a recorded file of the results is missing or changed,
        or the page or the verdict was edited.
    """
    provenance = read_provenance(results)
    _refuse_changed(provenance, results)
    later = [
        OutputFile(path=file, bytes=path.stat().st_size, sha256=checksum(path))
        for file in _MADE_LATER
        if (path := results / file).is_file()
    ]
    crate = make_crate(provenance, later=later, name=name, licence=licence)
    with atomic_path(results / CRATE) as temporary:
        text = json.dumps(crate.metadata.generate(), indent=1, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")
    log_written(results, "crated", CRATE)
    return results / CRATE


def _refuse_changed(provenance: Provenance, results: Path) -> None:
    """Raise for files that are missing or would be described by another file's checksum."""

    def faults(items: Iterable[InputFile | OutputFile]) -> list[str]:
        told = ((item.path, fault_of(item, results / item.path)) for item in items)
        return [f"{path} {fault}" for path, fault in told if fault]

    inputs = faults(item for item in provenance.inputs if not Path(item.path).is_absolute())
    judged = check_verdict(results)
    found = [
        *faults(provenance.outputs),
        *inputs,
        *chain_faults(results),
        *check_page(results, names=(PAGE, CERTIFICATE)),
        *(() if judged is None else judged.faults),
    ]
    if found:
        raise InputError(
            f"{counted(len(found), 'file')} of the results differ from the record: {listed(found)}",
            path=results,
            remedy="restore the recorded inputs, or write the record again (`lotwise record`)"
            if inputs
            else "restore these files; if lotwise itself changed them, run "
            f"`lotwise record --out {results}`",
        )


def make_crate(
    provenance: Provenance,
    *,
    later: list[OutputFile],
    name: str | None = None,
    licence: str | None = None,
) -> ROCrate:
    """Return a run, and the files made from its record, as an RO-Crate."""
    from rocrate.rocrate import ROCrate

    crate = ROCrate(version="1.1")
    crate.metadata.extra_terms.update(_TERMS)
    crate.name = name or "Comparison of manufacturing batches by lotwise"
    crate.description = (
        "Correlations between batches and supporting evidence, by lotwise "
        f"{provenance.lotwise.version}; {PROVENANCE} describes how they were made."
    )
    crate.datePublished = provenance.ended
    text = {"@type": "CreativeWork", "name": licence or _NO_LICENCE}
    crate.license = _context(crate, licence or "#no-licence-stated", text)
    profiles = (_PROCESS, *(_WORKFLOW if provenance.workflow else ()))
    crate.root_dataset["conformsTo"] = _alone_or_all(
        [
            _context(crate, address, {"@type": "CreativeWork", "name": title, "version": number})
            for address, title, number in profiles
        ]
    )
    inputs = {item.path: _add_input(crate, item) for item in provenance.inputs}
    outputs = {
        item.path: _add_output(crate, item)
        for item in provenance.outputs
        if item.path != provenance.workflow
    }
    for item in later:
        _add_output(crate, item)
    settings = _add_settings(crate, provenance)
    calls = [
        _add_call(
            crate, program, provenance, number=number, files=inputs | outputs, settings=settings
        )
        for number, program in enumerate(_single_calls(provenance), start=1)
    ]
    if provenance.workflow:
        calls.insert(0, _add_run(crate, provenance, inputs, outputs, settings))
    crate.root_dataset["mentions"] = _alone_or_all(calls)
    return crate


def _single_calls(provenance: Provenance) -> list[Program]:
    """Return the calls that are actions of their own; Snakemake's is the run of the workflow."""
    return [one for one in provenance.programs if not (provenance.workflow and _is_engine(one))]


def _is_engine(program: Program) -> bool:
    return program.name == "snakemake"


def _add_run(
    crate: ROCrate,
    provenance: Provenance,
    inputs: Mapping[str, ContextEntity],
    outputs: Mapping[str, ContextEntity],
    settings: list[ContextEntity],
) -> ContextEntity:
    """Make the workflow the crate's main entity, and add the run as an action of it."""
    file = next(item for item in provenance.outputs if item.path == provenance.workflow)
    properties = _file_properties(file) | {
        "name": "Snakemake workflow of lotwise",
        "version": provenance.lotwise.version,
        "encodingFormat": _MEDIA_TYPES[".smk"],
    }
    main = crate.add_workflow(
        dest_path=file.path, main=True, lang="snakemake", properties=properties
    )
    engines = [
        f" It was run by Snakemake {one.version}: {json.dumps(one.command, ensure_ascii=False)}"
        for one in provenance.programs
        if _is_engine(one)
    ]
    made = [entity for path, entity in outputs.items() if not path.startswith("workflow/")]
    return crate.add_action(
        main,
        identifier="#run",
        object=[*inputs.values(), *settings],
        result=_alone_or_all(made),
        properties={
            "name": f"Run of the workflow by lotwise {provenance.lotwise.version}",
            "description": "Every step of the workflow that made these results; the calls of its "
            f"programs are separate actions.{''.join(engines)}",
            "actionStatus": _COMPLETED,
            "startTime": provenance.started,
            "endTime": provenance.ended,
        },
    )


def _add_settings(crate: ROCrate, provenance: Provenance) -> list[ContextEntity]:
    """Add configuration, seeds, criteria, software and machine, each as a named value."""
    told: dict[str, Any] = {
        **{f"configuration: {name}": value for name, value in provenance.configuration.items()},
        **{f"seed: {name}": value for name, value in provenance.seeds.items()},
        "SHA-256 of the acceptance criteria": provenance.criteria_sha256,
        "commit of lotwise": provenance.lotwise.commit,
        "machine": provenance.machine.model_dump(mode="json"),
    }
    return [
        _context(
            crate,
            f"#{quote(name)}",
            {
                "@type": "PropertyValue",
                "name": name,
                "value": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),
            },
        )
        for name, value in told.items()
        if value is not None
    ]


def _add_input(crate: ROCrate, item: InputFile) -> ContextEntity:
    """Add a file that the run read, by its path in the crate or its URL.

    A file with neither is described but is not part of the crate. A path of the machine that
    computed has no meaning elsewhere, but the checksum of its content has (RFC 6920).
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
    known = {"name": item.path}
    # The history grows with every verdict, page and crate.
    if item.path != HISTORY:
        known |= {"contentSize": str(item.bytes), "sha256": item.sha256}
    media_type = _MEDIA_TYPES.get(Path(item.path).suffix)
    return known | ({"encodingFormat": media_type} if media_type else {})


def _add_call(
    crate: ROCrate,
    program: Program,
    provenance: Provenance,
    *,
    number: int,
    files: Mapping[str, ContextEntity],
    settings: list[ContextEntity],
) -> ContextEntity:
    """Add one call of a program, with its inputs and outputs as far as they are on record."""
    properties: dict[str, Any] = {
        "name": _name_of(program),
        "description": json.dumps(program.command, ensure_ascii=False),
        "actionStatus": _COMPLETED,
    }
    times = {"startTime": program.started, "endTime": program.ended}
    properties |= {name: time for name, time in times.items() if time}
    whole = step_of(program) == "compare"
    read = {path for path in read_by(program, provenance) if path in files}
    wrote = {path for path in written_by(program, provenance) if path in files}
    application = {
        "@type": "SoftwareApplication",
        "name": program.name,
        "softwareVersion": program.version,
    }
    identifier = f"#{quote(f'{program.name}-{program.version}')}"
    return crate.add_action(
        _context(crate, identifier, application),
        identifier=f"#call-{number}",
        object=_alone_or_all(
            [*(files[path] for path in sorted(read)), *(settings if whole else ())]
        ),
        result=_alone_or_all([files[path] for path in sorted(wrote)]),
        properties=properties,
    )


def _alone_or_all(found: list[ContextEntity]) -> ContextEntity | list[ContextEntity]:
    """Return a single item without a list around it, as RO-Crate 1.1 recommends."""
    return found[0] if len(found) == 1 else found


def _name_of(program: Program) -> str:
    """Return the name of a call: its program, the step and the sample."""
    step = step_of(program)
    if program.name != "lotwise":
        step = next((word for word in program.command[1:2] if not word.startswith("-")), "")
    return " ".join(filter(None, (program.name, step, program.sample)))


def _context(crate: ROCrate, identifier: str, properties: dict[str, Any]) -> ContextEntity:
    from rocrate.model.contextentity import ContextEntity

    known: ContextEntity | None = crate.dereference(identifier)
    return known or crate.add(ContextEntity(crate, identifier, properties=properties))
