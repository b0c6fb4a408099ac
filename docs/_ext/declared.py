"""What the package declares, as tables: result columns, AnnData keys, configuration, commands.

Each directive reads the declaration itself, so that a page cannot say anything else.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import types
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Union, get_args, get_origin

import click
from docutils import nodes
from pydantic import BaseModel
from sphinx.util.docutils import SphinxDirective

from lotwise import keys
from lotwise.cli import lotwise
from lotwise.cli.grouped import OTHERS, Grouped
from lotwise.config import Config
from lotwise.evidence.catalogue import statistics
from lotwise.files.records import Record, columns, meanings

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from sphinx.application import Sphinx


class Declared(SphinxDirective):
    """Base: lines of Markdown, parsed in place, headings below that of the page."""

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n".join(self.lines()), allow_section_headings=True)

    def lines(self) -> Iterator[str]:
        raise NotImplementedError


class Columns(Declared):
    """The result tables that a module declares, each with its columns."""

    required_arguments = 1

    def lines(self) -> Iterator[str]:
        module = importlib.import_module(self.arguments[0])
        declared = [
            thing
            for thing in vars(module).values()
            if inspect.isclass(thing) and thing.__module__ == module.__name__ and is_table(thing)
        ]
        if not declared:
            # Its section would stand empty, and no link or test would miss it.
            raise self.error(f"{module.__name__} declares no table")
        for table in declared:
            yield from table_of(table)


class Statistics(Declared):
    """The statistics of a folder of the results, and the columns of their tables."""

    required_arguments = 1

    def lines(self) -> Iterator[str]:
        yield from lines_of_statistics(self.arguments[0])


class Keys(Declared):
    """The arrays and annotations that lotwise keeps in an AnnData."""

    def lines(self) -> Iterator[str]:
        rows = ((f"`{key.place}`", f"`{key.name}`", key.kind, key.meaning) for key in keys.ALL)
        yield from markdown_table(("place", "name", "kind", "meaning"), rows)


class Configuration(Declared):
    """Every key of the configuration, section by section."""

    def lines(self) -> Iterator[str]:
        yield from section_of(Config, "")


class Commands(Declared):
    """Every command with its options, as `--help` tells them."""

    def lines(self) -> Iterator[str]:
        yield from command_of(lotwise, click.Context(lotwise, info_name="lotwise"))


class Modules(Declared):
    """What modules offer, from their docstrings.

    A name that ends in ``.*`` stands for the modules of a package, ``lotwise.*`` for all that
    stand directly in lotwise; those named by ``besides`` are left out.
    """

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {"besides": str, "exclude-members": str}

    def lines(self) -> Iterator[str]:
        left_out = self.options.get("besides", "").split()
        for name in self.arguments[0].split():
            for module in modules_of(name, left_out):
                yield f"## `{module}`\n\n```{{eval-rst}}"
                yield f".. automodule:: {module}\n   :members:"
                if "exclude-members" in self.options:
                    yield f"   :exclude-members: {self.options['exclude-members']}"
                yield "```\n"


def modules_of(name: str, left_out: Collection[str] = ()) -> Iterator[str]:
    """Return a module, or for ``package.*`` its modules, those of packages without a face too."""
    if not name.endswith(".*"):
        yield name
        return
    package = importlib.import_module(name.removesuffix(".*"))
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if found.name in left_out or found.name.rpartition(".")[2].startswith("_"):
            continue
        has_face = hasattr(importlib.import_module(found.name), "__all__")
        inner = f"{found.name}.*" if found.ispkg and not has_face else found.name
        yield from modules_of(inner, left_out)


def lines_of_statistics(folder: str) -> Iterator[str]:
    """Write the statistics of a folder as a table, then the columns of their tables."""
    listed = [one for one in statistics() if one.folder == folder]
    rows = (
        (
            f"[`{one.name}`](../{one.page})",
            one.summary,
            ", ".join(f"`{shown.name or shown.record.table}`" for shown in one.tables),
            ", ".join(f"`{figure.name}`" for figure in one.figures),
            " and ".join(one.levels),
        )
        for one in listed
    )
    yield from markdown_table(("statistic", "meaning", "tables", "figures", "levels"), rows)
    for record in dict.fromkeys(shown.record for one in listed for shown in one.tables):
        yield from table_of(record)


def is_table(thing: type) -> bool:
    """Return whether a class is a table, and not a base that others extend."""
    return issubclass(thing, Record) and thing is not Record and not thing.__subclasses__()


def table_of(record: type[Record]) -> Iterator[str]:
    title = f"`{record.table}`" if record.table else record.__name__.removesuffix("Record")
    yield f"### {title}\n\n{as_markdown(inspect.getdoc(record) or '')}\n"
    said = meanings(record)
    rows = ((f"`{name}`", kind.__name__, said[name]) for name, kind in columns(record).items())
    yield from markdown_table(("column", "type", "meaning"), rows)


def section_of(model: type[BaseModel], prefix: str) -> Iterator[str]:
    """Write the keys of a section, then the sections within it."""
    inner = {
        name: found for name, field in model.model_fields.items() if (found := model_in(field))
    }
    yield f"## {f'`{prefix}`' if prefix else 'Top level'}\n\n{inspect.getdoc(model)}\n"
    rows = (
        (
            f"`{prefix}{'.' if prefix else ''}{name}`",
            values_of(field),
            default_of(field),
            meaning(field),
        )
        for name, field in model.model_fields.items()
        if name not in inner
    )
    yield from markdown_table(("key", "values", "default", "meaning"), rows)
    for name, found in inner.items():
        yield from section_of(found, f"{prefix}.{name}" if prefix else name)


def model_in(field: FieldInfo) -> type[BaseModel] | None:
    """Return the section that a key holds, be it one, an optional one or a list of them."""
    return next(models_in(field.annotation), None)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if (
        inspect.isclass(annotation)
        and not get_args(annotation)
        and issubclass(annotation, BaseModel)
    ):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def meaning(field: FieldInfo) -> str:
    return (field.description or "").rstrip(".")


def default_of(field: FieldInfo) -> str:
    """Write a default as YAML would."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"`{value}`" if str(value) else "empty"


def values_of(field: FieldInfo) -> str:
    bounds = [text for item in field.metadata if (text := bound(item))]
    return ", ".join([kind_of(field.annotation), *bounds])


def bound(item: Any) -> str:
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    found = [f"{sign} {getattr(item, name)}" for name, sign in signs.items() if hasattr(item, name)]
    return ", ".join(found)


def kind_of(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in {Union, types.UnionType}:
        return " or ".join("null" if part is type(None) else kind_of(part) for part in arguments)
    if origin is tuple:
        return f"list of {kind_of(arguments[0])}"
    if arguments:
        return kind_of(arguments[0])
    names = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}
    return names.get(annotation.__name__, annotation.__name__.lower())


def command_of(command: click.Command, context: click.Context) -> Iterator[str]:
    """Write a command's usage, help and options, then the commands within it."""
    depth = "#" * (2 + context.command_path.count(" "))
    yield f"{depth} `{context.command_path}`\n"
    yield f"{as_markdown(inspect.cleandoc(command.help or ''))}\n"
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"```console\n$ {usage}\n```\n"
    for heading, options in options_of(command, context).items():
        # Spaces between choices, or a long list of them is one word and hides the meaning.
        rows = [(f"`{names.replace('|', ' | ')}`", words) for names, words in options if words]
        if rows:
            yield from markdown_table((heading, "meaning"), rows)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from command_of(inner, click.Context(inner, info_name=name, parent=context))


def options_of(command: click.Command, context: click.Context) -> dict[str, list[tuple[str, str]]]:
    """Return names and help of a command's options, by heading."""
    if isinstance(command, Grouped):
        return command.options_by_heading(context)
    shown = (one.get_help_record(context) for one in command.params)
    return {OTHERS: [one for one in shown if one]}


def as_markdown(docstring: str) -> str:
    """Turn the little reStructuredText of docstrings into Markdown."""
    return docstring.replace("``", "`").replace("\b\n", "")


def markdown_table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield "|" + "---|" * len(header)
    for row in rows:
        cells = (cell.replace("|", "\\|").replace("\n", " ") for cell in row)
        yield f"| {' | '.join(cells)} |"
    yield ""


DIRECTIVES: dict[str, type[Declared]] = {
    "columns-of": Columns,
    "statistics-of": Statistics,
    "anndata-keys": Keys,
    "configuration": Configuration,
    "commands": Commands,
    "modules": Modules,
}


def leave_out(_app: Sphinx, _kind: str, _name: str, thing: Any, *_: Any) -> bool | None:
    """Leave out the fields of named tuples, of which Python says nothing but their number."""
    found = getattr(thing, "__doc__", None) or ""
    return True if found.startswith("Alias for field number") else None


def setup(app: Sphinx) -> dict[str, bool]:
    for name, directive in DIRECTIVES.items():
        app.add_directive(name, directive)
    app.connect("autodoc-skip-member", leave_out)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
