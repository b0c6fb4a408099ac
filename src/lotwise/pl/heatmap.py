"""Heatmap of R: in the order of the sample sheet, or clustered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.computed import require_correlated
from lotwise.expression.labels import conditions_of, unit_of
from lotwise.expression.noted import correlations_of, noted
from lotwise.files.figures import lotwise_style
from lotwise.pl.correlated import double_zero_shares, level_of, pseudocount_of
from lotwise.pl.style import (
    NOT_DEFINED,
    add_note,
    batch_marks,
    colours_of,
    repeated_colours,
    shorten,
)
from lotwise.wording import format_r

if TYPE_CHECKING:
    from anndata import AnnData
    from matplotlib.figure import Figure
    from seaborn.matrix import ClusterGrid

Floats = npt.NDArray[np.float64]
Order = Literal["given", "clustered"]

_MOST_PRINTED: Final = 12
_MOST_NAMED: Final = 80


def heatmap(
    expression: AnnData,
    *,
    order: Order = "given",
    statistic: Literal["pearson", "spearman"] = "pearson",
    decimals: int = 4,
    note: str = "",
) -> Figure:
    """Draw the correlations of all samples as colours, with batch and condition of each beside it.

    The colours span the correlations between different samples, not 0 to 1, so that
    differences near 1 are seen; the diagonal, always 1, is left out.

    Parameters
    ----------
    expression
        Samples x features that :func:`lotwise.tl.correlate` annotated.
    order
        ``"given"`` keeps the order of the sample sheet; ``"clustered"`` puts like
        beside like (average linkage on 1 - R). Samples whose R is not defined come last.
    statistic
        Which matrix of ``obsp``.
    decimals
        Decimals of the numbers, printed up to 12 samples.
    note
        A line below.

    Returns
    -------
    The figure; nothing is shown or saved (:func:`lotwise.pl.save_figure`). Above 80 samples it has
    no names, above eight batches their colours come again; the title says so.

    Raises
    ------
    InputError
        There is no such matrix in ``obsp``, it is of other features or samples, or there is no
        obs column ``batch``.

    Examples
    --------
    >>> import lotwise
    >>> gene = getfixture("three_batches").gene
    >>> lotwise.tl.correlate(gene)
    >>> figure = lotwise.pl.heatmap(gene, order="clustered")
    """
    import matplotlib.pyplot as plt
    import seaborn as sns

    if statistic not in expression.obsp:
        raise InputError(
            f"the AnnData has no {statistic!r} in obsp", remedy="call lotwise.tl.correlate first"
        )
    require_correlated(expression)
    if keys.BATCH not in expression.obs:
        raise InputError(
            "the AnnData has no obs column 'batch'", remedy="say which batch each sample is of"
        )
    r = correlations_of(expression, statistic)
    rows, linkage = _arrange(r, order)
    shown = r[np.ix_(rows, rows)]
    names = [str(expression.obs_names[row]) for row in rows]
    batches = expression.obs[keys.BATCH].astype(str).to_list()
    colour_of = colours_of(batches)
    with lotwise_style():
        grid = sns.clustermap(
            np.where(np.eye(len(shown), dtype=bool), np.nan, shown),
            row_cluster=linkage is not None,
            col_cluster=linkage is not None,
            row_linkage=linkage,
            col_linkage=linkage,
            row_colors=_row_colours(expression, rows, colour_of),
            figsize=_size(len(names)),
            **_colours(shown),
            **_labels(names),
            **_numbers(shown, decimals),
            # As shapes, a quarter of a million cells would be files of 30 MB.
            rasterized=len(names) > _MOST_NAMED,
        )
        if len(names) > _MOST_NAMED:
            for mesh in grid.ax_row_colors.collections:
                mesh.set_rasterized(True)
        left_out = [repeated_colours(colour_of)]
        if len(names) > _MOST_NAMED:
            left_out.append(f"names of {len(names):,} samples left out")
        title = _title(expression, statistic, order)
        more = "; ".join(filter(None, left_out))
        _write_words(grid, f"{title}\n{more}" if more else title, note)
        _show_batches(grid, colour_of, _conditions(expression))
        grid.ax_cbar.set_title("R" if statistic == "pearson" else "rho", fontsize=7)
        grid.ax_cbar.tick_params(labelsize=6)
    figure: Figure = grid.figure
    # seaborn draws through pyplot, which would show the figure, and keep it.
    plt.close(figure)
    return figure


def _conditions(expression: AnnData) -> dict[str, str]:
    """Return a shade of grey for each condition; none where there is one."""
    conditions = list(dict.fromkeys(conditions_of(expression)))
    shades = np.linspace(0.15, 0.9, len(conditions))
    found = {name: f"{shade:.3f}" for name, shade in zip(conditions, shades, strict=True)}
    return found if len(found) > 1 else {}


def _row_colours(
    expression: AnnData, rows: npt.NDArray[np.int64], colour_of: dict[str, str]
) -> list[list[str]]:
    """Return the colours of the batches and, where there are several, of the conditions."""
    batches = expression.obs[keys.BATCH].astype(str).to_list()
    found = [[colour_of[batches[row]] for row in rows]]
    shades, conditions = _conditions(expression), conditions_of(expression)
    if shades:
        found.append([shades[conditions[row]] for row in rows])
    return found


def _arrange(r: Floats, order: Order) -> tuple[npt.NDArray[np.int64], Any]:
    """Choose the samples' order, and their tree where all of them have an R."""
    from scipy.cluster.hierarchy import leaves_list
    from scipy.cluster.hierarchy import linkage as link
    from scipy.spatial.distance import squareform

    defined = ~np.isnan(np.diag(r))
    rows = np.arange(len(r), dtype=np.int64)
    if order == "given" or defined.sum() < 2:
        return rows, None
    kept = rows[defined]
    distance = squareform(1.0 - r[np.ix_(kept, kept)], checks=False)
    tree = link(np.maximum(distance, 0.0), method="average", optimal_ordering=True)
    if defined.all():
        # The tree itself puts the samples in order when it is drawn.
        return rows, tree
    return np.concatenate([kept[leaves_list(tree)], rows[~defined]]), None


def _colours(shown: Floats) -> dict[str, Any]:
    between = shown[~np.eye(len(shown), dtype=bool)]
    between = between[~np.isnan(between)]
    if between.size == 0:
        return {"cmap": "viridis", "vmin": 0.0, "vmax": 1.0}
    low, high = float(between.min()), float(between.max())
    if high - low < 1e-12:
        low -= 1e-6
    return {"cmap": "viridis", "vmin": low, "vmax": high}


def _size(n_samples: int) -> tuple[float, float]:
    side = float(np.clip(3.5 + 0.45 * n_samples, 5.5, 16.0))
    return side + 1.0, side


def _labels(names: list[str]) -> dict[str, Any]:
    shown: Any = [shorten(name) for name in names] if len(names) <= _MOST_NAMED else False
    return {"xticklabels": shown, "yticklabels": shown}


def _numbers(shown: Floats, decimals: int) -> dict[str, Any]:
    if len(shown) > _MOST_PRINTED:
        return {}
    text = np.array([[format_r(float(value), decimals) for value in row] for row in shown])
    text[np.isnan(shown)] = ""
    return {"annot": text, "fmt": "", "annot_kws": {"fontsize": 6.5}}


def _title(expression: AnnData, statistic: str, order: Order) -> str:
    name = "Pearson's R" if statistic == "pearson" else "Spearman's rho"
    words = f"{level_of(expression).capitalize()} level: {name}"
    if keys.PAIRS in noted(expression):  # not so where the matrix is foreign
        if statistic == "pearson":
            words += f" of log2({unit_of(expression)} + {pseudocount_of(expression):g})"
        words += f" over all {expression.n_vars:,} features,\n"
        words += f"zero in both samples for {double_zero_shares(expression)}"
    return f"{words}, {'in the order given' if order == 'given' else 'clustered'}"


def _write_words(grid: ClusterGrid, title: str, note: str) -> None:
    axes = grid.ax_heatmap
    axes.set_facecolor(NOT_DEFINED)
    axes.tick_params(labelsize=7, length=0)
    axes.tick_params(axis="y", labelrotation=0)
    # Above the name of the colour scale, which stands at the top.
    grid.figure.suptitle(title, fontsize=9, y=1.03, va="bottom")
    add_note(grid.figure, note)


def _show_batches(grid: ClusterGrid, colour_of: dict[str, str], shade_of: dict[str, str]) -> None:
    """Explain the colours where there are no more batches than colours, and the conditions."""
    marks = batch_marks(colour_of)
    if marks:
        grid.figure.legend(
            handles=marks, title="batch", loc="upper left", bbox_to_anchor=(1.0, 0.95), fontsize=7
        )
    if shade_of:
        named = {name or "no condition": shade for name, shade in shade_of.items()}
        grid.figure.legend(
            handles=batch_marks(named),
            title="condition",
            loc="lower left",
            bbox_to_anchor=(1.0, 0.05),
            fontsize=7,
        )
