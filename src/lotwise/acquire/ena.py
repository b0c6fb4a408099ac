"""ENA's file report: the runs of a study or experiment, and the FASTQ of each.

The report is one table, a row a run, from the portal's ``filereport`` (ENA Portal API,
https://www.ebi.ac.uk/ena/portal/api/doc); several files of a run stand in one cell, joined by
semicolons, in the order of the columns ``fastq_ftp``, ``fastq_bytes`` and ``fastq_md5``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from lotwise.acquire.accession import kind_of
from lotwise.acquire.download.fetch import Source
from lotwise.acquire.download.integrity import Integrity
from lotwise.acquire.download.names import safe_name
from lotwise.acquire.download.retry import WrongAnswerError
from lotwise.acquire.text import lines_of, number_in
from lotwise.config.acquire import BaseUrls
from lotwise.errors import InputError

FIELDS: Final = (
    "run_accession",
    "experiment_accession",
    "sample_accession",
    "secondary_sample_accession",
    "study_accession",
    "secondary_study_accession",
    "sample_alias",
    "sample_title",
    "library_name",
    "library_layout",
    "library_strategy",
    "read_count",
    "fastq_ftp",
    "fastq_bytes",
    "fastq_md5",
)
_NEEDED: Final = ("run_accession", "sample_accession", "library_layout", "fastq_ftp")
_MATE = re.compile(r"_([12])\.f(?:ast)?q\.gz$")


@dataclass(frozen=True)
class Fastq:
    """One FASTQ file at ENA; size and MD5 are None where the report has no such column."""

    name: str
    path: str
    size: int | None
    md5: str | None

    def source(self, urls: BaseUrls, run: str) -> Source:
        """Tell where to fetch it, and what it must be."""
        return Source(
            url=f"{urls.ena_fastq}/{quote(self.path)}",
            path=f"fastq/{run}/{self.name}",
            integrity=Integrity(size=self.size, md5=self.md5),
        )


@dataclass(frozen=True)
class EnaRun:
    """One sequencing run.

    Parameters
    ----------
    run, experiment, sample, secondary_sample, study
        Accessions; empty where the report has no such column. ``sample`` is the BioSample.
    alias, title
        What the submitter called the sample; the alias is the GSM accession for GEO's.
    paired
        Whether the library was sequenced from both ends; None where the report does not say it.
    strategy
        ``RNA-Seq`` for what lotwise compares.
    n_reads
        Reads (pairs count once); None where not told.
    fastq
        Its files, none where ENA has no FASTQ of it.
    library
        What the submitter called the library; empty where not told.
    """

    run: str
    experiment: str
    sample: str
    secondary_sample: str
    study: str
    alias: str
    title: str
    paired: bool | None
    strategy: str
    n_reads: int | None
    fastq: tuple[Fastq, ...]
    library: str = ""

    @property
    def n_bytes(self) -> int | None:
        """Compressed size of its FASTQ; None where not told."""
        sizes = [file.size for file in self.fastq]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def mates(self) -> tuple[Fastq, Fastq | None]:
        """Give the file of single reads, or the two of mates, leaving reads without mate out.

        Raises
        ------
        InputError
            ENA has no FASTQ of the run, not what its layout asks for, or tells no layout.
        """
        if self.paired is None:
            raise InputError(
                f"ENA's record of the run {self.run} has no library_layout (PAIRED or SINGLE)",
                remedy="fetch it by hand and give a sample sheet, or leave the sample out",
            )
        if not self.fastq:
            raise InputError(
                f"ENA has no FASTQ of the run {self.run}",
                remedy="with the SRA toolkit installed, `lotwise fetch` takes it from SRA",
            )
        by_mate = {match[1]: file for file in self.fastq if (match := _MATE.search(file.name))}
        if self.paired and {"1", "2"} <= by_mate.keys():
            return by_mate["1"], by_mate["2"]
        if not self.paired and len(self.fastq) == 1:
            return self.fastq[0], None
        layout = "paired" if self.paired else "single"
        names = ", ".join(file.name for file in self.fastq)
        raise InputError(
            f"the run {self.run} is {layout} by its record, and its files are {names}",
            remedy="fetch it by hand and give a sample sheet",
        )


def report_source(accession: str, urls: BaseUrls) -> Source:
    """Tell where ENA's file report of a study, experiment, sample or run is.

    Examples
    --------
    >>> report_source("SRP033351", BaseUrls()).path
    'ena/SRP033351.filereport.tsv'
    """
    kind_of(accession)
    query = urlencode(
        {
            "accession": accession,
            "result": "read_run",
            "fields": ",".join(FIELDS),
            "format": "tsv",
        },
        safe=",",
    )
    return Source(
        url=f"{urls.ena_portal}/filereport?{query}", path=f"ena/{accession}.filereport.tsv"
    )


def read_report(path: Path) -> tuple[EnaRun, ...]:
    """Read a file report.

    Raises
    ------
    InputError
        Needed columns or cells are missing, a run comes twice, or the cells of one row hold
        different numbers of files; the message names the row.
    """
    runs: dict[str, EnaRun] = {}
    header: list[str] = []
    for number, line in enumerate(lines_of(path), start=1):
        if not line.strip():
            continue
        cells = line.split("\t")
        if not header:
            header = cells
            _check_header(header, path, number)
            continue
        if len(cells) != len(header):
            raise InputError(
                f"has {len(cells)} cells, the header has {len(header)}", path=path, row=number
            )
        run = _read_run(dict(zip(header, cells, strict=True)), path, number)
        if run.run in runs:
            raise InputError(f"the run {run.run} comes twice", path=path, row=number)
        runs[run.run] = run
    if not header:
        _check_header(header, path, 1)
    return tuple(runs.values())


def _check_header(header: list[str], path: Path, row: int) -> None:
    missing = [column for column in _NEEDED if column not in header]
    if missing:
        raise WrongAnswerError(
            f"is no file report of ENA: no column {', '.join(missing)}",
            path=path,
            row=row,
            remedy="remove it and run again",
        )


def runs_by_sample(runs: Iterable[EnaRun]) -> dict[str, tuple[EnaRun, ...]]:
    """Group runs by BioSample, both in the order of the report."""
    grouped: dict[str, list[EnaRun]] = {}
    for run in runs:
        grouped.setdefault(run.sample, []).append(run)
    return {sample: tuple(members) for sample, members in grouped.items()}


def _read_run(cells: Mapping[str, str], path: Path, row: int) -> EnaRun:
    run, layout = cells["run_accession"], cells["library_layout"].upper()
    # A blank one matters only to who takes this run; another word is a damaged report.
    if layout not in {"PAIRED", "SINGLE", ""}:
        raise InputError(
            f"{layout!r} came, needed is PAIRED or SINGLE",
            path=path,
            row=row,
            column="library_layout",
        )
    return EnaRun(
        run=safe_name(run, origin=f"{path}, row {row}"),
        experiment=cells.get("experiment_accession", ""),
        sample=cells["sample_accession"],
        secondary_sample=cells.get("secondary_sample_accession", ""),
        study=cells.get("secondary_study_accession", "") or cells.get("study_accession", ""),
        alias=cells.get("sample_alias", ""),
        title=cells.get("sample_title", ""),
        paired=layout == "PAIRED" if layout else None,
        strategy=cells.get("library_strategy", ""),
        n_reads=_number(cells, "read_count", path, row),
        fastq=tuple(_read_fastq(cells, path, row)),
        library=cells.get("library_name", ""),
    )


def _read_fastq(cells: Mapping[str, str], path: Path, row: int) -> list[Fastq]:
    columns = {
        name: cells[name].rstrip(";").split(";") if cells.get(name) else []
        for name in ("fastq_ftp", "fastq_bytes", "fastq_md5")
    }
    addresses = columns["fastq_ftp"]
    files = []
    for name, values in columns.items():
        if values and len(values) != len(addresses):
            raise InputError(
                f"has {len(values)} files, fastq_ftp has {len(addresses)}",
                path=path,
                row=row,
                column=name,
            )
    for index, address in enumerate(addresses):
        # "host/path", with ftp:// before it in some reports; the host is the configuration's.
        inside = re.sub(r"^\w+://", "", address).partition("/")[2]
        for part in inside.split("/"):
            safe_name(part, origin=f"{path}, row {row}")
        size = columns["fastq_bytes"][index] if columns["fastq_bytes"] else ""
        md5 = columns["fastq_md5"][index] if columns["fastq_md5"] else ""
        n_bytes = number_in(size)
        if (size and n_bytes is None) or not re.fullmatch(r"([0-9a-fA-F]{32})?", md5):
            raise InputError(
                f"size {size!r} and MD5 {md5!r} came for {address}", path=path, row=row
            )
        files.append(
            Fastq(
                name=inside.rpartition("/")[2],
                path=inside,
                size=n_bytes,
                md5=md5 or None,
            )
        )
    return files


def _number(cells: Mapping[str, str], column: str, path: Path, row: int) -> int | None:
    text = cells.get(column, "")
    if not text:
        return None
    number = number_in(text)
    if number is None:
        raise InputError(f"{text[:60]!r} is no number", path=path, row=row, column=column)
    return number
