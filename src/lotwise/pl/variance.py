"""Figure of the variance of expression by factor of the design."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lotwise.pl.canvas import Size, need_rows, nothing, one_axes, write_below
from lotwise.pl.style import Palette, colours_of, ink, log_tpm_words, lotwise_style, scaled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def variance(
    table: pd.DataFrame,
    *,
    density: pd.DataFrame,
    unit: str = "TPM",
    features: str = "features",
    palette: Palette | None = None,
    ax: Axes | None = None,
    figsize: Size | None = None,
) -> Figure:
    """Draw the share of the variance that each factor explains, as one violin per factor.

    Parameters
    ----------
    table, density
        ``lotwise.get.evidence(expression, "variance")`` and ``"variance_density"``.
    unit
        Unit of the values, if not TPM (:func:`lotwise.from_frame`).
    features
        What the features are, for the title: ``"genes"`` or ``"isoforms"``.
    palette
        Colours of the factors: by name, as a list, or a palette of seaborn or Matplotlib.
    ax
        Axes to draw into; by default a new figure.
    figsize
        Width and height in inches.

    Returns
    -------
    The figure; the line in a violin is the median over features. Factors that the design cannot
    separate are not drawn; the reason is given below the figure. If no factor can be separated, the
    figure contains only the reason.

    Raises
    ------
    InputError
        A table is empty.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.variance(gene)
    >>> tables = [lotwise.get.evidence(gene, f"variance{part}") for part in ("", "_density")]
    >>> len(lotwise.pl.variance(tables[0], density=tables[1]).axes)
    1
    """
    need_rows(table, "variance")
    need_rows(density, "variance_density")
    known, left_out = table[table["share"].notna()], table[table["share"].isna()]
    reasons = "; ".join(f"{row['factor']}: {row['reason']}" for _, row in left_out.iterrows())
    # Without a factor, the residual is 100 % of every feature.
    if set(known["factor"]) <= {"residual"}:
        return nothing(reasons or "there is no factor", ax=ax)
    with lotwise_style():
        width = max(3.8, 1.2 + 1.1 * len(known))
        figure, axis = one_axes(width=width, height=3.4, figsize=figsize, ax=ax)
        colours = colours_of(known["factor"].tolist(), palette)
        for at, (_, row) in enumerate(known.iterrows()):
            of_factor = density[density["factor"] == row["factor"]]
            # The outermost bins reach to 0 and 100 %. Widths are proportional to the square root,
            # so that the many features at an end do not hide the others.
            middles = (of_factor["share_from"] + of_factor["share_to"]).to_numpy() / 2
            heights = 100 * np.r_[0, middles, 1]
            fraction = of_factor["fraction"].to_numpy()
            half = 0.42 * np.sqrt(np.r_[fraction[0], fraction, fraction[-1]] / fraction.max())
            colour = colours[row["factor"]]
            axis.fill_betweenx(heights, at - half, at + half, color=colour, alpha=0.6, lw=0)
            share = 100 * row["share"]
            axis.plot([at - 0.3, at + 0.3], [share, share], color=ink(), lw=1.2)
            axis.annotate(
                f"{share:.0f} %", (at + 0.32, share), va="center", fontsize=scaled(7), clip_on=False
            )
        axis.set_xticks(np.arange(len(known)), known["factor"])
        axis.set_xlim(-0.6, len(known) - 0.2)
        axis.set_ylim(-4, 104)
        axis.set_ylabel("share of the variance, %")
        n_features = int(known["n_features"].iloc[0])
        axis.set_title(
            f"Variance of {log_tpm_words(None, unit)},\n"
            f"{n_features:,} expressed {features} (line: median)",
            fontsize=scaled(8),
        )
        if reasons:
            write_below(figure, axis, reasons, ax=ax, figsize=figsize)
    return figure
