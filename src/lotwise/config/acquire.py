"""What the configuration says about sources, network, samples and expected coefficients.

Light on purpose (pydantic only): every cluster job reads it.
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
"""Environment variable by which the workflow hands over addresses with their logins, as JSON."""

# User and password of an address, which a proxy's may have as well.
_LOGIN: Final = re.compile(r"(?<=://)[^/\s\"'@]+@")


def strike_logins(text: str) -> str:
    """Return a text with *** in the place of the user and password of each address.

    Examples
    --------
    >>> strike_logins("from https://me:secret@example.org/geo")
    'from https://***@example.org/geo'
    """
    return _LOGIN.sub("***@", text)


class BaseUrls(Section):
    """Where each source begins, without a trailing slash; a mirror can stand in."""

    geo: _Url = Field(default="https://ftp.ncbi.nlm.nih.gov/geo", description="GEO's file tree.")
    geo_download: _Url = Field(
        default="https://www.ncbi.nlm.nih.gov/geo/download",
        description="GEO's page of counts and TPM that NCBI computed.",
    )
    ena_portal: _Url = Field(
        default="https://www.ebi.ac.uk/ena/portal/api",
        description="ENA's portal, for file reports.",
    )
    ena_fastq: _Url = Field(
        default="https://ftp.sra.ebi.ac.uk",
        description="Host of ENA's FASTQ, spoken to over HTTPS.",
    )
    gencode: _Url = Field(
        default="https://ftp.ebi.ac.uk/pub/databases/gencode", description="GENCODE's file tree."
    )
    ensembl: _Url = Field(default="https://ftp.ensembl.org/pub", description="Ensembl's file tree.")

    @field_validator("*")
    @classmethod
    def _without_trailing_slash(cls, url: str) -> str:
        return url.rstrip("/")

    def without_logins(self) -> Self:
        """Return the addresses as they may be printed, with *** for each user and password."""
        struck = {name: strike_logins(url) for name, url in self.model_dump().items()}
        return self.model_copy(update=struck)


class NetworkSettings(Section):
    """How downloads behave."""

    offline: bool = Field(default=False, description="Use what is there, fetch nothing.")
    connect_timeout: _Positive = Field(
        default=20.0, description="Seconds to wait for a connection."
    )
    read_timeout: _Positive = Field(
        default=60.0, description="Seconds without a byte before giving up."
    )
    attempts: int = Field(
        default=6, ge=1, le=50, description="Attempts in a row without new bytes."
    )
    backoff: float = Field(
        default=1.0, ge=0, description="Seconds before the first repeat; then doubled."
    )
    backoff_ceiling: _Positive = Field(
        default=60.0, description="Longest wait between two attempts."
    )
    retry_after_ceiling: _Positive = Field(
        default=600.0, description="Longest wait that a server may ask for, in seconds."
    )
    slowest_bytes_per_second: float = Field(
        default=1024.0, ge=0, description="A transfer slower than this is started again."
    )
    slow_window: _Positive = Field(
        default=60.0, description="Seconds over which slowness is measured."
    )
    workers: int = Field(default=4, ge=1, le=64, description="Files fetched at once.")
    workers_per_host: int = Field(
        default=3, ge=1, le=64, description="Files fetched at once from one host."
    )
    max_total_gib: float | None = Field(
        default=100.0, ge=0, description="More than this in one run asks first; null asks never."
    )
    proxy: _Url | None = Field(
        default=None,
        description="Proxy address; HTTPS_PROXY and its kin are respected without it, and are the "
        "place for a password.",
    )
    ca_bundle: Path | None = Field(default=None, description="PEM file of trusted certificates.")

    @property
    def max_total_bytes(self) -> int | None:
        """The cap in bytes; None where there is none."""
        return None if self.max_total_gib is None else int(self.max_total_gib * _GIB)


class SampleChoice(Section):
    """One sample named outright."""

    sample: str = Field(min_length=1, description="GSM accession, or the exact title.")
    batch: str | None = Field(
        default=None, min_length=1, description="Batch name; the title if null."
    )


_TEMPLATE = re.compile(r"\{([A-Za-z][^{}]*)\}")


def fields_in(text: str) -> tuple[str, ...]:
    r"""Return the fields that a text such as ``'{cell line}'`` names; none for a pattern.

    A repetition of a regular expression, such as ``\d{3}``, names no field.

    Examples
    --------
    >>> fields_in("{cell line} {dose}"), fields_in(r"lot-\d{3}")
    (('cell line', 'dose'), ())
    """
    return tuple(name.strip() for name in _TEMPLATE.findall(text))


class SampleSelection(Section):
    """Which samples of the series are compared, and which batch each belongs to."""

    pattern: str | None = Field(
        default=None,
        min_length=1,
        description="Regular expression over title, characteristics, source name, library name and "
        "description. The batch is its group 'batch', or its first group, or all that matched.",
    )
    choose: tuple[SampleChoice, ...] = Field(default=(), description="Samples named one by one.")
    where: dict[str, str] = Field(
        default_factory=dict,
        description="Keep samples whose fields match, such as {treatment: untreated}.",
    )
    exclude: tuple[str, ...] = Field(
        default=(), description="Accessions or titles of samples to leave out."
    )
    batch: str | None = Field(
        default=None,
        min_length=1,
        description="Batch of each sample: fields such as '{cell line}', or a regular expression; "
        "null takes it from pattern or choose, or the title.",
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
        default=None, ge=1, description="How many batches there must be; null accepts any number."
    )

    @field_validator("pattern", "batch", "donor", "condition", "replicate")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None and not fields_in(pattern):
            try:
                re.compile(pattern)
            except re.error as error:
                msg = f"is not a regular expression ({error})"
                raise ValueError(msg) from error
        return pattern

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.pattern is not None and self.choose:
            msg = "give either 'pattern' or 'choose', not both"
            raise ValueError(msg)
        if self.batch is not None and self.choose:
            msg = "'choose' names the batches itself; remove 'batch'"
            raise ValueError(msg)
        return self


class AssumedFragments(Section):
    """Fragment length of single-end reads, which no read can show; reported as assumed."""

    fragment_length: _Positive = Field(default=200.0, description="Mean fragment length in bases.")
    fragment_sd: _Positive = Field(default=20.0, description="Standard deviation in bases.")


class ReferenceSettings(Section):
    """Transcripts and annotation to quantify against."""

    source: Literal["gencode", "ensembl", "files"] = Field(
        default="gencode", description="Who made it."
    )
    organism: str = Field(
        default="human", description="human or mouse; for Ensembl homo_sapiens etc."
    )
    assembly: str = Field(default="GRCh38", description="Genome assembly in Ensembl's file names.")
    release: str | None = Field(
        default=None,
        pattern=r"^M?\d+$",
        description="Release, such as 44 or M33; needed but for 'files'.",
    )
    transcripts: Path | None = Field(default=None, description="Own FASTA, with source: files.")
    annotation: Path | None = Field(default=None, description="Own GTF, with source: files.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.source == "files":
            if self.transcripts is None or self.annotation is None:
                msg = "source 'files' needs 'transcripts' and 'annotation'"
                raise ValueError(msg)
        elif self.transcripts is not None or self.annotation is not None:
            msg = f"own 'transcripts' and 'annotation' need source 'files', not {self.source!r}"
            raise ValueError(msg)
        elif self.release is None:
            msg = f"source {self.source!r} needs a 'release'"
            raise ValueError(msg)
        return self


class ExpectedCoefficient(Section):
    """A published coefficient; ``r: null`` until somebody has read it off the figure."""

    level: Level
    batch_a: str = Field(min_length=1)
    batch_b: str = Field(min_length=1)
    r: float | None = Field(default=None, ge=-1, le=1, description="Pearson's R as printed.")
    decimals: int | None = Field(default=None, ge=1, le=10, description="Decimals as printed.")
    source: str = Field(min_length=1, description="Where it is printed, such as a figure panel.")

    @model_validator(mode="after")
    def _printed(self) -> Self:
        if (self.r is None) != (self.decimals is None):
            msg = "'r' and 'decimals' go together: give both, or null for both"
            raise ValueError(msg)
        if (
            self.r is not None
            and self.decimals is not None
            and abs(round(self.r, self.decimals) - self.r) > 1e-12
        ):
            msg = f"r {self.r} has more than the {self.decimals} decimals that were printed"
            raise ValueError(msg)
        if self.batch_a == self.batch_b:
            msg = f"a pair is of two batches, {self.batch_a!r} came twice"
            raise ValueError(msg)
        return self


class DepositedSettings(Section):
    """What the deposited tables are, where they do not say it plainly themselves."""

    file: str | dict[Level, str] | None = Field(
        default=None,
        description="Supplementary file or member of the archive (* stands for any characters), or "
        "one per level: {gene: A, isoform: B}; null if there is one choice per level.",
    )
    path: Path | dict[Level, Path] | None = Field(
        default=None,
        description="Table on this machine, downloaded by hand, or one per level; null fetches.",
    )
    sheet: str | dict[Level, str] | None = Field(
        default=None, description="Sheet of a workbook, or one per level; null looks at all."
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="Column of each sample, {GSM or title: column}; {} lets names decide.",
    )
    kind: Literal["tpm", "fpkm", "counts"] | None = Field(
        default=None,
        description="What its numbers are; null lets names and sums decide. tpm also accepts TPM "
        "of a part of the genes, which do not sum to a million.",
    )
    level: Level | None = Field(default=None, description="Its level; null lets names decide.")
    duplicates: Literal["refuse", "sum"] = Field(
        default="refuse", description="Features that stand twice: refuse, or sum their TPM."
    )


class AcquireSettings(Section):
    """All that is configured of where samples and references come from."""

    accession: str | None = Field(
        default=None, description="GEO series, or study or experiment of SRA or ENA."
    )
    route: Route = Field(
        default="reads",
        description="reads (FASTQ from ENA), deposited (tables of the authors), ncbi (TPM computed "
        "by NCBI, gene level only).",
    )
    downloads: Path = Field(default=Path("downloads"), description="Where fetched files are kept.")
    urls: BaseUrls = Field(default_factory=BaseUrls)
    network: NetworkSettings = Field(default_factory=NetworkSettings)
    samples: SampleSelection = Field(default_factory=SampleSelection)
    single_end: AssumedFragments = Field(default_factory=AssumedFragments)
    deposited: DepositedSettings = Field(default_factory=DepositedSettings)
    reference: ReferenceSettings | None = Field(
        default=None, description="Transcripts and annotation to quantify against; null has none."
    )
    expected: tuple[ExpectedCoefficient, ...] = Field(
        default=(), description="Published coefficients to compare with."
    )
