"""The command line: one module per command, imported only when the command is called.

Input errors print one line on standard error and end with the exit code of their class.
Every other exception is a defect: it shows its traceback and ends with exit code 70.
"""

from __future__ import annotations

import errno
import importlib
import logging
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Any, Final, NoReturn

import click

from lotwise.cli.ancestor import end_with_ancestor
from lotwise.cli.extras import missing_extra
from lotwise.cli.interruption import Terminated, end_on_signals, ignore_signals
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

# Command name -> (module, one-line help). The help text is kept here so that
# `lotwise --help` does not import the commands.
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "init": ("init", "Write a commented config.yaml and samples.tsv to start from."),
    "doctor": ("doctor", "Check whether a run can work on this machine, before it starts."),
    "inspect": ("inspect", "List the samples and files of an accession and how to obtain them."),
    "fetch": ("fetch", "Download and verify the samples of an accession, or the reference."),
    "simulate": ("simulate", "Simulate batches with known truth, as quantifications or reads."),
    "check": ("check", "Check the reads of a sample sheet before they are quantified."),
    "quantify": ("quantify", "Quantify reads with kallisto, salmon or RSEM."),
    "genotype": ("genotype", "Distinguish donors by genotype; find swapped and mixed samples."),
    "run": ("run", "Run the workflow: from reads, an accession or quantifications to the report."),
    "workflow-path": ("workflow_path", "Print the path of the Snakefile that comes with lotwise."),
    "compare": ("compare", "Compare quantified batches: tables, figures and report in one call."),
    "expression": ("expression", "Read quantifications into gene and isoform tables."),
    "correlate": ("correlate", "Correlate the samples of one level."),
    "correlate-store": (
        "correlate_store",
        "Correlate more samples than fit into memory, or find nearest samples.",
    ),
    "verify": ("verify", "Compare coefficients with published ones."),
    "figures": ("figures", "Draw the Extended Data figures and heatmaps of one level."),
    "evidence": ("evidence", "Compute and draw the supporting evidence of one level."),
    "verdict": ("verdict", "Judge the results by acceptance criteria."),
    "titrate": (
        "titrate",
        "Mix another profile into the batches; find the shares that the criteria do not detect.",
    ),
    "power": (
        "power",
        "Compute the power to show equivalence after a process change, given numbers of lots.",
    ),
    "record": ("record", "Write provenance.json of results that were made step by step."),
    "replay": (
        "replay",
        "Repeat an analysis from its record; check that the tables are identical.",
    ),
    "workbook": ("workbook", "Write the tables of results as one spreadsheet workbook (xlsx)."),
    "crate": ("crate", "Describe results as an RO-Crate, for archiving or publishing."),
    "report": ("report", "Write report.html from a folder of results."),
    "qualify": ("qualify", "Qualify this installation with test cases of known truth."),
    "seal": (
        "seal",
        "Sign results or registered criteria; state the signer, the signature's meaning, the time.",
    ),
    "check-seal": ("check_seal", "Check results against their seal; verify the signatures."),
    "accepted": ("accepted", "Keep a set of accepted batches; compare new batches with it."),
}
# Earlier command names, which still work.
DEPRECATED: Final = {"reference": "accepted"}

# A path that the operating system refuses, wherever lotwise first uses it.
_WRONG_PATH: Final = frozenset(
    {errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR,
     errno.EISDIR}
)  # fmt: skip
_LONGEST_PATH: Final = 300
_ERROR: Final = "error: "
_INTERRUPTED = 130
_TERMINATED = 143


class LazyGroup(click.Group):
    """A command group that knows its commands' names and imports a command only to run it."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Keep the command line as typed, for the provenance record."""
        typed = tuple(args)
        ctx = super().make_context(info_name, args, parent, **extra)
        ctx.meta[ARGUMENTS] = typed
        return ctx

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the command names in the order in which a run uses them."""
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
        """List the commands with their help, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lotwise", message="%(prog)s %(version)s")
@click.option("-v", "--verbose", is_flag=True, help="Print more about each step.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
def lotwise(*, verbose: bool, quiet: bool) -> None:
    """Do these manufacturing batches of cells have the same transcriptome?

    Exit codes: 0 success; 1 success, and the answer is no; 2 wrong input or wrong call;
    3 environment problem (network, program, disk); 70 defect in lotwise, with a traceback
    to report; 130 interrupted; 143 terminated.
    """
    level = logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr, force=True)
    # Without a terminal there is no progress bar, but a line per step.
    logging.getLogger("lotwise.progress").setLevel(logging.NOTSET if quiet else logging.INFO)
    logging.captureWarnings(capture=False)
    warnings.showwarning = _show_nothing if quiet else _show_each_once()
    if not verbose:
        # Warnings of libraries are meant for programmers, not for the user of a command.
        for category in (DeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", category)


def main() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    with safe_streams() as (output, errors):
        exit_code = _run()
        output.flush()
        problem = output.problem or errors.problem
        if problem is not None and exit_code == EXIT_DONE:
            # If its output was lost, the command did not succeed. Other exit codes are kept.
            exit_code = _say(problem, EXIT_SURROUNDINGS)
    sys.exit(exit_code)


def _run() -> int:
    """Run the command line, print what went wrong, and return the exit code."""
    try:
        try:
            # Inside, since the ancestor may be gone already: then SIGTERM comes at once.
            end_on_signals()
            end_with_ancestor()
            lotwise(prog_name="lotwise", standalone_mode=False)
        finally:
            ignore_signals()
    except LotwiseError as error:
        refused = isinstance(error, RefusedError)
        # A file that cannot be read because a resource is exhausted is not a wrong input.
        fault = None if refused else machine_fault(error)
        exit_code = EXIT_SURROUNDINGS if fault else error.exit_code
        # The answer "no" is not an error.
        _say(str(error), exit_code, label="" if refused else _ERROR)
    except click.exceptions.Exit as error:
        exit_code = error.exit_code
    except click.ClickException as error:
        error.show()
        exit_code = EXIT_INPUT
    except (click.Abort, KeyboardInterrupt):
        exit_code = _say("interrupted; no file was left incomplete", _INTERRUPTED)
    except Terminated:
        exit_code = _say("terminated; no file was left incomplete", _TERMINATED)
    except Exception as error:  # noqa: BLE001, the traceback is shown
        fault = machine_fault(error) or missing_extra(error)
        if fault is not None:
            exit_code = _say(fault, EXIT_SURROUNDINGS)
        elif isinstance(error, OSError) and error.errno in _WRONG_PATH and error.filename:
            path = str(error.filename)[:_LONGEST_PATH]
            exit_code = _say(f"{path}: {error.strerror}; correct the path", EXIT_INPUT)
        else:
            # Python would end with 1, which means that the answer is no.
            traceback.print_exc()
            exit_code = EXIT_DEFECT
    else:
        exit_code = EXIT_DONE
    return exit_code


def _say(message: str, exit_code: int, *, label: str = _ERROR) -> int:
    click.echo(f"lotwise: {label}{message}", err=True)
    return exit_code


def _show_each_once() -> Callable[..., None]:
    """Return a ``warnings.showwarning`` that prints each text once, in one line."""
    shown: set[str] = set()

    def show(message: Warning | str, *_: object, **__: object) -> None:
        text = " ".join(str(message).split())
        # Several statistics of one command may find the same fault.
        if text not in shown:
            shown.add(text)
            click.echo(f"lotwise: warning: {text}", err=True)

    return show


def _show_nothing(*_: object, **__: object) -> None:
    pass
