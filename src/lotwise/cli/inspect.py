"""``lotwise inspect``: the samples and files of an accession, and how to obtain them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from lotwise.cli.acquiring import acquiring_options, origin_of, settings_of, wants_bar
from lotwise.errors import InputError

if TYPE_CHECKING:
    from lotwise.acquire.geo.record import Relation
    from lotwise.acquire.select import Candidate
    from lotwise.acquire.study import Study


_MOST_VALUES: Final = 6


@click.command("inspect")
@click.argument("accession")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@acquiring_options
def command(
    *,
    accession: str,
    as_json: bool,
    config: Path | None,
    settings: str | None,
    downloads: Path | None,
    base_urls: tuple[str, ...],
    offline: bool,
    yes: bool,
) -> None:
    """List samples, runs, files and sizes of ACCESSION, and the routes to its TPM values.

    ACCESSION is a GEO series (a SuperSeries is followed to its parts), or a study or
    experiment of SRA or ENA. Only records are downloaded, no reads and no tables. With a
    configuration, the batch that its acquire.samples gives each sample is listed too.
    """
    from lotwise.acquire.cautions import cautions
    from lotwise.acquire.download.fetch import Downloader
    from lotwise.acquire.select import choose
    from lotwise.acquire.study import look_up, with_sizes

    configured = settings_of(
        config, settings, downloads=downloads, base_urls=base_urls, offline=offline
    )
    with Downloader(
        configured.downloads, network=configured.network, over_cap=yes, progress=wants_bar()
    ) as downloader:
        study = with_sizes(look_up(accession, downloader, configured.urls), downloader)
    found = describe(study)
    selection = configured.samples
    if selection.pattern is not None or selection.choose:
        try:
            chosen = choose(study.candidates, selection, origin=origin_of(config, settings))
        except InputError as error:
            # Shown together with everything else that was found, not instead of it.
            found["unknown"].append(f"batches: {error.problem}")
            chosen = ()
        batches = {one.candidate.accession: one.batch for one in chosen}
        for sample in found["samples"]:
            sample["batch"] = batches.get(sample["accession"])
        found["notes"] = cautions([one.candidate for one in chosen], configured.reference)
    click.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else as_text(found))


def describe(study: Study) -> dict[str, Any]:
    """Return a study as plain values; a size or number that is not known is None."""
    from lotwise.acquire.cautions import cautions
    from lotwise.acquire.fields import distinct, suggest

    told = [candidate.all_fields() for candidate in study.candidates]
    return {
        "accession": study.accession,
        "title": study.title,
        "consists_of": [series.accession for series in study.series[1:]],
        "relations": list(
            dict.fromkeys(_relation(link) for one in study.series for link in one.relations)
        ),
        "fields": [
            {"name": field.name, "samples": field.n_samples, "values": list(field.values)}
            for field in distinct(told)
        ],
        "selection": suggest(told),
        "notes": cautions(study.candidates),
        "samples": [_sample(study, candidate) for candidate in study.candidates],
        "files": [
            {"name": file.name, "looks_like": file.looks, "bytes": file.size}
            for file in study.files
        ],
        "ncbi_tpm": study.ncbi_tpm.url if study.ncbi_tpm else None,
        "routes": {
            route: {"offers": words, "bytes": study.route_bytes(route)}
            for route, words in study.routes().items()
        },
        "unknown": list(study.unknown),
    }


def _relation(link: Relation) -> str:
    return f"{link.kind}: {link.target}" if link.kind else link.target


def _sample(study: Study, candidate: Candidate) -> dict[str, Any]:
    return {
        "accession": candidate.accession,
        "title": candidate.title,
        "characteristics": list(candidate.characteristics),
        "fields": [list(field) for field in candidate.fields],
        "relations": sorted(candidate.links - {candidate.accession}),
        "batch": None,
        "runs": [
            {
                "run": run.run,
                "layout": "paired" if run.paired else "single",
                "strategy": run.strategy,
                "reads": run.n_reads,
                "bytes": run.n_bytes,
                "fastq": [file.name for file in run.fastq],
            }
            for run in study.runs_of(candidate)
        ],
    }


def as_text(found: dict[str, Any]) -> str:
    """Return the result of :func:`describe` as text."""
    from lotwise.acquire.download.budget import readable
    from lotwise.acquire.fields import shortened
    from lotwise.acquire.study import NCBI_GAP

    def size(n_bytes: int | None) -> str:
        return "size unknown" if n_bytes is None else readable(n_bytes)

    lines = [f"{found['accession']}  {found['title']}".rstrip()]
    if found["consists_of"]:
        lines.append(f"SuperSeries of {', '.join(found['consists_of'])}")
    lines += [f"  {relation}" for relation in found["relations"]]
    same = {
        field["name"]
        for field in found["fields"]
        if len(field["values"]) == 1 and field["samples"] == len(found["samples"]) > 1
    }
    lines.append("\nFields for choosing samples and naming batches")
    lines += [_field_line(field, len(found["samples"])) for field in found["fields"]]
    if found["selection"]:
        lines.append(f"  for example  acquire.samples: {found['selection']}")
    lines.append(f"\nSamples ({len(found['samples'])})")
    for sample in found["samples"]:
        batch = f"  batch {sample['batch']}" if sample["batch"] else ""
        lines.append(f"  {sample['accession']}  {sample['title']}{batch}")
        # What all samples share is listed in the table of fields.
        traits = [t for t in sample["characteristics"] if t.partition(":")[0].strip() not in same]
        if traits:
            lines.append(f"      {'; '.join(traits)}")
        lines += [
            f"      {name}: {shortened(value)}"
            for name, value in sample["fields"]
            if name not in same and value != sample["title"]
        ]
        if sample["relations"]:
            lines.append(f"      known as {', '.join(sample['relations'])}")
        lines += [
            f"      {run['run']}  {run['layout']}, {run['strategy'] or 'strategy unknown'}, "
            + (f"{run['reads']:,} reads, " if run["reads"] is not None else "")
            + (size(run["bytes"]) if run["fastq"] else "no FASTQ at ENA")
            for run in sample["runs"]
        ]
    lines.append(f"\nSupplementary files ({len(found['files'])})")
    lines += [
        f"  {file['name']}  {file['looks_like']}, {size(file['bytes'])}" for file in found["files"]
    ]
    no_tpm = "not known" if any(gap.startswith(NCBI_GAP) for gap in found["unknown"]) else "no"
    lines.append(f"\nTPM by NCBI (gene level only): {'yes' if found['ncbi_tpm'] else no_tpm}")
    lines.append("\nAvailable routes, and the download size of all samples")
    lines += [
        f"  {name}: {route['offers']}, {size(route['bytes'])}"
        for name, route in found["routes"].items()
    ] or ["  none"]
    lines += [f"Note: {note}" for note in found["notes"]]
    lines += [f"Not known: {reason}" for reason in found["unknown"]]
    return "\n".join(lines)


def _field_line(field: dict[str, Any], n_samples: int) -> str:
    """Return the line of one field: how many samples have it, and its values."""
    from lotwise.acquire.fields import shortened

    values = field["values"]
    some = f", {field['samples']} of {n_samples} samples" if field["samples"] < n_samples else ""
    named = ", ".join(map(shortened, values[:_MOST_VALUES]))
    more = ", ..." if len(values) > _MOST_VALUES else ""
    count = "one value" if len(values) == 1 else f"{len(values)} values"
    return f"  {field['name']}  ({count}{some})  {named}{more}"
