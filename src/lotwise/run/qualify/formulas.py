"""Formulas compared with values calculated by hand or published."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import numpy.typing as npt

from lotwise.metrics import agreement, correlation, equivalence, rates, tolerance
from lotwise.run.qualify.case import Case, run_case

X = (1.0, 2.0, 3.0, 4.0, 5.0)
Y = (2.0, 1.0, 4.0, 3.0, 5.0)


def formula_cases() -> Iterator[Case]:
    """Run the cases of single formulas."""
    # Modules and not functions are imported, so that the functions that a run calls are tested.
    yield _close("COR-001", "Pearson's R", 0.8, lambda: correlation.pearson(X, Y))
    yield _close(
        "COR-001", "Pearson's R of a matrix", 0.8, lambda: correlation.pearson_matrix([X, Y])[0, 1]
    )
    yield _close("COR-002", "Spearman's rho", 0.8, lambda: correlation.spearman(X, Y))
    yield _close(
        "COR-002",
        "Spearman's rho with ties",
        4.5 / math.sqrt(22.5),
        lambda: correlation.spearman((1, 2, 2, 4), (1, 3, 2, 4)),
    )
    yield _close(
        "COR-003",
        "Lin's concordance of a shift",
        0.64,
        lambda: agreement.concordance(X, np.add(Y, 1.0)).ccc,
    )
    yield run_case(
        "operation",
        "STA-001",
        "Benjamini-Hochberg",
        "0.03, 0.04, 0.04 (tolerance 1e-12)",
        lambda: _array(rates.benjamini_hochberg([0.01, 0.04, 0.03]), [0.03, 0.04, 0.04], 1e-12),
    )
    for n, factor in ((3, 9.789), (5, 5.077), (10, 3.393)):
        yield _close(
            "STA-002",
            f"tolerance factor, n = {n}",
            factor,
            partial(tolerance.tolerance_factor, n),
            tolerance=5.1e-4,
        )
    yield _close(
        "STA-003",
        "Welch's standard error of (1, 2, 3) and (2, 4, 6, 8)",
        math.sqrt(2),
        lambda: equivalence.equivalence(
            [[1.0], [2.0], [3.0]], [[2.0], [4.0], [6.0], [8.0]], margin=1.0
        ).standard_error[0],
    )


def _close(
    requirement: str,
    name: str,
    value: float,
    look: Callable[[], float],
    *,
    tolerance: float = 1e-12,
) -> Case:
    def compare() -> tuple[str, bool]:
        found = float(look())
        return f"{found:.12g}", abs(found - value) <= tolerance

    expected = f"{value:.12g} (tolerance {tolerance:g})"
    return run_case("operation", requirement, name, expected, compare)


def _array(
    found: npt.NDArray[np.float64], expected: list[float], tolerance: float
) -> tuple[str, bool]:
    told = ", ".join(f"{value:.6g}" for value in found)
    return told, bool(np.allclose(found, expected, rtol=0, atol=tolerance))
