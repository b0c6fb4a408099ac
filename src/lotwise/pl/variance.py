"""Figure of the variance of expression by factor of the design."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lotwise.files.figures import lotwise_style
from lotwise.pl.canvas import need_rows, nothing, subplots
from lotwise.pl.style import OKABE_ITO, log_tpm_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def variance(table: pd.DataFrame, *, density: pd.DataFrame, unit: str = "TPM") -> Figure:
    """Draw the share of the variance that each factor carries: one violin per factor.

    Parameters
    ----------
    table, density
        ``lotwise.get.evidence(expression, "variance")`` and ``"variance_density"``.
    unit
        What the numbers are, where they are not TPM (:func:`lotwise.from_frame`).

    Returns
    -------
    The figure; the line of a violin is the median over features. Factors that the design cannot
    separate are not drawn, and named below.

    Raises
    ------
    InputError
        A table is empty.

    Examples
    --------
    >>> import lotwise
    >>> gene = getfixture("three_batches").gene
    >>> lotwise.tl.variance(gene)
    >>> tables = [lotwise.get.evidence(gene, f"variance{part}") for part in ("", "_density")]
    >>> len(variance(tables[0], density=tables[1]).axes)
    1
    """
    need_rows(table, "variance")
    need_rows(density, "variance_density")
    known = table[table["share"].notna()]
    if known.empty:
        return nothing(str(table["reason"].iloc[0]))
    with lotwise_style():
        figure, (axis,) = subplots(1, 1, width=1.2 + 1.1 * len(known), height=3.4)
        for at, (_, row) in enumerate(known.iterrows()):
            of_factor = density[density["factor"] == row["factor"]]
            # The outermost bins reach to 0 and 100 %; widths go with the root, so that the
            # many features at an end do not hide the others.
            heights = (
                100
                * np.r_[0, (of_factor["share_from"] + of_factor["share_to"]).to_numpy() / 2, 100]
            )
            fraction = of_factor["fraction"].to_numpy()
            half = 0.42 * np.sqrt(np.r_[fraction[0], fraction, fraction[-1]] / fraction.max())
            colour = OKABE_ITO[at % len(OKABE_ITO)]
            axis.fill_betweenx(heights, at - half, at + half, color=colour, alpha=0.6, lw=0)
            share = 100 * row["share"]
            axis.plot([at - 0.3, at + 0.3], [share, share], color="black", lw=1.2)
            axis.annotate(
                f"{share:.0f} %", (at + 0.32, share), va="center", fontsize=7, clip_on=False
            )
        axis.set_xticks(np.arange(len(known)), known["factor"])
        axis.set_xlim(-0.6, len(known) - 0.2)
        axis.set_ylim(-4, 104)
        axis.set_ylabel("share of the variance, %")
        n_features = int(known["n_features"].iloc[0])
        axis.set_title(
            f"Variance of {log_tpm_words(None, unit)}, "
            f"{n_features:,} expressed features (line: median)",
            fontsize=8,
        )
        left_out = table[table["share"].isna()]
        if not left_out.empty:
            words = "; ".join(f"{row['factor']}: {row['reason']}" for _, row in left_out.iterrows())
            figure.supxlabel(words, fontsize=6)
    return figure
