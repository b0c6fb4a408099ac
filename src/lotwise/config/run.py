"""The configuration of a run: typed, bounded, frozen, and strict about its keys.

Light on purpose (pydantic and PyYAML): the workflow reads it in every job. The
defaults of the command line are the defaults here.
"""

from __future__ import annotations

import types
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import yaml
from pydantic import (
    BaseModel,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from lotwise.config.acquire import AcquireSettings
from lotwise.config.evidence import EvidenceConfig
from lotwise.config.section import Section
from lotwise.errors import InputError
from lotwise.evidence.libraries import SHALLOW_BELOW
from lotwise.files.yaml import parse_yaml
from lotwise.keys import LEVELS, Level
from lotwise.wording import closest

Source = Literal["quant", "reads", "accession"]
QuantifierName = Literal["kallisto", "salmon", "rsem"]
Aligner = Literal["bowtie", "bowtie2", "star"]
Style = Literal["paper", "density"]
FigureFormat = Literal["pdf", "svg", "png"]
TpmSum = Literal["million", "any"]
NONE: Final = "none"
"""On the command line, in the place of a list that is empty."""
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


# Compressed reads that a quantifier on four cores goes through in a minute, with room: RSEM with
# bowtie2 takes about 10 million pairs (1.2 GB) an hour, kallisto and salmon far less time.
_BYTES_PER_MINUTE_RSEM: Final = 15_000_000
_BYTES_PER_MINUTE: Final = 100_000_000
_RSEM_BYTES_PER_BYTE: Final = 2


class Limits(Section):
    """Bounds of the gate after quantification."""

    smallest_share_used: Share = Field(
        default=0.1, description="a smaller share of reads used is refused"
    )
    smallest_reads_used: int = Field(
        default=1_000, ge=0, description="fewer reads used are refused"
    )
    smallest_complexity_ratio: Share = Field(
        default=0.4,
        description="a smaller part of the features that the other samples show at equal depth is "
        "refused",
    )
    noted_complexity_ratio: Share = Field(
        default=0.7, description="a smaller part of them is noted as of low complexity"
    )
    smallest_depth_ratio: Share = Field(
        default=0.05, description="a smaller part of the other samples' median depth is refused"
    )
    noted_depth_ratio: Share = Field(
        default=SHALLOW_BELOW, description="a smaller part of it is noted as shallow"
    )


class ReadsConfig(Section):
    """How reads are quantified, with source: reads."""

    transcripts: Path | None = Field(
        default=None, description="FASTA of transcripts, plain or gzip; needed"
    )
    quantifier: QuantifierName = Field(default="kallisto", description="kallisto, salmon or rsem")
    program: Path | None = Field(
        default=None, description="path of the quantifier; null searches PATH"
    )
    genome: Path | None = Field(
        default=None, description="FASTA: decoys for salmon, needed by RSEM with STAR"
    )
    gtf: Path | None = Field(default=None, description="annotation, needed by RSEM with STAR")
    aligner: Aligner = Field(
        default="bowtie2", description="what RSEM aligns with: bowtie, bowtie2 or star"
    )
    bootstraps: int = Field(
        default=0, ge=0, description="bootstraps to keep a sample, of kallisto or salmon"
    )
    k: int | None = Field(
        default=None,
        ge=7,
        le=31,
        description="length of the k-mers of kallisto or salmon, odd; shorter for short reads, "
        "null takes 31",
    )
    extra: str = Field(
        default="",
        description="further arguments of the quantifier, such as --gcBias of salmon",
    )
    exclude: tuple[str, ...] = Field(
        default=(), description="samples of the sheet to leave out of the comparison"
    )
    cache: Path | None = Field(
        default=None, description="folder of indexes; null keeps them with the results"
    )
    threads: int = Field(default=4, ge=1, description="threads of a quantifier")
    limits: Limits = Limits()

    def minutes_of(self, n_bytes: int) -> int:
        """Return the minutes that quantifying one sample may need.

        Parameters
        ----------
        n_bytes
            Compressed size of its reads.
        """
        if self.quantifier == "rsem":
            return 240 + n_bytes // _BYTES_PER_MINUTE_RSEM
        return 60 + n_bytes // _BYTES_PER_MINUTE

    def memory_of(self, n_bytes: int) -> int:
        """Return the megabytes that quantifying one sample may need.

        RSEM holds every alignment in memory, so its need grows with the reads.
        """
        grows = self.quantifier == "rsem"
        return self.memory_mb + (_RSEM_BYTES_PER_BYTE * n_bytes // 10**6 if grows else 0)

    @property
    def memory_mb(self) -> int:
        """Megabytes that quantifying a sample of few reads may need.

        STAR's manual asks for ten bytes a base of the genome: about 30 GB for human. salmon's
        decoys are the genome.
        """
        if self.quantifier == "rsem":
            return 40_000 if self.aligner == "star" else 8_000
        return 24_000 if self.quantifier == "salmon" and self.genome else 8_000

    @field_validator("aligner")
    @classmethod
    def _require_genome(cls, aligner: Aligner, info: ValidationInfo) -> Aligner:
        known = info.data
        given = known.get("genome") is not None and known.get("gtf") is not None
        if known.get("quantifier") == "rsem" and aligner == "star" and not given:
            words = "needed are a genome and a GTF for it (reads.genome, reads.gtf)"
            raise PydanticCustomError("star", words)
        return aligner

    @field_validator("k")
    @classmethod
    def _require_odd(cls, k: int | None, info: ValidationInfo) -> int | None:
        if k is not None and k % 2 == 0:
            words = "needed is an odd number: a k-mer of even length can be its own complement"
            raise PydanticCustomError("odd", words)
        if k is not None and info.data.get("quantifier") == "rsem":
            words = "RSEM has no k-mers; write null, or take kallisto or salmon"
            raise PydanticCustomError("rsem", words)
        return k

    @field_validator("bootstraps")
    @classmethod
    def _refuse_bootstraps_of_rsem(cls, bootstraps: int, info: ValidationInfo) -> int:
        if bootstraps and info.data.get("quantifier") == "rsem":
            words = "none are made by RSEM; write 0, or take kallisto or salmon"
            raise PydanticCustomError("rsem", words)
        return bootstraps


class ExpressionConfig(Section):
    """How quantifications are read."""

    tx2gene: Path | None = Field(
        default=None, description="genes of transcripts: table, GTF, GFF3 or transcript FASTA"
    )
    min_shared: Share = Field(
        default=0.9, description="least share of features that all samples have in common"
    )
    tpm_sum: TpmSum = Field(
        default="million", description="million, or any: accept TPM of a part of the features"
    )
    matrix_level: Level | None = Field(
        default=None, description="gene or isoform, where a TPM matrix does not tell"
    )
    bootstraps: bool = Field(
        default=False,
        description="keep the bootstraps of kallisto or salmon, for ceilings and isoform tests",
    )


class CorrelationConfig(Section):
    """How samples are correlated."""

    pseudocount: Positive = Field(
        default=1.0, description="pseudo-count c of log2(TPM + c); the paper's is 1"
    )
    threshold: Positive = Field(default=1.0, description="TPM from which a feature is detected")
    min_counts: Positive = Field(default=10.0, description="counts from which a feature is counted")
    most_pairs: int = Field(
        default=500, ge=2, description="pairs of samples that tables list; of more, by steps of R"
    )
    n_contributions: int = Field(
        default=50, ge=1, description="features listed a pair as pulling R down"
    )


class FiguresConfig(Section):
    """How figures look."""

    style: Style = Field(
        default="paper", description="paper (points) or density (features a pixel)"
    )
    decimals: int = Field(default=4, ge=2, le=8, description="decimals of R in the figures")
    formats: tuple[FigureFormat, ...] = Field(
        default=("pdf", "png"),
        min_length=1,
        description="kinds of file, of pdf, svg and png",
        json_schema_extra={"option": "--format"},
    )
    note: str = Field(default="", description="a line printed under every figure")


class Config(Section):
    """Everything a run needs to know."""

    source: Source = Field(
        default="quant", description="where TPM come from: quant, reads or accession"
    )
    samples: Path = Field(default=Path("samples.tsv"), description="the sample sheet")
    results: Path = Field(default=Path("results"), description="folder of everything written")
    levels: tuple[Level, ...] = Field(
        default=LEVELS, min_length=1, description="of gene and isoform"
    )
    acquire: AcquireSettings = AcquireSettings()
    reads: ReadsConfig = ReadsConfig()
    expression: ExpressionConfig = ExpressionConfig()
    correlation: CorrelationConfig = CorrelationConfig()
    evidence: EvidenceConfig = Field(default_factory=EvidenceConfig)
    figures: FiguresConfig = FiguresConfig()
    acceptance: str | None = Field(
        default=None,
        min_length=1,
        description="acceptance criteria: YAML file or shipped name; null gives no verdict",
    )
    report: bool = Field(default=True, description="write report.html, the page with the answer")

    @field_validator("levels")
    @classmethod
    def _each_level_once(cls, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        twice = next((level for level in levels if levels.count(level) > 1), None)
        if twice is not None:
            raise PydanticCustomError("twice", "{level} stands twice in it", {"level": twice})
        return levels


def parse_config(given: Mapping[str, Any], *, source: str = "configuration") -> Config:
    """Check a configuration; ``source`` names it in messages.

    Raises
    ------
    InputError
        A key is unknown (the nearest right one is named) or a value is out of its bounds.

    Examples
    --------
    >>> parse_config({"correlation": {"pseudocount": 0.1}}).correlation.pseudocount
    0.1
    >>> parse_config({"correlation": {"pseudo_count": 1}})
    Traceback (most recent call last):
    lotwise.errors.InputError: configuration: key 'correlation.pseudo_count' is unknown;
    did you mean 'correlation.pseudocount'?
    """
    try:
        return Config.model_validate(dict(given))
    except ValidationError as error:
        raise _first_fault(error, source) from None


def read_config(path: Path | str) -> Config:
    """Read and check a YAML file.

    Raises
    ------
    InputError
        The file is missing or is not YAML, or see :func:`parse_config`.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(
            "no such configuration", path=path, remedy="`lotwise init DIR` writes one"
        ) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=path) from None
    except UnicodeDecodeError:
        raise InputError("is not YAML (not text in UTF-8)", path=path) from None
    given = parse_yaml(text, source=path)
    if not isinstance(given, dict):
        raise InputError("holds no keys", path=path, remedy="start from `lotwise init DIR`")
    return parse_config(given, source=str(path))


def write_template(config: Config, *, leave_out: Collection[str] = ()) -> str:
    """Write a configuration as YAML, every key present and explained in one line.

    Sections to leave out are named: what a run does not need hides what it does.

    Examples
    --------
    >>> print(write_template(Config()).splitlines()[0])
    source: quant  # where TPM come from: quant, reads or accession
    """
    return "\n".join(_template_lines(config, "", leave_out)) + "\n"


def as_options(section: BaseModel) -> list[str]:
    """Give a section as options of the command line that takes them.

    Examples
    --------
    >>> as_options(FiguresConfig(formats=("pdf", "png")))
    ['--style', 'paper', '--decimals', '4', '--format', 'pdf', '--format', 'png']
    >>> as_options(EvidenceConfig(statistics=("sensitivity",), panels=()))[:6]
    ['--statistic', 'sensitivity', '--seed', '0', '--panel', 'none']
    """
    words: list[str] = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            words += as_options(value)
            continue
        flag = option_of(name, field)
        if value == () and may_be_empty(field):
            value = (NONE,)
        for item in value if isinstance(value, tuple) else (value,):
            if item is True:
                words.append(flag)
            elif item is not False and item not in {None, ""}:
                words += [flag, str(item)]
    return words


def option_of(name: str, field: FieldInfo) -> str:
    """Give the option of the command line that stands for a key.

    Examples
    --------
    >>> [option_of(name, EvidenceConfig.model_fields[name]) for name in ("panels", "gene_sets")]
    ['--panel', '--gene-sets']
    """
    extra = field.json_schema_extra
    option = extra.get("option") if isinstance(extra, dict) else None
    return str(option or f"--{name.replace('_', '-')}")


def may_be_empty(field: FieldInfo) -> bool:
    """Tell whether an empty list of a key says something else than the key left out."""
    bounded = any(getattr(bound, "min_length", None) for bound in field.metadata)
    default = field.get_default(call_default_factory=True)
    return isinstance(default, tuple) and bool(default) and not bounded


def _template_lines(
    section: BaseModel, indent: str, leave_out: Collection[str] = ()
) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if name in leave_out:
            continue
        if isinstance(value, BaseModel):
            yield f"{indent}{name}:  # {(type(value).__doc__ or '').rstrip('.')}"
            yield from _template_lines(value, indent + "  ")
        else:
            yield f"{indent}{name}: {_as_yaml(value)}  # {field.description}"


def _as_yaml(value: object) -> str:
    plain: object = value
    # Within quotation marks a line end is an escape: the comment behind stays a comment.
    style = '"' if isinstance(value, str) and not value.isprintable() else None
    if isinstance(value, Path):
        plain = str(value)
    elif isinstance(value, tuple):
        plain = [item.model_dump() if isinstance(item, BaseModel) else item for item in value]
    text: str = yaml.safe_dump(plain, default_flow_style=True, default_style=style, width=10**6)
    return text.removesuffix("\n").removesuffix("\n...")


def _first_fault(error: ValidationError, source: str) -> InputError:
    """Turn pydantic's list into one line: unknown keys first, they explain the rest."""
    faults = error.errors()
    fault = next((item for item in faults if item["type"] == "extra_forbidden"), faults[0])
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        by_last = {known.rsplit(".", 1)[-1]: known for known in _known_keys(Config)}
        last = closest(key.rsplit(".", 1)[-1], by_last, cutoff=0.6)
        close = closest(key, _known_keys(Config)) or by_last.get(last)
        remedy = f"did you mean {close!r}?" if close else "remove it"
        return InputError(f"key {key!r} is unknown", path=source, remedy=remedy)
    return InputError(
        f"key {key!r} is {fault['input']!r}; {fault['msg'][:1].lower()}{fault['msg'][1:]}",
        path=source,
    )


def _known_keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield prefix + name
        for inner in _models_of(field.annotation):
            yield from _known_keys(inner, f"{prefix}{name}.")


_UNIONS: Final = (Union, types.UnionType)


def _models_of(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in _UNIONS:
        for argument in get_args(annotation):
            yield from _models_of(argument)
