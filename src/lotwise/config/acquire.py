"""The configuration of sources, network, samples and expected coefficients.

Imports pydantic only: every cluster job reads the configuration.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from lotwise.config.section import Section
from lotwise.keys import Level

Route = Literal["reads", "deposited", "ncbi"]

_Url = Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]
_Positive = Annotated[float, Field(gt=0)]
_GIB: Final = 2**30

ADDRESSES: Final = "LOTWISE_URLS"
"""Environment variable in which the workflow passes addresses with their logins, as JSON."""

# User and password of an address, which a proxy's may have as well.
_LOGIN: Final = re.compile(r"(?<=://)[^/\s\"'@]+@")


def strike_logins(text: str) -> str:
    """Return a text with ``***`` in the place of the user and password of each address.

    Examples
    --------
    >>> strike_logins("from https://me:secret@example.org/geo")
    'from https://***@example.org/geo'
    """
    return _LOGIN.sub("***@", text)


class BaseUrls(Section):
    """Base address of each source, without a trailing slash; replace one to use a mirror."""

    geo: _Url = Field(default="https://ftp.ncbi.nlm.nih.gov/geo", description="Files of GEO.")
    geo_download: _Url = Field(
        default="https://www.ncbi.nlm.nih.gov/geo/download",
        description="GEO's page of counts and TPM computed by NCBI.",
    )
    ena_portal: _Url = Field(
        default="https://www.ebi.ac.uk/ena/portal/api",
        description="ENA's portal API, for file reports.",
    )
    ena_fastq: _Url = Field(
        default="https://ftp.sra.ebi.ac.uk",
        description="Host of ENA's FASTQ files, accessed over HTTPS.",
    )
    gencode: _Url = Field(
        default="https://ftp.ebi.ac.uk/pub/databases/gencode", description="Files of GENCODE."
    )
    ensembl: _Url = Field(default="https://ftp.ensembl.org/pub", description="Files of Ensembl.")

    @field_validator("*")
    @classmethod
    def _without_trailing_slash(cls, url: str) -> str:
        return url.rstrip("/")

    def without_logins(self) -> Self:
        """Return the addresses as they may be printed, with ``***`` for each user and password."""
        struck = {name: strike_logins(url) for name, url in self.model_dump().items()}
        return self.model_copy(update=struck)


class NetworkSettings(Section):
    """Settings of downloads."""

    offline: bool = Field(
        default=False, description="Use downloaded files only; no network access."
    )
    connect_timeout: _Positive = Field(
        default=20.0, description="Time limit for a connection, in seconds."
    )
    read_timeout: _Positive = Field(
        default=60.0, description="Seconds without data before a transfer is stopped."
    )
    attempts: int = Field(
        default=6,
        ge=1,
        le=50,
        description="Maximum number of consecutive attempts without new data.",
    )
    backoff: float = Field(
        default=1.0,
        ge=0,
        description="Seconds before the first retry; doubled for each further retry.",
    )
    backoff_ceiling: _Positive = Field(
        default=60.0, description="Longest wait between two attempts, in seconds."
    )
    retry_after_ceiling: _Positive = Field(
        default=600.0, description="Longest wait that a server may request, in seconds."
    )
    slowest_bytes_per_second: float = Field(
        default=1024.0,
        ge=0,
        description="A transfer slower than this (bytes per second) is restarted.",
    )
    slow_window: _Positive = Field(
        default=60.0, description="Seconds over which the transfer rate is measured."
    )
    workers: int = Field(default=4, ge=1, le=64, description="Number of files downloaded at once.")
    workers_per_host: int = Field(
        default=3, ge=1, le=64, description="Number of files downloaded at once from one host."
    )
    max_total_gib: float | None = Field(
        default=100.0,
        ge=0,
        description="Ask before downloading more than this in one run; null: never ask.",
    )
    proxy: _Url | None = Field(
        default=None,
        description="Proxy address; null: HTTPS_PROXY and similar variables. Put a password into "
        "these variables, not here.",
    )
    ca_bundle: Path | None = Field(default=None, description="PEM file of trusted certificates.")

    @property
    def max_total_bytes(self) -> int | None:
        """The download limit in bytes; None if there is no limit."""
        return None if self.max_total_gib is None else int(self.max_total_gib * _GIB)


class SampleChoice(Section):
    """One sample, chosen explicitly."""

    sample: str = Field(min_length=1, description="GSM accession, or the exact title.")
    batch: str | None = Field(
        default=None, min_length=1, description="Batch name; null: the title."
    )


_TEMPLATE = re.compile(r"\{([A-Za-z][^{}]*)\}")


def fields_in(text: str) -> tuple[str, ...]:
    r"""Return the fields named in a text such as ``'{cell line}'``; empty for a pattern.

    A repetition in a regular expression, such as ``\d{3}``, is not a field.

    Examples
    --------
    >>> fields_in("{cell line} {dose}"), fields_in(r"lot-\d{3}")
    (('cell line', 'dose'), ())
    """
    return tuple(name.strip() for name in _TEMPLATE.findall(text))


class SampleSelection(Section):
    """The samples of the series to compare, and the batch of each."""

    pattern: str | None = Field(
        default=None,
        min_length=1,
        description="Regular expression, searched in title, characteristics, source name, library "
        "name and description. The batch is the group 'batch', else the first group, else the "
        "whole match.",
    )
    choose: tuple[SampleChoice, ...] = Field(default=(), description="Samples chosen one by one.")
    where: dict[str, str] = Field(
        default_factory=dict,
        description="Keep samples whose fields match, such as {treatment: untreated}.",
    )
    exclude: tuple[str, ...] = Field(
        default=(), description="Accessions or titles of samples to exclude."
    )
    batch: str | None = Field(
        default=None,
        min_length=1,
        description="Batch of each sample: fields such as '{cell line}', or a regular expression; "
        "null: from pattern or choose, else the title.",
    )
    donor: str | None = Field(
        default=None, min_length=1, description="Donor: fields or a regular expression."
    )
    condition: str | None = Field(
        default=None, min_length=1, description="Condition: fields or a regular expression."
    )
    replicate: str | None = Field(
        default=None, min_length=1, description="Replicate: fields or a regular expression."
    )
    n_batches: int | None = Field(
        default=None, ge=1, description="Required number of batches; null: any number."
    )

    @field_validator("pattern", "batch", "donor", "condition", "replicate")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None and not fields_in(pattern):
            try:
                re.compile(pattern)
            except re.error as error:
                msg = f"is not a valid regular expression ({error})"
                raise ValueError(msg) from error
        return pattern

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.pattern is not None and self.choose:
            msg = "give either 'pattern' or 'choose', not both"
            raise ValueError(msg)
        if self.batch is not None and self.choose:
            msg = "'choose' already gives the batches; remove 'batch'"
            raise ValueError(msg)
        return self


class AssumedFragments(Section):
    """Fragment length of single-end reads; it cannot be measured, and is reported as assumed."""

    fragment_length: _Positive = Field(default=200.0, description="Mean fragment length in bases.")
    fragment_sd: _Positive = Field(default=20.0, description="Standard deviation in bases.")


class ReferenceSettings(Section):
    """Transcripts and annotation for quantification."""

    source: Literal["gencode", "ensembl", "files"] = Field(
        default="gencode", description="Source of the annotation."
    )
    organism: str = Field(
        default="human", description="human or mouse; for Ensembl homo_sapiens etc."
    )
    assembly: str = Field(
        default="GRCh38", description="Genome assembly, as in Ensembl's file names."
    )
    release: str | None = Field(
        default=None,
        pattern=r"^M?\d+$",
        description="Release, such as 44 or M33; required unless source is 'files'.",
    )
    transcripts: Path | None = Field(
        default=None, description="Your own FASTA, with source: files."
    )
    annotation: Path | None = Field(default=None, description="Your own GTF, with source: files.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.source == "files":
            if self.transcripts is None or self.annotation is None:
                msg = "source 'files' needs 'transcripts' and 'annotation'"
                raise ValueError(msg)
        elif self.transcripts is not None or self.annotation is not None:
            msg = f"'transcripts' and 'annotation' require source 'files', got {self.source!r}"
            raise ValueError(msg)
        elif self.release is None:
            msg = f"source {self.source!r} needs a 'release'"
            raise ValueError(msg)
        return self


class ExpectedCoefficient(Section):
    """A published coefficient; ``r: null`` until it has been read off the figure."""

    level: Level
    batch_a: str = Field(min_length=1)
    batch_b: str = Field(min_length=1)
    r: float | None = Field(default=None, ge=-1, le=1, description="Pearson's R as printed.")
    decimals: int | None = Field(
        default=None, ge=1, le=10, description="Number of decimals printed."
    )
    source: str = Field(min_length=1, description="Where it was published, such as a figure panel.")

    @model_validator(mode="after")
    def _printed(self) -> Self:
        if (self.r is None) != (self.decimals is None):
            msg = "give both 'r' and 'decimals', or null for both"
            raise ValueError(msg)
        if (
            self.r is not None
            and self.decimals is not None
            and abs(round(self.r, self.decimals) - self.r) > 1e-12
        ):
            msg = f"r {self.r} has more decimals than 'decimals' ({self.decimals})"
            raise ValueError(msg)
        if self.batch_a == self.batch_b:
            msg = f"a pair needs two different batches, got {self.batch_a!r} twice"
            raise ValueError(msg)
        return self


class DepositedSettings(Section):
    """Properties of deposited tables that cannot be inferred from the tables."""

    file: str | dict[Level, str] | None = Field(
        default=None,
        description="Supplementary file or archive member (* stands for any characters), or one "
        "per level: {gene: A, isoform: B}; null: the only choice of each level.",
    )
    path: Path | dict[Level, Path] | None = Field(
        default=None,
        description="Local table, downloaded by hand, or one per level; null: download.",
    )
    sheet: str | dict[Level, str] | None = Field(
        default=None, description="Sheet of a workbook, or one per level; null: search all sheets."
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="Column of each sample, {GSM or title: column}; {}: inferred from names.",
    )
    kind: Literal["tpm", "fpkm", "counts"] | None = Field(
        default=None,
        description="Unit of the values; null: inferred from names and sums. tpm also accepts TPM "
        "of a subset of the genes, which do not sum to a million.",
    )
    level: Level | None = Field(
        default=None, description="Level of the table; null: inferred from names."
    )
    duplicates: Literal["refuse", "sum"] = Field(
        default="refuse",
        description="Features that occur more than once: refuse them, or sum their TPM.",
    )


class AcquireSettings(Section):
    """All settings for obtaining samples and references."""

    accession: str | None = Field(
        default=None, description="GEO series, or SRA or ENA study or experiment."
    )
    route: Route = Field(
        default="reads",
        description="reads (FASTQ from ENA), deposited (the authors' tables), ncbi (TPM computed "
        "by NCBI, gene level only).",
    )
    downloads: Path = Field(default=Path("downloads"), description="Folder for downloaded files.")
    urls: BaseUrls = Field(default_factory=BaseUrls)
    network: NetworkSettings = Field(default_factory=NetworkSettings)
    samples: SampleSelection = Field(default_factory=SampleSelection)
    single_end: AssumedFragments = Field(default_factory=AssumedFragments)
    deposited: DepositedSettings = Field(default_factory=DepositedSettings)
    reference: ReferenceSettings | None = Field(
        default=None, description="Transcripts and annotation for quantification; null: none."
    )
    expected: tuple[ExpectedCoefficient, ...] = Field(
        default=(), description="Published coefficients to compare with."
    )
