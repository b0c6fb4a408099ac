"""One case of a qualification: what was expected, what was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Part = Literal["installation", "operation", "performance"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A case with its requirement (docs/requirements.md), and whether it passed."""

    part: Part
    requirement: str
    name: str
    expected: str
    found: str
    passed: bool


def run_case(
    part: Part, requirement: str, name: str, expected: str, look: Callable[[], tuple[str, bool]]
) -> Case:
    """Run a case; one that breaks has failed, with the fault as what was found.

    Examples
    --------
    >>> run_case("operation", "COR-001", "sum", "2", lambda: (str(1 + 1), 1 + 1 == 2)).passed
    True
    >>> run_case("operation", "COR-001", "sum", "2", lambda: (str(1 / 0), True)).found
    'ZeroDivisionError: division by zero'
    """
    try:
        found, passed = look()
    except Exception as error:  # noqa: BLE001, a fault of any kind is a finding
        found, passed = f"{type(error).__name__}: {error}", False
    return Case(
        part=part,
        requirement=requirement,
        name=name,
        expected=expected,
        found=" ".join(found.split()),
        passed=bool(passed),
    )
