"""Options that several commands share; their defaults are those of the configuration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

from lotwise.config import (
    NONE,
    CorrelationConfig,
    EvidenceConfig,
    ExpressionConfig,
    FigureFormat,
    FiguresConfig,
    LimitsConfig,
    Style,
    TpmSum,
    may_be_empty,
    option_of,
)
from lotwise.config.evidence import EquivalenceMethod, GeneSetCorrelation, names_of_statistics
from lotwise.errors import InputError
from lotwise.keys import LEVELS

if TYPE_CHECKING:
    from lotwise.samples import Sample

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Any], Any]

_EXPRESSION = ExpressionConfig()
_CORRELATION = CorrelationConfig()
_FIGURES = FiguresConfig()
_LIMITS = LimitsConfig()
_EVIDENCE = EvidenceConfig()

PATH = click.Path(path_type=Path)

samples_argument: Decorator = click.argument("samples", type=PATH)
level_argument: Decorator = click.argument("level", type=click.Choice(LEVELS))
out_option: Decorator = click.option(
    "--out", "-o", type=PATH, required=True, help="Folder of the results."
)
levels_option: Decorator = click.option(
    "--level",
    "levels",
    type=click.Choice(LEVELS),
    multiple=True,
    help="Level that there must be; may be given twice.  [default: those of the input]",
)
pseudocount_option: Decorator = click.option(
    "--pseudocount",
    type=float,
    default=_CORRELATION.pseudocount,
    show_default=True,
    help="c of log2(TPM + c).",
)
format_option: Decorator = click.option(
    "--format",
    "formats",
    type=click.Choice(get_args(FigureFormat)),
    multiple=True,
    default=_FIGURES.formats,
    show_default=True,
    help="Kind of file; may be given several times.",
)


exclude_option: Decorator = click.option(
    "--exclude",
    multiple=True,
    metavar="NAME",
    help="Sample of the sheet to leave out; may be repeated.",
)
criteria_option: Decorator = click.option(
    "--criteria",
    metavar="FILE|NAME",
    help="Acceptance criteria: a YAML file, or shipped ones by name.",
)
note_option: Decorator = click.option(
    "--note", default="", help="A line printed under every figure."
)


def expression_options(command: Command) -> Command:
    """Add the options of reading quantifications."""
    return _add(
        command,
        [
            click.option(
                "--tx2gene",
                type=PATH,
                help="Genes of transcripts: a table, GTF, GFF3 or transcript FASTA.",
            ),
            click.option(
                "--min-shared",
                type=float,
                default=_EXPRESSION.min_shared,
                show_default=True,
                help="Least share of features that all samples have in common.",
            ),
            click.option(
                "--tpm-sum",
                type=click.Choice(get_args(TpmSum)),
                default=_EXPRESSION.tpm_sum,
                show_default=True,
                help="'any' takes TPM of a part of the features.",
            ),
            click.option(
                "--matrix-level",
                type=click.Choice(LEVELS),
                help="Level of a TPM matrix whose features do not tell.",
            ),
            click.option(
                "--bootstraps",
                is_flag=True,
                help="Keep the bootstraps of kallisto or salmon, for ceilings and isoform tests.",
            ),
        ],
    )


def feature_options(command: Command) -> Command:
    """Add the options that say on what scale R is and which features count."""
    return _add(
        command,
        [
            pseudocount_option,
            click.option(
                "--threshold",
                type=float,
                default=_CORRELATION.threshold,
                show_default=True,
                help="TPM from which a feature is detected.",
            ),
            click.option(
                "--min-counts",
                type=float,
                default=_CORRELATION.min_counts,
                show_default=True,
                help="Counts from which a feature is counted.",
            ),
            click.option(
                "--most-pairs",
                type=int,
                default=_CORRELATION.most_pairs,
                show_default=True,
                help="Pairs of samples that tables list; of more, at even steps of R.",
            ),
        ],
    )


def correlation_options(command: Command) -> Command:
    """Add the options of correlating."""
    n_contributions = click.option(
        "--n-contributions",
        type=int,
        default=_CORRELATION.n_contributions,
        show_default=True,
        help="Features listed a pair as pulling R down.",
    )
    return feature_options(n_contributions(command))


def evidence_options(command: Command) -> Command:
    """Add the options of what stands beside R: one a key of the configuration, same words."""
    choices = {
        "statistics": click.Choice((*names_of_statistics(), NONE)),
        "gene_set_correlation": click.Choice(get_args(GeneSetCorrelation)),
        "equivalence_method": click.Choice(get_args(EquivalenceMethod)),
    }
    options = []
    for name, field in EvidenceConfig.model_fields.items():
        default = getattr(_EVIDENCE, name)
        several = isinstance(default, tuple)
        kind = str if several else PATH if field.annotation == (Path | None) else None
        words = _sentence((field.description or "").replace("[]", repr(NONE)))
        options.append(
            click.option(
                option_of(name, field),
                name,
                type=choices.get(name) or kind or (float if default is None else type(default)),
                multiple=several,
                default=default,
                show_default=default is not None and not several,
                help=words,
                callback=_take_none if may_be_empty(field) else None,
            )
        )
    return _add(command, options)


def _take_none(
    _ctx: click.Context, _parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    """Give an empty list for the one word that stands for it."""
    if NONE in value and len(value) > 1:
        msg = f"{NONE!r} stands alone; {', '.join(value)} came"
        raise click.BadParameter(msg)
    return () if value == (NONE,) else value


def _sentence(words: str | None) -> str:
    """Begin with a capital and end with a stop, and leave R and GTF as they are."""
    words = words or ""
    return f"{words[:1].upper()}{words[1:]}."


def figures_options(command: Command) -> Command:
    """Add the options of drawing."""
    return _add(
        command,
        [
            click.option(
                "--style",
                type=click.Choice(get_args(Style)),
                default=_FIGURES.style,
                show_default=True,
                help="A point a feature, or colours for features a pixel.",
            ),
            click.option(
                "--decimals",
                type=int,
                default=_FIGURES.decimals,
                show_default=True,
                help="Decimals of R.",
            ),
            format_option,
            note_option,
        ],
    )


def limits_options(command: Command) -> Command:
    """Add the bounds of the gate after quantification."""
    return _add(
        command,
        [
            click.option(
                f"--{name.replace('_', '-')}",
                type=type(getattr(_LIMITS, name)),
                default=getattr(_LIMITS, name),
                show_default=True,
                help=_sentence(field.description),
            )
            for name, field in LimitsConfig.model_fields.items()
        ],
    )


def pick(section: type[Any], options: dict[str, Any]) -> Any:
    """Check the options that belong to one section of the configuration.

    Raises
    ------
    click.UsageError
        A value is out of its bounds.
    """
    from pydantic import ValidationError

    chosen = {name: value for name, value in options.items() if name in section.model_fields}
    try:
        return section.model_validate(chosen)
    except ValidationError as error:
        fault = error.errors()[0]
        name = str(fault["loc"][0])
        option = option_of(name, section.model_fields[name])
        msg = f"{option} is {fault['input']!r}; {fault['msg'][:1].lower()}{fault['msg'][1:]}"
        raise click.UsageError(msg) from None


def choose_samples(
    sheet: tuple[Sample, ...], chosen: tuple[str, ...], *, path: Path
) -> tuple[Sample, ...]:
    """Give the samples that ``--sample`` names, in the order of the sheet; all without a name."""
    known = {sample.sample for sample in sheet}
    for name in chosen:
        if name not in known:
            raise InputError(f"has no sample {name!r}", path=path, column="sample")
    return tuple(sample for sample in sheet if not chosen or sample.sample in chosen)


def leave_samples_out(
    sheet: tuple[Sample, ...], excluded: tuple[str, ...], *, path: Path
) -> tuple[Sample, ...]:
    """Return the samples without those that ``--exclude`` names."""
    left_out = choose_samples(sheet, excluded, path=path) if excluded else ()
    return tuple(sample for sample in sheet if sample not in left_out)


def _add(command: Command, options: Sequence[Decorator]) -> Command:
    decorated: Command = reduce(lambda inner, option: option(inner), reversed(options), command)
    return decorated
