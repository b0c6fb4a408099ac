"""What one look found: a line for the user, a record for a program."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "missing", "unused"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one look found.

    Attributes
    ----------
    check
        What was looked at, such as ``program`` or ``network``.
    subject
        Which one of its kind.
    state
        ``ok``; ``warning``, the run can work, but see ``remedy``; ``missing``, the run cannot
        work; ``unused``, absent, and this run does not need it.
    found
        What was found.
    remedy
        What to do; empty where nothing is to be done.

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
        # One line always, whatever a program printed.
        told = " ".join((f"{told}; {self.remedy}" if self.remedy else told).split())
        return f"{self.state:8} {told}"


def is_fit(findings: Iterable[Finding]) -> bool:
    """Tell whether nothing that the run needs is missing."""
    return all(finding.state != "missing" for finding in findings)
