"""The command line: one command a step, each imported when it is called.

Faults of the input end in one line on standard error and the exit code that
their class carries; everything else is a defect, shows its traceback and ends in 70.
"""

from __future__ import annotations

import errno
import importlib
import logging
import signal
import sys
import threading
import traceback
import warnings
from types import FrameType
from typing import Any, Final, NoReturn, TextIO

import click

from lotwise.cli.ancestor import end_with_ancestor
from lotwise.cli.extras import missing_extra
from lotwise.cli.step import ARGUMENTS
from lotwise.cli.streams import safe_streams
from lotwise.errors import (
    EXIT_DEFECT,
    EXIT_DONE,
    EXIT_INPUT,
    EXIT_SURROUNDINGS,
    LotwiseError,
    RefusedError,
)
from lotwise.files.machine import machine_fault

# Name of the command -> (module, one-line help). The help stands here so that
# `lotwise --help` need not import the commands.
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "init": ("init", "Write a commented config.yaml and samples.tsv to start from."),
    "doctor": ("doctor", "Find out whether a run can work here, before it starts."),
    "inspect": ("inspect", "Say what is under an accession and how it can be had."),
    "fetch": ("fetch", "Fetch the samples of an accession, or the reference, verified."),
    "simulate": ("simulate", "Simulate batches with planted truth, as quantifications or reads."),
    "check": ("check", "Check the reads of a sample sheet before they are quantified."),
    "quantify": ("quantify", "Quantify reads with kallisto, salmon or RSEM."),
    "run": ("run", "Run the workflow: from reads, an accession or quantifications to the report."),
    "workflow-path": ("workflow_path", "Print the path of the Snakefile that comes with lotwise."),
    "compare": ("compare", "Compare quantified batches: tables and figures in one go."),
    "expression": ("expression", "Read quantifications into gene and isoform tables."),
    "correlate": ("correlate", "Correlate the samples of one level."),
    "correlate-store": (
        "correlate_store",
        "Correlate more samples than memory holds, or find the nearest of them.",
    ),
    "verify": ("verify", "Compare coefficients with published ones."),
    "figures": ("figures", "Draw the Extended Data figures and heatmaps of one level."),
    "evidence": ("evidence", "Compute and draw what stands beside R at one level."),
    "verdict": ("verdict", "Hold the results against acceptance criteria."),
    "titrate": ("titrate", "Find how much of another profile the criteria would let through."),
    "record": ("record", "Write provenance.json of results that were made step by step."),
    "replay": ("replay", "Repeat an analysis from its record; confirm that tables are identical."),
    "workbook": ("workbook", "Write the tables of results as one workbook for a spreadsheet."),
    "crate": ("crate", "Describe results as an RO-Crate, for handing over or publishing."),
    "report": ("report", "Write report.html from a folder of results."),
    "qualify": ("qualify", "Qualify this installation by cases with known truth."),
    "seal": ("seal", "Sign results, or registered criteria, with name, meaning and time."),
    "check-seal": ("check_seal", "Compare results with their seal; verify the signatures."),
    "accepted": ("accepted", "Keep a set of accepted batches; compare new ones with it."),
}
# Earlier names of commands, which still work.
DEPRECATED: Final = {"reference": "accepted"}

# A path that the system refuses, wherever in lotwise it is used first.
_WRONG_PATH: Final = frozenset(
    {errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR,
     errno.EISDIR}
)  # fmt: skip
_LONGEST_PATH: Final = 300
_ERROR: Final = "error: "
_INTERRUPTED = 130
_TERMINATED = 143


class _Terminated(BaseException):
    """SIGTERM came: schedulers send it when time is up."""


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports one only to run it."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Keep the command line as it was typed, for the provenance."""
        typed = tuple(args)
        ctx = super().make_context(info_name, args, parent, **extra)
        ctx.meta[ARGUMENTS] = typed
        return ctx

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Name the commands in the order in which a run uses them."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        name = DEPRECATED.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"lotwise.cli.{COMMANDS[name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lotwise", message="%(prog)s %(version)s")
@click.option("-v", "--verbose", is_flag=True, help="Say more of what is done.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def lotwise(*, verbose: bool, quiet: bool) -> None:
    """Do these manufacturing batches of cells carry the same transcriptome?

    Exit codes: 0 done; 1 done and the answer is no; 2 the input or the call is
    wrong; 3 the surroundings are (no network, no such program, disk full); 70 lotwise
    itself is, with a traceback to report; 130 and 143 interrupted and terminated.
    """
    level = logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr, force=True)
    logging.captureWarnings(capture=False)
    warnings.showwarning = _show_nothing if quiet else _show_one_line
    if not verbose:
        # What libraries say to programmers is no news to the user of a command.
        for category in (DeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", category)


def main() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    sys.unraisablehook = _raise_again
    with safe_streams() as (output, errors):
        exit_code = _run()
        output.flush()
        problem = output.problem or errors.problem
        if problem is not None and exit_code == EXIT_DONE:
            # Without its words a command is not done; any other exit code tells more.
            exit_code = _say(problem, EXIT_SURROUNDINGS)
    sys.exit(exit_code)


def _run() -> int:
    """Run the command line; give the exit code, having said what went wrong."""
    try:
        # Inside, since the ancestor may be gone already: then SIGTERM comes at once.
        signal.signal(signal.SIGTERM, _terminate)
        end_with_ancestor()
        lotwise(prog_name="lotwise", standalone_mode=False)
    except LotwiseError as error:
        refused = isinstance(error, RefusedError)
        # A file that cannot be read for want of a machine's resource is no wrong input.
        fault = None if refused else machine_fault(error)
        exit_code = EXIT_SURROUNDINGS if fault else error.exit_code
        # That the answer is no is no error.
        _say(str(error), exit_code, label="" if refused else _ERROR)
    except click.exceptions.Exit as error:
        exit_code = error.exit_code
    except click.ClickException as error:
        error.show()
        exit_code = EXIT_INPUT
    except (click.Abort, KeyboardInterrupt):
        exit_code = _say("interrupted; nothing was left half-written", _INTERRUPTED)
    except _Terminated:
        exit_code = _say("terminated; nothing was left half-written", _TERMINATED)
    except Exception as error:  # noqa: BLE001, the traceback is shown
        fault = machine_fault(error) or missing_extra(error)
        if fault is not None:
            exit_code = _say(fault, EXIT_SURROUNDINGS)
        elif isinstance(error, OSError) and error.errno in _WRONG_PATH and error.filename:
            path = str(error.filename)[:_LONGEST_PATH]
            exit_code = _say(f"{path}: {error.strerror}; correct the path", EXIT_INPUT)
        else:
            # Python itself would end with 1, which says that the answer is no.
            traceback.print_exc()
            exit_code = EXIT_DEFECT
    else:
        exit_code = EXIT_DONE
    return exit_code


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Unwind, so that temporary files are removed."""
    raise _Terminated


def _raise_again(swallowed: sys.UnraisableHookArgs) -> None:
    """Interrupt again: Python drops what is raised while it clears away an object."""
    again = {KeyboardInterrupt: signal.SIGINT, _Terminated: signal.SIGTERM}
    if swallowed.exc_type in again:
        # A moment later: at once it would be dropped as well. By a real signal: it also ends a
        # read that waits for an answer.
        main = threading.main_thread().ident
        threading.Timer(0.01, signal.pthread_kill, [main, again[swallowed.exc_type]]).start()
    elif swallowed.exc_value is None or machine_fault(swallowed.exc_value) is None:
        # A full disk is said once, not again by each file object that cannot be closed.
        sys.__unraisablehook__(swallowed)


def _say(message: str, exit_code: int, *, label: str = _ERROR) -> int:
    click.echo(f"lotwise: {label}{message}", err=True)
    return exit_code


def _show_one_line(  # noqa: PLR0917, the signature is that of warnings.showwarning
    message: Warning | str,
    category: type[Warning],  # noqa: ARG001
    filename: str,  # noqa: ARG001
    lineno: int,  # noqa: ARG001
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    click.echo(f"lotwise: warning: {' '.join(str(message).split())}", err=True)


def _show_nothing(*_: object, **__: object) -> None:
    pass
