"""Lay out a site as GEO, ENA, GENCODE and Ensembl do, for a server on loopback."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from archive_server import Site

ENA_FIELDS = (
    "run_accession", "experiment_accession", "sample_accession", "secondary_sample_accession",
    "study_accession", "secondary_study_accession", "sample_alias", "sample_title",
    "library_name", "library_layout", "library_strategy", "read_count",
    "fastq_ftp", "fastq_bytes", "fastq_md5",
)  # fmt: skip


@dataclass
class GeoSample:
    """A sample to publish, with its runs: by run accession the FASTQ of each mate."""

    accession: str
    title: str
    characteristics: Sequence[str] = ()
    experiment: str = ""
    runs: Mapping[str, Sequence[bytes | Path]] = field(default_factory=dict)
    description: str = ""


def base_urls(server_url: str) -> dict[str, str]:
    """Return the base URLs of a server with such a site."""
    return {
        "geo": f"{server_url}/geo",
        "geo_download": f"{server_url}/ncbi/geo/download",
        "ena_portal": f"{server_url}/ena/portal/api",
        "ena_fastq": f"{server_url}/sra",
        "gencode": f"{server_url}/gencode",
        "ensembl": f"{server_url}/ensembl",
    }


def size_and_md5(body: bytes | Path) -> tuple[int, str]:
    """Measure a file."""
    raw = body.read_bytes() if isinstance(body, Path) else body
    return len(raw), hashlib.md5(raw, usedforsecurity=False).hexdigest()


def series_path(accession: str) -> str:
    """Return the folder of a series."""
    return f"/geo/series/{re.sub(r'[0-9]{1,3}$', 'nnn', accession)}/{accession}"


def add_series(
    site: Site,
    accession: str,
    title: str,
    samples: Sequence[GeoSample],
    *,
    study: str = "SRP900001",
    supplementary: Mapping[str, bytes] | None = None,
    relations: Sequence[str] = (),
) -> None:
    """Publish a series: SOFT, supplementary files with their list, ENA report, FASTQ."""
    supplementary = supplementary or {}
    host = "ftp://ftp.ncbi.nlm.nih.gov"
    lines = ["^DATABASE = GeoMiame", "!Database_name = Gene Expression Omnibus (GEO)"]
    lines += [f"^SERIES = {accession}", f"!Series_title = {title}"]
    lines += [f"!Series_geo_accession = {accession}"]
    lines += [f"!Series_sample_id = {sample.accession}" for sample in samples]
    lines += [
        f"!Series_supplementary_file = {host}{series_path(accession)}/suppl/{name}"
        for name in supplementary
    ]
    if study:
        lines.append(f"!Series_relation = SRA: https://www.ncbi.nlm.nih.gov/sra?term={study}")
    lines += [f"!Series_relation = {relation}" for relation in relations]
    for sample in samples:
        lines += [f"^SAMPLE = {sample.accession}", f"!Sample_title = {sample.title}"]
        lines += [f"!Sample_geo_accession = {sample.accession}"]
        lines += [f"!Sample_characteristics_ch1 = {trait}" for trait in sample.characteristics]
        if sample.description:
            lines.append(f"!Sample_description = {sample.description}")
        if sample.experiment:
            link = f"https://www.ncbi.nlm.nih.gov/sra?term={sample.experiment}"
            lines.append(f"!Sample_relation = SRA: {link}")
    add_soft(site, accession, "\n".join(lines) + "\n")
    add_supplementary(site, accession, supplementary)
    if study:
        add_runs(site, study, samples)


def add_soft(site: Site, accession: str, text: str) -> None:
    """Publish a family SOFT file."""
    site.add(
        f"{series_path(accession)}/soft/{accession}_family.soft.gz",
        gzip.compress(text.encode(), mtime=0),
    )


def add_matrix(site: Site, accession: str, text: str) -> None:
    """Publish a series matrix."""
    name = f"{accession}_series_matrix.txt.gz"
    site.add(f"{series_path(accession)}/matrix/{name}", gzip.compress(text.encode(), mtime=0))


def add_supplementary(site: Site, accession: str, files: Mapping[str, bytes]) -> None:
    """Publish supplementary files, and the list where one is an archive."""
    rows = ["#Archive/File\tName\tTime\tSize\tType"]
    for name, body in files.items():
        site.add(f"{series_path(accession)}/suppl/{name}", body)
        if name.endswith("_RAW.tar"):
            rows.append(f"Archive\t{name}\t01/15/2019 12:55:11\t{len(body)}\tTAR")
            with tarfile.open(fileobj=io.BytesIO(body)) as archive:
                rows += [
                    f"File\t{member.name}\t01/14/2019 14:53:56\t{member.size}\tTXT"
                    for member in archive
                ]
    if len(rows) > 1:
        site.add(f"{series_path(accession)}/suppl/filelist.txt", "\n".join(rows).encode())


def add_runs(site: Site, study: str, samples: Sequence[GeoSample]) -> None:
    """Publish ENA's report of a study, and the FASTQ."""
    out = io.StringIO()
    writer = csv.DictWriter(out, ENA_FIELDS, delimiter="\t", lineterminator="\n", restval="")
    writer.writeheader()
    for number, sample in enumerate(samples):
        for run, mates in sample.runs.items():
            ends = ("_1", "_2") if len(mates) == 2 else ("",)
            folder = f"vol1/fastq/{run[:6]}/00{run[-1]}/{run}"
            measured = [size_and_md5(body) for body in mates]
            names = [f"{folder}/{run}{end}.fastq.gz" for end in ends[: len(mates)]]
            for name, body in zip(names, mates, strict=True):
                site.add(f"/sra/{name}", body)
            writer.writerow(
                {
                    "run_accession": run,
                    "experiment_accession": sample.experiment,
                    "sample_accession": f"SAMN9000{number:04d}",
                    "secondary_study_accession": study,
                    "sample_alias": sample.accession,
                    "sample_title": sample.title,
                    "library_layout": "PAIRED" if len(mates) == 2 else "SINGLE",
                    "library_strategy": "RNA-Seq",
                    "read_count": "25",
                    "fastq_ftp": ";".join(f"ftp.sra.ebi.ac.uk/{name}" for name in names),
                    "fastq_bytes": ";".join(str(size) for size, _ in measured),
                    "fastq_md5": ";".join(md5 for _, md5 in measured),
                }
            )
    site.add("/ena/portal/api/filereport", out.getvalue().encode(), **report_query(study))


def report_query(accession: str) -> dict[str, str]:
    """Return the query by which a report is asked for."""
    return {
        "accession": accession,
        "result": "read_run",
        "fields": ",".join(ENA_FIELDS),
        "format": "tsv",
    }


def add_gencode(site: Site, release: str, files: Mapping[str, bytes]) -> None:
    """Publish a GENCODE release with its MD5SUMS."""
    folder = f"/gencode/Gencode_human/release_{release}"
    for name, body in files.items():
        site.add(f"{folder}/{name}", body)
    sums = "".join(f"{size_and_md5(body)[1]}  {name}\n" for name, body in files.items())
    site.add(f"{folder}/MD5SUMS", sums.encode())


def add_ensembl(site: Site, release: str, files: Mapping[str, bytes]) -> None:
    """Publish an Ensembl release by path inside it, each folder with CHECKSUMS by ``sum``."""
    root = f"/ensembl/release-{release}"
    sums: dict[str, list[str]] = {}
    for path, body in files.items():
        site.add(f"{root}/{path}", body)
        folder, _, name = path.rpartition("/")
        done = subprocess.run(["sum"], input=body, capture_output=True, check=True)
        sums.setdefault(folder, []).append(f"{done.stdout.decode().rstrip()} {name}\n")
    for folder, lines in sums.items():
        site.add(f"{root}/{folder}/CHECKSUMS", "".join(lines).encode())


def add_ncbi_tpm(site: Site, accession: str, table: bytes) -> None:
    """Publish TPM as NCBI computes them, and the page that offers them."""
    name = f"{accession}_norm_counts_TPM_GRCh38.p13_NCBI.tsv.gz"
    page = (
        f'<html><a href="/geo/download/?type=rnaseq_counts&amp;acc={accession}&amp;format=file'
        f'&amp;file={name}">TPM</a></html>'
    )
    site.add("/ncbi/geo/download/", page.encode(), acc=accession)
    query = {"type": "rnaseq_counts", "acc": accession, "format": "file", "file": name}
    site.add("/ncbi/geo/download/", gzip.compress(table, mtime=0), **query)


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """Pack files as GEO packs ``_RAW.tar``: plain, without folders."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return out.getvalue()


def fastq_of(seed: int, n_reads: int = 25) -> bytes:
    """Make a small gzipped FASTQ."""
    import numpy as np

    rng = np.random.default_rng(seed)
    reads = ("".join(rng.choice(list("ACGT"), 50)) for _ in range(n_reads))
    text = "".join(f"@r{i}\n{read}\n+\n{'I' * 50}\n" for i, read in enumerate(reads))
    return gzip.compress(text.encode(), mtime=0)
