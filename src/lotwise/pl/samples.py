"""Figures of batches and samples: limits from other batches, isoform usage, markers.

Each function draws a tidy table (``lotwise.get.evidence``) and computes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lotwise.errors import InputError
from lotwise.expression.labels import name_groups
from lotwise.pl.canvas import MOST_ROWS, Size, need_rows, one_axes, subplots, write_below
from lotwise.pl.style import (
    NOT_DEFINED,
    OKABE_ITO,
    ink,
    log_tpm_words,
    lotwise_style,
    name_inches,
    scaled,
    shorten,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INCH_A_ROW: Final = 0.28


def batches(
    table: pd.DataFrame,
    *,
    pseudocount: float | None = None,
    unit: str = "TPM",
    features: str = "features",
    ax: Axes | None = None,
    figsize: Size | None = None,
) -> Figure:
    """Draw each batch's median R to the other batches, with limits computed from those batches.

    Parameters
    ----------
    table
        ``lotwise.get.evidence(expression, "batches")``.
    pseudocount
        c of log2(TPM + c), for the label of the axis.
    unit
        Unit of the values, if not TPM (:func:`lotwise.from_frame`).
    features
        What the features are, for the label of the axis: ``"genes"`` or ``"isoforms"``.
    ax
        Axes to draw into; by default a new figure.
    figsize
        Width and height in inches.

    Returns
    -------
    The figure: each batch has a point, a prediction interval (thick) and a tolerance interval
    (thin). If there are more than 60 batches, only the 60 with the lowest median are shown, lowest
    first. The title states this.

    Raises
    ------
    InputError
        The table is empty.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.batches(gene)
    >>> figure = lotwise.pl.batches(lotwise.get.evidence(gene, "batches"))
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['lot1', 'lot2', 'lot3']
    """
    need_rows(table, "batches")
    title = "each batch, with limits from the other batches"
    if len(table) > MOST_ROWS:
        title = f"{title}:\nthe {MOST_ROWS} of {len(table):,} batches with the lowest median R"
        table = table.sort_values("median_to_others", kind="stable")[:MOST_ROWS]
    with lotwise_style():
        height = 1.4 + _INCH_A_ROW * len(table)
        groups = _named_groups(table)
        width = 5 + name_inches(groups, size=8)
        figure, axis = one_axes(width=width, height=height, figsize=figsize, ax=ax)
        rows = np.arange(len(table))
        for name, colour, width in (("tolerance", "#AAAAAA", 1), ("prediction", OKABE_ITO[4], 5)):
            limits = table[[f"{name}_lower", f"{name}_upper"]]
            if limits.notna().any(axis=None):
                lower, upper = limits.to_numpy().T
                axis.hlines(rows, lower, upper, color=colour, linewidth=width, label=name)
        for name, marker, colour, label in (
            ("median_to_others", "o", ink(), "median R to the others"),
            ("within", "D", OKABE_ITO[1], "within the batch"),
        ):
            if table[name].notna().any():
                axis.plot(table[name], rows, marker, color=colour, markersize=4, label=label)
        # Tolerance limits from few batches reach far below; the axis must show the points.
        shown = pd.concat([table["median_to_others"], table["prediction_lower"], table["within"]])
        if shown.notna().any():
            low = float(shown.min())
            axis.set_xlim(low - 0.15 * (1 - low) - 1e-4, 1 + 0.02 * (1 - low))
        axis.set_yticks(rows, [*map(shorten, groups)])
        axis.set_ylim(len(table) - 0.5, -0.5)
        scale = log_tpm_words(pseudocount, unit)
        axis.set_xlabel(f"Pearson's R of {scale} over all {features}")
        if axis.has_data():
            # Above the axes, where it does not overlap the note of the figure.
            place = (0.5, 1)
            axis.legend(
                frameon=False, fontsize=scaled(6), loc="lower center", bbox_to_anchor=place, ncols=4
            )
        axis.set_title(title, fontsize=scaled(8), pad=18)
        if table["prediction_lower"].isna().all() and table["reason"].any():
            words = f"no limits: {table['reason'].iloc[0]}"
            write_below(figure, axis, words, ax=ax, figsize=figsize)
    return figure


def _named_groups(table: pd.DataFrame) -> list[str]:
    """Return names of batches, with their condition if a batch has several."""
    conditions = table["condition"] if "condition" in table else [""] * len(table)
    return name_groups(zip(table["batch"].astype(str), conditions, strict=True))


def isoform_switches(
    table: pd.DataFrame, *, usage: pd.DataFrame, figsize: Size | None = None
) -> Figure:
    """Draw the isoform usage of the genes with the largest distance, stacked by batch.

    Parameters
    ----------
    table
        Rows of ``lotwise.get.evidence(expression, "isoform_usage")`` to draw.
    usage
        Columns gene_id, isoform, batch and share of the gene's TPM, in [0, 1].
    figsize
        Width and height in inches.

    Returns
    -------
    The figure: one panel per gene; the five largest isoforms are named, the rest are grey.

    Raises
    ------
    InputError
        The table is empty, or ``usage`` contains no isoform of a gene.

    Examples
    --------
    >>> import lotwise
    >>> table = pd.DataFrame({"gene_id": ["g"], "distance": [0.5], "p_adjusted": [0.01]})
    >>> usage = pd.DataFrame({"gene_id": "g", "isoform": ["a", "b", "a", "b"],
    ...                       "batch": ["1", "1", "2", "2"], "share": [0.9, 0.1, 0.2, 0.8]})
    >>> len(lotwise.pl.isoform_switches(table, usage=usage).axes)
    1
    """
    need_rows(table, "isoform_usage")
    genes = list(dict.fromkeys(table["gene_id"]))
    absent = [gene for gene in genes if gene not in set(usage["gene_id"])]
    if absent:
        raise InputError(
            f"'usage' contains no isoform of gene {absent[0]!r}",
            remedy="add the isoforms of this gene to 'usage', or remove the gene from 'table'",
        )
    with lotwise_style():
        n_columns = min(3, len(genes))
        n_rows = -(-len(genes) // n_columns)
        # Names of batches are at 45 degrees.
        aside = 0.7 * name_inches(usage["batch"].astype(str).unique(), size=6)
        size = ((3.0 + aside) * n_columns, (2.6 + aside) * n_rows)
        figure, axes = subplots(n_rows, n_columns, width=size[0], height=size[1], figsize=figsize)
        for axis in axes[len(genes) :]:
            axis.set_axis_off()
        for axis, gene in zip(axes, genes, strict=False):
            shares = usage[usage["gene_id"] == gene].pivot_table(
                index="isoform", columns="batch", values="share", sort=False
            )
            _stack(axis, shares)
            row = table[table["gene_id"] == gene].iloc[0]
            p = row["p_adjusted"]
            words = "no p-value" if np.isnan(p) else f"adjusted p {p:.2g}"
            axis.set_title(f"{gene}: distance {row['distance']:.2f}, {words}", fontsize=scaled(7))
            axis.set_ylabel("share of the gene's TPM")
        if table["p_adjusted"].isna().all():
            words = "no p-value without bootstraps: a large distance may be quantification noise"
            write_below(figure, axes[0], words, ax=None, figsize=figsize)
    return figure


def identity(table: pd.DataFrame, *, ax: Axes | None = None, figsize: Size | None = None) -> Figure:
    """Draw the TPM of a panel's markers in every sample; a cross marks unmet expectations.

    Parameters
    ----------
    table
        The rows of one panel of ``lotwise.get.evidence(expression, "identity")``.
    ax
        Axes to draw into; by default a new figure.
    figsize
        Width and height in inches.

    Returns
    -------
    The figure: each cell contains the TPM, with a cross if the marker is not as expected. Cells of
    markers that are not annotated are grey. If there are more than 60 samples, only the 60 with the
    most crosses are shown. Samples with equally many crosses keep their order. The title states
    how many samples are shown.

    Raises
    ------
    InputError
        The table is empty or contains several panels.

    Examples
    --------
    >>> import lotwise
    >>> table = pd.DataFrame({"panel": "p", "sample": ["A", "B"], "marker": "XIST",
    ...                       "expected": "female", "tpm": [30.0, 0.1], "holds": "-"})
    >>> [text.get_text() for text in lotwise.pl.identity(table).axes[0].texts]
    ['30', '0.1']
    """
    need_rows(table, "identity")
    if len(set(table["panel"])) != 1:
        raise InputError("the table must contain one panel, got several panels")
    samples, markers = list(dict.fromkeys(table["sample"])), list(dict.fromkeys(table["marker"]))
    marks = {
        "grey: not annotated": table["tpm"].isna().any(),
        "\N{MULTIPLICATION SIGN}: expectation not met": (table["holds"] == "no").any(),
    }
    meant = "; ".join(words for words, occurs in marks.items() if occurs)
    title = f"{table['panel'].iloc[0]}: TPM" + (f" ({meant})" if meant else "")
    if len(samples) > MOST_ROWS:
        title = (
            f"{title}\nthe {MOST_ROWS} of {len(samples):,} samples with the most unmet expectations"
        )
        crosses = (table["holds"] == "no").groupby(table["sample"], sort=False).sum()
        samples = crosses.sort_values(ascending=False, kind="stable").index[:MOST_ROWS].tolist()
    tpm = table.pivot_table(
        index="sample", columns="marker", values="tpm", sort=False, dropna=False
    ).reindex(index=samples, columns=markers)
    values = tpm.to_numpy(dtype=np.float64)
    holds = table.set_index(["sample", "marker"])["holds"]
    expected = table.drop_duplicates("marker").set_index("marker")["expected"]
    with lotwise_style():
        import matplotlib as mpl

        figure, axis = one_axes(
            width=max(4.4, 1.6 + 0.55 * len(markers)) + name_inches(map(str, samples), size=8),
            height=1.2 + _INCH_A_ROW * len(samples),
            figsize=figsize,
            ax=ax,
        )
        colours = mpl.colormaps["Blues"].with_extremes(bad=NOT_DEFINED)
        axis.imshow(
            np.ma.masked_invalid(np.log2(values + 1)),
            aspect="auto",
            cmap=colours,
            vmin=0,
            vmax=10,
        )
        for i, sample in enumerate(samples):
            for j, marker in enumerate(markers):
                value = float(values[i, j])
                if np.isnan(value):
                    continue
                cross = " \N{MULTIPLICATION SIGN}" if holds[sample, marker] == "no" else ""
                axis.text(
                    j,
                    i,
                    f"{_short(value)}{cross}",
                    ha="center",
                    va="center",
                    fontsize=scaled(6),
                    color="white" if value > 100 else "black",
                )
        axis.set_yticks(np.arange(len(samples)), [*map(shorten, samples)])
        axis.set_xticks(
            np.arange(len(markers)),
            [f"{name}\n{expected[name]}" for name in markers],
            fontsize=scaled(6),
        )
        axis.tick_params(length=0)
        axis.set_title(title, fontsize=scaled(8))
    return figure


def _stack(axis: Axes, shares: pd.DataFrame) -> None:
    order = shares.mean(axis=1).sort_values(ascending=False, kind="stable").index
    bottom = np.zeros(shares.shape[1])
    positions = np.arange(shares.shape[1])
    for number, isoform in enumerate(order[:5]):
        height = shares.loc[isoform].fillna(0).to_numpy()
        axis.bar(
            positions, height, bottom=bottom, color=OKABE_ITO[number], label=isoform, width=0.7
        )
        bottom = bottom + height
    if len(order) > 5:
        rest = shares.loc[order[5:]].fillna(0).sum().to_numpy()
        axis.bar(positions, rest, bottom=bottom, color="#BBBBBB", label="others", width=0.7)
    if len(positions) <= MOST_ROWS:
        axis.set_xticks(
            positions, [*map(shorten, shares.columns)], rotation=45, ha="right", fontsize=scaled(6)
        )
    else:
        axis.set_xticks([])
        axis.set_xlabel(f"{len(positions):,} batches in the order given", fontsize=scaled(6))
    axis.set_ylim(0, 1)
    axis.legend(
        frameon=False,
        fontsize=scaled(5),
        loc="upper left",
        bbox_to_anchor=(1, 1),
        reverse=True,  # as in the stack, from top to bottom
    )


def _short(tpm: float) -> str:
    if 0 < tpm < 0.01:
        return "<0.01"
    # Decided by what is printed: 99.7 is rounded to a number of three digits.
    text = f"{tpm:.2g}"
    return f"{tpm:.0f}" if "e+" in text else text
