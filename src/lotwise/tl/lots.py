"""Lots as units: the samples of each lot, and the lots before and after a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.labels import batches_of, conditions_of, labels_of
from lotwise.metrics.moments import BoolArray, FloatArray

if TYPE_CHECKING:
    from anndata import AnnData

PHASES: Final = ("pre", "post")


class Lots(NamedTuple):
    """Lots with a phase, of one condition: their names, rows of samples, and phases."""

    condition: str
    names: list[str]
    rows: list[list[int]]
    is_post: BoolArray

    def mean(self, of_samples: FloatArray) -> FloatArray:
        """Return the mean over the samples of each lot."""
        return np.array([of_samples[rows].mean(axis=0) for rows in self.rows])

    @property
    def numbers(self) -> tuple[int, int]:
        """Lots before the change, and after it."""
        return int((~self.is_post).sum()), int(self.is_post.sum())

    def samples(self, *, post: bool) -> list[int]:
        """Return the rows of the samples of one phase."""
        return [
            row
            for of_lot, is_post in zip(self.rows, self.is_post, strict=True)
            for row in of_lot
            if bool(is_post) == post
        ]


def lots_of(expression: AnnData) -> list[Lots]:
    """Return the lots that have a phase, by condition; empty without a column ``phase``.

    Raises
    ------
    InputError
        A phase that is neither pre nor post, or a lot with samples of both.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lots_of(gene)
    []
    >>> gene.obs["phase"] = ["pre", "pre", "post"]
    >>> lots_of(gene)[0].is_post.tolist()
    [False, False, True]
    """
    if keys.PHASE not in expression.obs:
        return []
    phases = labels_of(expression, keys.PHASE)
    batches, conditions = batches_of(expression), conditions_of(expression)
    phase_of: dict[str, str] = {}
    found: dict[str, dict[str, list[int]]] = {}
    for row, (phase, batch, condition) in enumerate(zip(phases, batches, conditions, strict=True)):
        if not phase:
            continue
        sample = expression.obs_names[row]
        if phase not in PHASES:
            raise InputError(
                f"sample {sample} has the phase {phase!r}, which must be 'pre' or 'post'"
            )
        if phase_of.setdefault(batch, phase) != phase:
            raise InputError(
                f"lot {batch!r} has samples of both phases",
                remedy="a lot is made either before or after the change; correct batch or phase",
            )
        found.setdefault(condition, {}).setdefault(batch, []).append(row)
    return [
        Lots(
            condition,
            list(lots),
            list(lots.values()),
            np.array([phase_of[lot] == "post" for lot in lots], dtype=np.bool_),
        )
        for condition, lots in found.items()
    ]
