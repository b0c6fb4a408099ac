"""One case of a qualification: expected and found result."""

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
    """Run a case; an exception counts as a failure and is reported as the result.

    Examples
    --------
    >>> run_case("operation", "COR-001", "sum", "2", lambda: (str(1 + 1), 1 + 1 == 2)).passed
    True
    >>> run_case("operation", "COR-001", "sum", "2", lambda: (str(1 / 0), True)).found
    'ZeroDivisionError: division by zero'
    """
    try:
        found, passed = look()
    except Exception as error:  # noqa: BLE001, an error of any kind is a result
        found, passed = f"{type(error).__name__}: {error}", False
    return Case(
        part=part,
        requirement=requirement,
        name=name,
        expected=expected,
        found=" ".join(found.split()),
        passed=bool(passed),
    )
