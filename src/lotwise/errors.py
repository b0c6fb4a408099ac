"""Faults that a user can mend, each carrying its exit code, and named warnings.

A fault is one line: where it is (file, row, column), what came, what is needed,
what to do. The command line prints it and ends with ``exit_code``; the library
raises it.
"""

from __future__ import annotations

from os import PathLike, fspath

EXIT_DONE = 0
EXIT_ANSWER_IS_NO = 1
EXIT_INPUT = 2
EXIT_SURROUNDINGS = 3
# EX_SOFTWARE of sysexits.h: a defect of lotwise, and no answer.
EXIT_DEFECT = 70


class LotwiseError(Exception):
    """Base of every fault that lotwise raises on purpose.

    Parameters
    ----------
    problem
        What came and what is needed.
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
        # One line always, whatever a file name or a header contained.
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
    """The work was done and the answer is no: a gate or a verdict refuses (exit code 1)."""

    exit_code = EXIT_ANSWER_IS_NO


class EnvironmentFault(LotwiseError):  # noqa: N818  # the name of DESIGN
    """The surroundings fail: no network, no such program, disk full (exit code 3)."""

    exit_code = EXIT_SURROUNDINGS


class LotwiseWarning(UserWarning):
    """Base of every warning of lotwise."""


class TpmSumWarning(LotwiseWarning):
    """A sample's TPM do not sum to a million."""


class UnmappedTranscriptsWarning(LotwiseWarning):
    """Some quantified transcripts have no gene in the transcript-to-gene map."""


class SharedFeaturesWarning(LotwiseWarning):
    """Samples were quantified on annotations that are not the same."""


class InvalidComparisonWarning(LotwiseWarning):
    """The samples cannot be compared as batches: copies, different programs, and the like."""


class DesignWarning(LotwiseWarning):
    """The design of the sample sheet does not fit the samples, or compares nothing."""


class WiderLimitsWarning(LotwiseWarning):
    """An addition to the accepted batches widens the limits for the next one."""


class ManyPairsWarning(LotwiseWarning):
    """There are more pairs of samples than tables can list; some are chosen."""


class UndefinedWarning(LotwiseWarning):
    """A statistic is not defined for some input; it is NaN and the reason is on file."""
