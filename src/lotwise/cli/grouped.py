"""A command whose help lists its options under headings, those that a first call needs first."""

from __future__ import annotations

from typing import Any, Final

import click

OTHERS: Final = "Options"


class HeadedOption(click.Option):
    """An option that the help lists under a heading of its own, such as "Intervals of R"."""

    def __init__(self, *args: Any, heading: str = OTHERS, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.heading = heading


class Grouped(click.Command):
    """A command whose help has a heading for each group of options; the others come first."""

    def options_by_heading(self, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
        """Return the names and the help of the options that are shown, by heading."""
        groups: dict[str, list[tuple[str, str]]] = {OTHERS: []}
        for parameter in self.get_params(ctx):
            shown = parameter.get_help_record(ctx)
            if shown is not None and isinstance(parameter, click.Option):
                groups.setdefault(getattr(parameter, "heading", OTHERS), []).append(shown)
        return {heading: options for heading, options in groups.items() if options}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under their headings."""
        for heading, options in self.options_by_heading(ctx).items():
            with formatter.section(heading):
                formatter.write_dl(options)
