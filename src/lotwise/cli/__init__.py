"""The command line: one command a step, each imported when it is called.

Faults of the input end in one line on standard error and the exit code that
their class carries; everything else is a defect and shows its traceback.
"""

from __future__ import annotations

import importlib
import logging
import sys
import warnings
from typing import Final, NoReturn, TextIO

import click

from lotwise.errors import EXIT_INPUT, LotwiseError, LotwiseWarning

# Name of the command -> (module, one-line help). The help stands here so that
# `lotwise --help` need not import the commands.
COMMANDS: Final[dict[str, tuple[str, str]]] = {}


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order in which a run uses them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"lotwise.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])
