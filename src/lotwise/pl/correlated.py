"""Properties of the R that :func:`lotwise.tl.correlate` computed, for titles of figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.noted import noted
from lotwise.wording import percent

if TYPE_CHECKING:
    from anndata import AnnData


def level_of(expression: AnnData) -> str:
    """Return the level, or gene if the level is not known."""
    return str(noted(expression).get(keys.LEVEL, "gene"))


def layer_correlated(expression: AnnData) -> str:
    """Return the layer over which R was computed."""
    parameters = noted(expression).get(keys.PARAMETERS, {}).get(keys.PAIRS, {})
    return str(parameters.get("layer", keys.TPM))


def pseudocount_of(expression: AnnData) -> float:
    """Return c of log2(TPM + c), over which R was computed.

    Raises
    ------
    InputError
        R in ``obsp`` was not computed by :func:`lotwise.tl.correlate`.
    """
    parameters = noted(expression).get(keys.PARAMETERS, {}).get(keys.PAIRS)
    if parameters is None:
        raise InputError(
            "the AnnData does not say how R was computed",
            remedy="call lotwise.tl.correlate first",
        )
    return float(parameters["pseudocount"])


def double_zero_shares(expression: AnnData) -> str:
    """Return the share of features that are zero in both samples of a pair.

    If the share differs between pairs, return the smallest and the largest share.
    """
    pairs, names = expression.uns[keys.LOTWISE][keys.PAIRS], expression.obs_names
    # A subset inherits the table of all samples in uns.
    ours = pairs["sample_a"].isin(names) & pairs["sample_b"].isin(names)
    over_all = pairs[ours & (pairs["feature_set"] == "all")]
    if over_all.empty:
        return "an unknown share"
    shares = over_all["n_double_zero"] / over_all["n_features"]
    low, high = percent(shares.min(), 2), percent(shares.max(), 2)
    return low if low == high else f"{low} to {high}"
