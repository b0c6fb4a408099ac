"""Figure of the donors found by genotype."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lotwise.pl.canvas import MOST_ROWS, need_rows, nothing, subplots
from lotwise.pl.style import NOT_DEFINED, lotwise_style, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_PRINTED: Final = 12


def genotype(table: pd.DataFrame, *, donors: pd.DataFrame) -> Figure:
    """Draw the concordance of genotypes of all pairs; samples are sorted by the donors found.

    The concordance is over the sites that vary among the samples. If no site varies, it is over the
    sites at which at least one sample has an allele other than the reference.

    Parameters
    ----------
    table
        ``lotwise.get.evidence(expression, "genotype")``.
    donors
        ``lotwise.get.evidence(expression, "donors")``.

    Returns
    -------
    The figure; if there are no pairs, it shows the reason. A star marks a sample that is not from
    the donor on its label. A plus marks a mixed sample.

    Raises
    ------
    InputError
        The table of donors is empty.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.genotype(gene, alleles=lotwise.datasets.two_donors())
    >>> tables = [lotwise.get.evidence(gene, name) for name in ("genotype", "donors")]
    >>> figure = lotwise.pl.genotype(tables[0], donors=tables[1])
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['lot1 (donor 1)', 'lot2 (donor 1)', 'lot3 (donor 2)']
    """
    need_rows(donors, "donors")
    if isinstance(table, pd.DataFrame) and table.empty:
        return nothing("there is one sample")
    need_rows(table, "genotype")
    varies = bool((table["n_informative"] > 0).any())
    value, n_sites = (
        ("informative_concordance", "n_informative") if varies else ("concordance", "n_sites")
    )
    ordered = donors.assign(last=donors["found"] == "", number=pd.to_numeric(donors["found"]))
    ordered = ordered.sort_values(["last", "number"], kind="stable")
    at = {name: row for row, name in enumerate(ordered["sample"])}
    matrix = np.full((len(at), len(at)), np.nan)
    for pair in table.itertuples():
        a, b = at[pair.sample_a], at[pair.sample_b]
        matrix[a, b] = matrix[b, a] = getattr(pair, value)
    with lotwise_style():
        side = float(np.clip(2.2 + 0.4 * len(at), 3.6, 12.0))
        figure, (axis,) = subplots(1, 1, width=side + 1.6, height=side)
        axis.set_facecolor(NOT_DEFINED)
        mesh = axis.imshow(matrix, cmap="viridis", vmin=0, vmax=1, interpolation="nearest")
        figure.colorbar(mesh, ax=axis, shrink=0.7, label="share of sites with one genotype")
        _name(axis, ordered)
        if len(at) <= _MOST_PRINTED:
            for (a, b), share in np.ndenumerate(matrix):
                if np.isfinite(share):
                    colour = "white" if share < 0.6 else "black"
                    axis.text(b, a, f"{share:.2f}", ha="center", va="center", color=colour)
        which = (
            "that vary among the samples" if varies else "with an allele other than the reference"
        )
        axis.set_title(
            f"Concordance of genotypes over {_range(table[n_sites])} sites\n{which}", fontsize=8
        )
    return figure


def _name(axis: Axes, donors: pd.DataFrame) -> None:
    """Name the samples with their donors, and mark those that are odd."""
    if len(donors) > MOST_ROWS:
        axis.set_xticks([])
        axis.set_yticks([])
        return
    names = [
        f"{shorten(str(row['sample']))} "
        f"({'donor ' + str(row['found']) if row['found'] else 'not assessable'})"
        f"{' *' if row['agrees'] == 'no' else ''}{' +' if row['mixed'] == 'yes' else ''}"
        for row in donors.to_dict("records")
    ]
    axis.set_xticks(range(len(names)), names, rotation=90)
    axis.set_yticks(range(len(names)), names)
    # Donors are told apart by lines between them.
    found = donors["found"].to_list()
    for row in range(1, len(found)):
        if found[row] != found[row - 1]:
            axis.axhline(row - 0.5, color="white", lw=1.5)
            axis.axvline(row - 0.5, color="white", lw=1.5)
    marks = [
        words
        for words, odd in (
            ("* not from the donor on its label", donors["agrees"] == "no"),
            ("+ mixed", donors["mixed"] == "yes"),
        )
        if odd.any()
    ]
    if marks:
        axis.set_xlabel("; ".join(marks))


def _range(numbers: pd.Series) -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
