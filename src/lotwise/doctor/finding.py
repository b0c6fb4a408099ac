"""Result of one check: a line for the user, a record for a program."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "missing", "unused"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Result of one check.

    Attributes
    ----------
    check
        Kind of check, such as ``program`` or ``network``.
    subject
        What was checked, such as the name of the program.
    state
        ``ok``; ``warning``: the run can work, but see ``remedy``; ``missing``: the run cannot
        work; ``unused``: absent, but not needed by this run.
    found
        What was found.
    remedy
        What to do; empty if nothing has to be done.

    Examples
    --------
    >>> print(Finding(check="program", subject="salmon", state="ok", found="1.10.1"))
    ok       program salmon: 1.10.1
    """

    check: str
    subject: str
    state: State
    found: str
    remedy: str = ""

    def __str__(self) -> str:
        told = f"{self.check} {self.subject}: {self.found}"
        # Always one line, whatever a program printed.
        told = " ".join((f"{told}; {self.remedy}" if self.remedy else told).split())
        return f"{self.state:8} {told}"


def is_fit(findings: Iterable[Finding]) -> bool:
    """Return whether everything that the run needs is present."""
    return all(finding.state != "missing" for finding in findings)
