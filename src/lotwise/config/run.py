"""The configuration of a run: typed, bounded, frozen, without unknown keys.

Imports pydantic and PyYAML only: the workflow reads it in every job. The defaults of
the command line are the defaults here.
"""

from __future__ import annotations

import types
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from lotwise.config.acquire import AcquireSettings
from lotwise.config.evidence import EvidenceConfig
from lotwise.config.reads import ReadsConfig
from lotwise.config.section import Section, Share
from lotwise.errors import InputError
from lotwise.files.yaml import parse_yaml
from lotwise.keys import LEVELS, Level
from lotwise.wording import closest

Source = Literal["quant", "reads", "accession"]
Style = Literal["paper", "density"]
FigureFormat = Literal["pdf", "svg", "png"]
TpmSum = Literal["million", "any"]
NONE: Final = "none"
"""Value that means an empty list on the command line."""
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class ExpressionConfig(Section):
    """Reading of quantifications."""

    tx2gene: Path | None = Field(
        default=None, description="transcript-to-gene map: table, GTF, GFF3 or transcript FASTA"
    )
    min_shared: Share = Field(
        default=0.9, description="minimum fraction of features shared by all samples"
    )
    tpm_sum: TpmSum = Field(
        default="million",
        description="sum of TPM: million, or any (accepts TPM of a subset of the features)",
    )
    matrix_level: Level | None = Field(
        default=None, description="level of a TPM matrix, if it cannot be inferred"
    )
    bootstraps: bool = Field(
        default=False,
        description="read the bootstraps of kallisto or salmon, for ceilings and isoform tests",
    )


class CorrelationConfig(Section):
    """Correlation of samples."""

    pseudocount: Positive = Field(
        default=1.0, description="pseudocount c in log2(TPM + c); the paper uses 1"
    )
    threshold: Positive = Field(
        default=1.0, description="TPM at or above which a feature is detected"
    )
    min_counts: Positive = Field(
        default=10.0, description="counts at or above which a feature is quantifiable"
    )
    most_pairs: int = Field(
        default=500,
        ge=2,
        description="maximum number of pairs in a table; if there are more pairs, those listed "
        "cover the whole range of R",
    )
    n_contributions: int = Field(
        default=50, ge=1, description="features listed per pair: those that lower R most"
    )


class FiguresConfig(Section):
    """Appearance of figures."""

    style: Style = Field(
        default="paper", description="style: paper (points) or density (features per pixel)"
    )
    decimals: int = Field(default=4, ge=2, le=8, description="number of decimals of R in figures")
    formats: tuple[FigureFormat, ...] = Field(
        default=("pdf", "png"),
        min_length=1,
        description="file formats: pdf, svg, png",
        json_schema_extra={"option": "--format"},
    )
    note: str = Field(default="", description="text printed below every figure")


class Config(Section):
    """All settings of a run."""

    source: Source = Field(
        default="quant", description="source of the samples: quant, reads or accession"
    )
    samples: Path = Field(default=Path("samples.tsv"), description="sample sheet")
    results: Path = Field(default=Path("results"), description="output folder")
    levels: tuple[Level, ...] = Field(
        default=LEVELS, min_length=1, description="levels to compare: gene, isoform"
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
        description="acceptance criteria: YAML file or shipped name; null: no verdict",
    )
    report: bool = Field(
        default=True, description="write report.html, the page with results and verdict"
    )

    @field_validator("levels")
    @classmethod
    def _each_level_once(cls, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        twice = next((level for level in levels if levels.count(level) > 1), None)
        if twice is not None:
            raise PydanticCustomError(
                "twice", "{level} is listed twice; remove one of the two", {"level": twice}
            )
        return levels


def parse_config(given: Mapping[str, Any], *, source: str = "configuration") -> Config:
    """Validate a configuration; ``source`` is its name in messages.

    Raises
    ------
    InputError
        A key is unknown (the most similar key is suggested) or a value is out of bounds.

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
    """Read and validate a YAML file.

    Raises
    ------
    InputError
        The file is missing or not YAML, or the configuration is wrong (see :func:`parse_config`).
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
        raise InputError("is not YAML (not UTF-8 text)", path=path) from None
    given = parse_yaml(text, source=path)
    if not isinstance(given, dict):
        raise InputError("has no keys", path=path, remedy="start from `lotwise init DIR`")
    return parse_config(given, source=str(path))


def write_template(config: Config, *, leave_out: Collection[str] = ()) -> str:
    """Return a configuration as YAML, with every key and a one-line explanation of each.

    Sections that a run does not need can be left out, so that the others are easier to see.

    Examples
    --------
    >>> print(write_template(Config()).splitlines()[0])
    source: quant  # source of the samples: quant, reads or accession
    """
    return "\n".join(_template_lines(config, "", leave_out)) + "\n"


def as_options(section: BaseModel) -> list[str]:
    """Return a section as the options of the command line that accepts them.

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
    """Return the command-line option of a key.

    Examples
    --------
    >>> [option_of(name, EvidenceConfig.model_fields[name]) for name in ("panels", "gene_sets")]
    ['--panel', '--gene-sets']
    """
    extra = field.json_schema_extra
    option = extra.get("option") if isinstance(extra, dict) else None
    return str(option or f"--{name.replace('_', '-')}")


def may_be_empty(field: FieldInfo) -> bool:
    """Return whether an empty list differs in meaning from leaving the key out."""
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
    # Within quotation marks a line end is escaped, so that the comment stays a comment.
    style = '"' if isinstance(value, str) and not value.isprintable() else None
    if isinstance(value, Path):
        plain = str(value)
    elif isinstance(value, tuple):
        plain = [item.model_dump() if isinstance(item, BaseModel) else item for item in value]
    text: str = yaml.safe_dump(plain, default_flow_style=True, default_style=style, width=10**6)
    return text.removesuffix("\n").removesuffix("\n...")


def _first_fault(error: ValidationError, source: str) -> InputError:
    """Return pydantic's errors as one line: unknown keys first, because they explain the others."""
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
