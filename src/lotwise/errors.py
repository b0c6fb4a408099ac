"""Errors that a user can correct, each with its exit code, and named warnings.

A message is one line: where (file, row, column), what is wrong, what to do. The library raises
the error; the command line prints it and ends with its ``exit_code``.
"""

from __future__ import annotations

import sys
import warnings
from os import PathLike, fspath

EXIT_DONE = 0
EXIT_ANSWER_IS_NO = 1
EXIT_INPUT = 2
EXIT_SURROUNDINGS = 3
# EX_SOFTWARE of sysexits.h: a defect of lotwise, not an answer.
EXIT_DEFECT = 70


class LotwiseError(Exception):
    """Base class of the errors that lotwise raises on purpose.

    Parameters
    ----------
    problem
        What is wrong: the value found and the value required.
    path
        The file or directory concerned.
    row
        The row of that file, counted from 1 with the header as row 1.
    column
        The column of that file.
    remedy
        What the user can do about it.

    Examples
    --------
    >>> print(InputError("TPM is -1.0, needed >= 0", path="quant.sf", row=7, column="TPM"))
    quant.sf, row 7, column 'TPM': TPM is -1.0, needed >= 0
    """

    exit_code = EXIT_INPUT

    def __init__(
        self,
        problem: str,
        *,
        path: str | PathLike[str] | None = None,
        row: int | None = None,
        column: str | None = None,
        remedy: str | None = None,
    ) -> None:
        place = ", ".join(
            part
            for part in (
                fspath(path) if path is not None else "",
                f"row {row:,}" if row is not None else "",
                f"column {column!r}" if column is not None else "",
            )
            if part
        )
        message = f"{place}: {problem}" if place else problem
        if remedy:
            message = f"{message}; {remedy}"
        # Always one line, whatever a file name or a header contains.
        super().__init__(" ".join(message.split()))
        self.problem = problem
        self.path = path
        self.row = row
        self.column = column
        self.remedy = remedy


class InputError(LotwiseError):
    """The input, the configuration or the call is wrong (exit code 2)."""

    exit_code = EXIT_INPUT


class RefusedError(LotwiseError):
    """The work was done and the answer is no: a check or a verdict failed (exit code 1)."""

    exit_code = EXIT_ANSWER_IS_NO


class EnvironmentFault(LotwiseError):  # noqa: N818  # the name of DESIGN
    """Environment problem: network, missing program, full disk (exit code 3)."""

    exit_code = EXIT_SURROUNDINGS


class LotwiseWarning(UserWarning):
    """Base class of the warnings of lotwise."""


class TpmSumWarning(LotwiseWarning):
    """The TPM of a sample do not sum to one million."""


class UnmappedTranscriptsWarning(LotwiseWarning):
    """Some quantified transcripts are missing from the transcript-to-gene map."""


class SharedFeaturesWarning(LotwiseWarning):
    """Samples were quantified with different annotations."""


class InvalidComparisonWarning(LotwiseWarning):
    """The samples cannot be compared as batches: copies, different programs, and similar."""


class DesignWarning(LotwiseWarning):
    """The design in the sample sheet does not fit the samples, or leaves nothing to compare."""


class WiderLimitsWarning(LotwiseWarning):
    """An addition to the accepted batches widens the limits for the next one."""


class ManyPairsWarning(LotwiseWarning):
    """There are more pairs of samples than the tables may list; a selection is listed."""


class UndefinedWarning(LotwiseWarning):
    """A statistic is not defined for some input; it is NaN, and the reason is recorded."""


def warn(words: str, category: type[LotwiseWarning]) -> None:
    """Warn at the line outside lotwise that called it, whichever function of lotwise warns."""
    # Python 3.12 has skip_file_prefixes for this; warnings itself walks the frames like this.
    level, frame = 1, sys._getframe(1)  # noqa: SLF001
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "lotwise":
        level, frame = level + 1, frame.f_back
    warnings.warn(words, category, stacklevel=level + 1)
