"""Single genes before and after a change of the process, with lots as replicates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lotwise.evidence.process_change import ProcessFeatureRecord
from lotwise.expression.layers import tpm_of
from lotwise.files.tables import to_frame
from lotwise.metrics.equivalence import NOT_EXPRESSED, NOT_TESTED, moderated_equivalence
from lotwise.metrics.feature_sets import THRESHOLD
from lotwise.metrics.process_change import FEWEST_LOTS
from lotwise.tl.agreement import counts_by_sample
from lotwise.tl.equivalence import BatchPair, like_composition, log_tpm_without_pseudocount
from lotwise.tl.lots import Lots

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

NAN: Final = float("nan")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Constants of the tests and of the expression threshold."""

    margin: float = 1.0
    alpha: float = 0.05
    threshold: float = THRESHOLD
    pseudocount: float = 1.0
    seed: int = 0


def features_of_lots(
    expression: AnnData, lots: Lots, *, reason: str, settings: Settings
) -> pd.DataFrame:
    """Test single genes with lots as replicates.

    A lot is one observation, the mean of its samples; more samples do not make more lots.

    Parameters
    ----------
    expression
        Samples x genes.
    lots
        Lots of one condition.
    reason
        Why nothing can be tested; empty if tests are possible.
    settings
        Margin, alpha and threshold.
    """
    import pandas as pd

    tpm = tpm_of(expression)
    rows = [np.array(lots.samples(post=post), dtype=np.intp) for post in (False, True)]
    numbers = lots.numbers
    of_lots = lots.mean(tpm)
    means = [
        of_lots[lots.is_post == post].mean(axis=0) if n else np.zeros(tpm.shape[1])
        for post, n in zip((False, True), numbers, strict=True)
    ]
    expressed = np.maximum(*means) >= settings.threshold
    if not reason and min(numbers) < FEWEST_LOTS:
        reason = f"{numbers[0]} pre and {numbers[1]} post lots; {FEWEST_LOTS} of each are needed"
    elif not reason and not expressed.any():
        reason = f"below {settings.threshold:g} TPM in both phases"
    if reason:
        row = ProcessFeatureRecord(
            condition=lots.condition,
            n_pre=numbers[0],
            n_post=numbers[1],
            feature="*",
            difference=NAN,
            p_equivalent=NAN,
            p_different=NAN,
            outcome=NOT_TESTED,
            reason=reason,
        )
        return to_frame([row], ProcessFeatureRecord)
    log_tpm = log_tpm_without_pseudocount(tpm, counts_by_sample(expression))
    pair = BatchPair("pre", "post", lots.condition, *rows)
    of_sample = np.full((tpm.shape[0], int(expressed.sum())), NAN)
    of_sample[rows[0]], of_sample[rows[1]] = like_composition(log_tpm, pair, expressed, tpm)
    values = lots.mean(of_sample)
    found = moderated_equivalence(
        values[lots.is_post], values[~lots.is_post], margin=settings.margin, alpha=settings.alpha
    )
    silent = np.where(expressed, "", f"below {settings.threshold:g} TPM in both phases")
    table = pd.DataFrame(
        {
            "condition": lots.condition,
            "feature": expression.var_names.astype(str).to_numpy(dtype=object),
            "n_pre": numbers[0],
            "n_post": numbers[1],
            "difference": NAN,
            "p_equivalent": NAN,
            "p_different": NAN,
            "outcome": NOT_EXPRESSED,
            "reason": silent.astype(object),
        }
    )
    table.loc[expressed, "difference"] = found.difference
    table.loc[expressed, "p_equivalent"] = found.p_equivalent_adjusted
    table.loc[expressed, "p_different"] = found.p_different_adjusted
    table.loc[expressed, "outcome"] = found.outcome.astype(object)
    return table
