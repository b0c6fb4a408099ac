"""ENA's file report: the runs of a study or experiment, and the FASTQ of each.

The report is a table with one row per run, from the portal's ``filereport`` (ENA Portal API,
https://www.ebi.ac.uk/ena/portal/api/doc). Several files of a run are in one cell, joined by
semicolons, in the same order in the columns ``fastq_ftp``, ``fastq_bytes`` and ``fastq_md5``.
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
    """One FASTQ file at ENA; size and MD5 are None if the report has no such column."""

    name: str
    path: str
    size: int | None
    md5: str | None

    def source(self, urls: BaseUrls, run: str) -> Source:
        """Return the address of the file and its expected size and checksum."""
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
        Accessions; empty if the report has no such column. ``sample`` is the BioSample.
    alias, title
        Names given by the submitter; for samples of GEO, the alias is the GSM accession.
    paired
        Whether both ends were sequenced; None if the report does not give it.
    strategy
        Library strategy; lotwise compares ``RNA-Seq``.
    n_reads
        Number of reads (a pair counts once); None if not given.
    fastq
        Its files; empty if ENA has no FASTQ of the run.
    library
        Name of the library given by the submitter; empty if not given.
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
        """Compressed size of its FASTQ files in bytes; None if not given."""
        sizes = [file.size for file in self.fastq]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def mates(self) -> tuple[Fastq, Fastq | None]:
        """Return the file of single reads, or both files of mates; unpaired reads are left out.

        Raises
        ------
        InputError
            ENA has no FASTQ of the run, its files do not fit its layout, or the layout is missing.
        """
        if self.paired is None:
            raise InputError(
                f"ENA's record of the run {self.run} has no library_layout (PAIRED or SINGLE)",
                remedy="download the run by hand and write a sample sheet, or exclude the sample",
            )
        if not self.fastq:
            raise InputError(
                f"ENA has no FASTQ of the run {self.run}",
                remedy="with the SRA toolkit installed, `lotwise fetch` downloads the run from SRA",
            )
        by_mate = {match[1]: file for file in self.fastq if (match := _MATE.search(file.name))}
        if self.paired and {"1", "2"} <= by_mate.keys():
            return by_mate["1"], by_mate["2"]
        if not self.paired and len(self.fastq) == 1:
            return self.fastq[0], None
        layout = "paired" if self.paired else "single"
        names = ", ".join(file.name for file in self.fastq)
        raise InputError(
            f"the record of the run {self.run} states the layout {layout}, but the files of the "
            f"run are {names}",
            remedy="download the run by hand and write a sample sheet",
        )


def report_source(accession: str, urls: BaseUrls) -> Source:
    """Return the source of ENA's file report of a study, experiment, sample or run.

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
        Required columns or cells are missing, a run occurs twice, or the cells of a row contain
        different numbers of files; the message gives the row.
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
                f"the row has {len(cells)} cells, but the header has {len(header)} cells",
                path=path,
                row=number,
            )
        run = _read_run(dict(zip(header, cells, strict=True)), path, number)
        if run.run in runs:
            raise InputError(f"the run {run.run} occurs twice", path=path, row=number)
        runs[run.run] = run
    if not header:
        _check_header(header, path, 1)
    return tuple(runs.values())


def _check_header(header: list[str], path: Path, row: int) -> None:
    missing = [column for column in _NEEDED if column not in header]
    if missing:
        raise WrongAnswerError(
            f"is not a file report of ENA, because these columns are missing: {', '.join(missing)}",
            path=path,
            row=row,
            remedy="remove the file and run again",
        )


def runs_by_sample(runs: Iterable[EnaRun]) -> dict[str, tuple[EnaRun, ...]]:
    """Group runs by BioSample, in the order of the report."""
    grouped: dict[str, list[EnaRun]] = {}
    for run in runs:
        grouped.setdefault(run.sample, []).append(run)
    return {sample: tuple(members) for sample, members in grouped.items()}


def _read_run(cells: Mapping[str, str], path: Path, row: int) -> EnaRun:
    run, layout = cells["run_accession"], cells["library_layout"].upper()
    # An empty layout matters only if this run is used; any other word means a damaged report.
    if layout not in {"PAIRED", "SINGLE", ""}:
        raise InputError(
            f"must be PAIRED or SINGLE, got {layout!r}",
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
                f"lists {len(values)} files, but the column 'fastq_ftp' lists {len(addresses)} "
                "files",
                path=path,
                row=row,
                column=name,
            )
    for index, address in enumerate(addresses):
        # "host/path", in some reports preceded by ftp://; the host is that of the configuration.
        inside = re.sub(r"^\w+://", "", address).partition("/")[2]
        for part in inside.split("/"):
            safe_name(part, origin=f"{path}, row {row}")
        size = columns["fastq_bytes"][index] if columns["fastq_bytes"] else ""
        md5 = columns["fastq_md5"][index] if columns["fastq_md5"] else ""
        n_bytes = number_in(size)
        if (size and n_bytes is None) or not re.fullmatch(r"([0-9a-fA-F]{32})?", md5):
            raise InputError(
                f"{address} has the invalid size {size!r} or MD5 {md5!r}", path=path, row=row
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
        raise InputError(f"{text[:60]!r} is not a number", path=path, row=row, column=column)
    return number
