"""Options shared by several commands; their defaults are those of the configuration."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import reduce, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, cast, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lotwise.cli.grouped import OTHERS, HeadedOption
from lotwise.config import (
    NONE,
    CorrelationConfig,
    EvidenceConfig,
    ExpressionConfig,
    FiguresConfig,
    GenotypeConfig,
    Limits,
    may_be_empty,
    option_of,
)
from lotwise.config.evidence import names_of_statistics
from lotwise.config.section import Section
from lotwise.errors import InputError
from lotwise.keys import LEVELS

if TYPE_CHECKING:
    from lotwise.samples import Sample

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Any], Any]

PATH = click.Path(path_type=Path)

samples_argument: Decorator = click.argument("samples", type=PATH)
level_argument: Decorator = click.argument("level", type=click.Choice(LEVELS))
out_option: Decorator = click.option(
    "--out", "-o", type=PATH, required=True, help="Folder of the results."
)


def results_folder(command: Command) -> Command:
    """Add the folder of the results: option --out, or the only argument; it is passed as ``out``.

    For commands that have no other argument.
    """

    @click.argument("results", type=PATH, required=False)
    @click.option(
        "--out", "-o", type=PATH, help="Folder of the results; RESULTS without --out is the same."
    )
    @wraps(command)
    def with_folder(*, results: Path | None, out: Path | None, **options: Any) -> Any:
        folder = out or results
        if folder is None or (out and results):
            msg = "give one folder of results: --out FOLDER"
            raise click.UsageError(msg)
        return command(out=folder, **options)

    return cast("Command", with_folder)


def warn_of_changed_inputs(out: Path) -> None:
    """Print a warning if the inputs of the expression have changed since the run."""
    from lotwise.record.checking import changed_inputs

    if changed := changed_inputs(out):
        click.echo(f"lotwise: warning: {changed}", err=True)


def note_record(out: Path, what: str) -> None:
    """Print that the record, if there is one, does not contain a new file yet."""
    from lotwise.tree import PROVENANCE

    if (out / PROVENANCE).exists():
        click.echo(
            f"lotwise: note: the record does not contain this {what} yet; before `replay` or "
            f"`crate`, run: lotwise record --out {out}",
            err=True,
        )


levels_option: Decorator = click.option(
    "--level",
    "levels",
    type=click.Choice(LEVELS),
    multiple=True,
    help="Level to read; may be given twice.  [default: all levels of the input]",
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
    help="Acceptance criteria: a YAML file, or the name of shipped criteria.",
)


def options_of(
    section: type[Section],
    *,
    only: Collection[str] = (),
    without: Collection[str] = (),
    heading: str | None = None,
) -> Decorator:
    """Add one option per key of a configuration section, with its description and default.

    Parameters
    ----------
    section
        The section.
    only
        Keys to include; by default all.
    without
        Keys to leave out.
    heading
        Heading of the options in the help; by default those of the section.
    """
    options = [
        _option(name, section.model_fields[name], heading=heading or its_heading)
        for its_heading, names in _keys_by_heading(section).items()
        for name in names
        if name in (only or section.model_fields)
        and name not in without
        and not _is_section(section.model_fields[name])
    ]

    def add(command: Command) -> Command:
        decorated: Command = reduce(lambda inner, option: option(inner), reversed(options), command)
        return decorated

    return add


def _keys_by_heading(section: type[Section]) -> dict[str, tuple[str, ...]]:
    """Return the keys of a section under the headings of the help."""
    placed = {name for names in section.headings.values() for name in names}
    others = tuple(name for name in section.model_fields if name not in placed)
    title = (section.__doc__ or OTHERS).splitlines()[0].rstrip(".")
    return {**section.headings, **({title: others} if others else {})}


def _option(name: str, field: FieldInfo, *, heading: str) -> Decorator:
    default = field.get_default(call_default_factory=True)
    if isinstance(default, bool):
        return click.option(
            option_of(name, field),
            name,
            cls=HeadedOption,
            heading=heading,
            is_flag=True,
            help=_help_of(field),
        )
    several = isinstance(default, tuple)
    return click.option(
        option_of(name, field),
        name,
        cls=HeadedOption,
        heading=heading,
        type=_type_of(name, field),
        multiple=several,
        default=default,
        # The default of a long list is shown on the configuration page only.
        show_default=len(default) in {1, 2, 3} if several else default not in {None, ""},
        help=_help_of(field),
        callback=_take_none if may_be_empty(field) else None,
    )


def _type_of(name: str, field: FieldInfo) -> Any:
    """Return the type of an option: its choices if the key has some, else the value type."""
    kinds = [kind for kind in _kinds_in(field.annotation) if kind is not type(None)]
    if name == "statistics":
        return click.Choice((*names_of_statistics(), NONE))
    worded = [get_origin(kind) is Literal for kind in kinds]
    if any(worded) and not all(worded):
        return str  # a word or a number: the configuration tells which
    if any(worded):
        return click.Choice(tuple(word for kind in kinds for word in get_args(kind)))
    return PATH if Path in kinds else kinds[0]


def _kinds_in(annotation: Any) -> Iterator[Any]:
    """Yield the parts of an annotation: members of unions, items of lists."""
    inner = get_args(annotation)
    if not inner or get_origin(annotation) is Literal:
        yield annotation
    else:
        # The further arguments of Annotated are bounds.
        parts = inner[:1] if get_origin(annotation) is Annotated else inner
        for part in parts:
            if part is not Ellipsis:
                yield from _kinds_in(part)


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _help_of(field: FieldInfo) -> str:
    """Return a help text that begins with a capital and ends with a full stop."""
    # A configuration file writes `null` where an option is left out.
    words = (field.description or "").replace("[]", repr(NONE)).replace("null:", "if not given:")
    return f"{words[:1].upper()}{words[1:]}."


def _take_none(
    _ctx: click.Context, _parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    """Return an empty list for the word that means none."""
    if NONE in value and len(value) > 1:
        msg = f"{NONE!r} cannot be combined with other values, got {', '.join(value)}"
        raise click.BadParameter(msg)
    return () if value == (NONE,) else value


def pick(section: type[Any], options: dict[str, Any], *, base: BaseModel | None = None) -> Any:
    """Return the options that belong to one configuration section, validated.

    Parameters
    ----------
    section
        The section.
    options
        Values by name of the key.
    base
        The section of a configuration file, whose values apply to all other keys.

    Raises
    ------
    click.UsageError
        A value is out of bounds.
    """
    from pydantic import ValidationError

    chosen = {name: value for name, value in options.items() if name in section.model_fields}
    try:
        return section.model_validate(({} if base is None else base.model_dump()) | chosen)
    except ValidationError as error:
        fault = error.errors()[0]
        name = str(fault["loc"][0])
        option = option_of(name, section.model_fields[name])
        msg = f"{option} is {fault['input']!r}; {fault['msg'][:1].lower()}{fault['msg'][1:]}"
        raise click.UsageError(msg) from None


def choose_samples(
    sheet: tuple[Sample, ...], chosen: tuple[str, ...], *, path: Path
) -> tuple[Sample, ...]:
    """Return the samples given with ``--sample``, in the order of the sheet; all by default."""
    known = {sample.sample for sample in sheet}
    for name in chosen:
        if name not in known:
            raise InputError(f"has no sample {name!r}", path=path, column="sample")
    return tuple(sample for sample in sheet if not chosen or sample.sample in chosen)


def leave_samples_out(
    sheet: tuple[Sample, ...], excluded: tuple[str, ...], *, path: Path
) -> tuple[Sample, ...]:
    """Return the samples except those given with ``--exclude``."""
    left_out = choose_samples(sheet, excluded, path=path) if excluded else ()
    return tuple(sample for sample in sheet if sample not in left_out)


expression_options = options_of(ExpressionConfig)
# The one that nearly every call needs comes first.
tx2gene_option = options_of(ExpressionConfig, only=("tx2gene",), heading=OTHERS)
reading_options = options_of(ExpressionConfig, without=("tx2gene",))
correlation_options = options_of(CorrelationConfig)
# The scale of R and the features that count.
feature_options = options_of(CorrelationConfig, without=("n_contributions",))
pseudocount_option = options_of(CorrelationConfig, only=("pseudocount",))
evidence_options = options_of(EvidenceConfig)
genotype_options = options_of(GenotypeConfig, without=("compare",))
figures_options = options_of(FiguresConfig)
format_option = options_of(FiguresConfig, only=("formats",))
note_option = options_of(FiguresConfig, only=("note",))
limits_options = options_of(Limits)
