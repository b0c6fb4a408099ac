"""Warnings about the design of the samples. They are reported at the line that calls the tool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lotwise import keys
from lotwise.errors import DesignWarning, warn
from lotwise.expression.comparability import invalid_comparisons
from lotwise.expression.labels import batches_of, donor_groups, replicate_groups
from lotwise.metrics.design import replicate_agreement
from lotwise.samples.design import lone_groups
from lotwise.wording import listed

if TYPE_CHECKING:
    from anndata import AnnData


def warn_of_design(expression: AnnData) -> None:
    """Warn if no two batches share a condition, or if replicates disagree.

    Parameters
    ----------
    expression
        Samples x features, with R in ``obsp`` (:func:`lotwise.tl.correlate`, which calls this).

    Warns
    -----
    DesignWarning
        Batches cannot be compared within a condition, or replicates of a batch are less similar
        than samples of different batches.

    Examples
    --------
    >>> import warnings, lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.correlate(gene)
    >>> gene.obs["condition"] = ["rest", "rest", "stimulated"]
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn_of_design(gene)
    >>> print(caught[0].message)
    lot3 (stimulated) is compared with no other batch, because no other batch has that condition;
    correct the conditions in obs
    """
    groups = list(replicate_groups(expression))
    conditions = {condition for _, condition in groups}
    if len(conditions) == 1 and not donor_groups(expression):
        found = replicate_agreement(
            expression.obsp[keys.PEARSON], batches=batches_of(expression)
        ).sentence
        if found:
            warn(found, DesignWarning)
    elif len({batch for batch, _ in groups}) > 1 and len(conditions) == len(groups):
        warn(
            "no two batches share a condition, so differences between batches cannot be separated "
            "from differences between conditions; the limits and the R at the top of the report "
            "cannot be computed",
            DesignWarning,
        )
    elif keys.N_SAMPLES not in expression.obs and not any(
        one.code == "not_compared" for one in invalid_comparisons(expression)
    ):
        # In files this is found when they are read; here, obs was changed since. Averages follow
        # the correlation of their samples.
        _warn_of_lone_batches(groups)


def _warn_of_lone_batches(groups: Sequence[tuple[str, str]]) -> None:
    """Warn of batches with a condition that no other batch has."""
    if alone := lone_groups(groups):
        named = [f"{batch} ({condition or 'no condition'})" for batch, condition in alone]
        verb = "is" if len(alone) == 1 else "are"
        warn(
            f"{listed(named)} {verb} compared with no other batch, because no other batch has that "
            "condition; correct the conditions in obs",
            DesignWarning,
        )
