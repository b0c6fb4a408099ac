"""Figures of two samples that the user chooses: scatter and difference against mean."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.features import features_of, places_of, symbols_of
from lotwise.expression.labels import unit_of
from lotwise.expression.layers import tpm_of
from lotwise.expression.noted import noted
from lotwise.metrics.correlation import pearson
from lotwise.metrics.differences import log_ratios
from lotwise.metrics.feature_sets import THRESHOLD
from lotwise.pl.canvas import Size, nothing, one_axes
from lotwise.pl.labels import Segment, name_points
from lotwise.pl.style import (
    IDENTITY_LINE,
    OKABE_ITO,
    beside_or_below,
    ink,
    log_tpm_words,
    lotwise_style,
    scaled,
    shorten,
)
from lotwise.tl.agreement import agreement
from lotwise.wording import format_r, nearest, percent

if TYPE_CHECKING:
    from anndata import AnnData
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

_LONGEST_RATIO: Final = 24  # letters of two names on one line
_NAMED: Final = 10
_GREY: Final = "#777777"


def scatter(
    expression: AnnData,
    sample_a: str,
    sample_b: str,
    *,
    label: Sequence[str] = (),
    layer: str = keys.TPM,
    pseudocount: float = 1.0,
    color: str = _GREY,
    title: str | None = None,
    ax: Axes | None = None,
    figsize: Size | None = None,
) -> Figure:
    """Draw the expression of two samples against each other, with Pearson's R.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``; it needs no results of :mod:`lotwise.tl`.
    sample_a, sample_b
        Names of two samples or batches. For a batch, the mean of its samples is drawn.
    label
        Features to label and highlight, by symbol or identifier.
    layer
        The layer to draw; values on a linear scale.
    pseudocount
        c of log2(TPM + c).
    color
        Colour of the points.
    title
        By default R and the number of features.
    ax
        Axes to draw into; by default a new figure.
    figsize
        Width and height in inches.

    Returns
    -------
    The figure.

    Raises
    ------
    InputError
        Unknown sample, batch, feature or layer, or a pseudocount that is not > 0.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> figure = lotwise.pl.scatter(gene, "lot1", "lot3", label=["IL6", "MKI67"])
    >>> figure.axes[0].get_title()
    'R = 0.9856 over 300 genes'
    """
    if not pseudocount > 0:
        raise InputError(f"pseudocount must be > 0, got {pseudocount}")
    tpm = _profiles(expression, (sample_a, sample_b), layer)
    log_tpm = np.log2(tpm + pseudocount)
    named = places_of(expression, label)
    unit = unit_of(expression) if layer == keys.TPM else layer
    with lotwise_style():
        figure, axis = one_axes(width=3.6, height=3.6, figsize=figsize, ax=ax)
        axis.scatter(
            log_tpm[0], log_tpm[1], s=4, color=color, alpha=0.4, linewidths=0, rasterized=True
        )
        low, high = float(log_tpm.min()), float(log_tpm.max())
        # Margins, so that the frame does not cut the points at zero.
        space = 0.04 * max(high - low, 1.0)
        axis.set_xlim(low - space, high + space)
        axis.set_ylim(low - space, high + space)
        axis.set_aspect("equal")
        axis.axline((low, low), slope=1, color=IDENTITY_LINE, linewidth=0.8, zorder=1)
        _highlight(axis, log_tpm[0], log_tpm[1], named)
        scale = log_tpm_words(pseudocount, unit)
        axis.set_xlabel(beside_or_below(sample_a, scale))
        axis.set_ylabel(beside_or_below(sample_b, scale))
        if title is None:
            r = format_r(pearson(log_tpm[0], log_tpm[1]), 4)
            title = f"R = {r} over {expression.n_vars:,} {features_of(expression)}"
        axis.set_title(title, fontsize=scaled(8))
    return figure


def mean_difference(
    expression: AnnData | Floats,
    sample_a: str | Floats,
    sample_b: str | None = None,
    *,
    label: Sequence[str] | int = _NAMED,
    threshold: float = THRESHOLD,
    layer: str = keys.TPM,
    ax: Axes | None = None,
    figsize: Size | None = None,
    table: pd.DataFrame | None = None,
    **deprecated: Any,
) -> Figure:
    """Draw the difference of two samples against their mean, with limits of agreement.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``; it needs no results of :mod:`lotwise.tl`.
    sample_a, sample_b
        Names of two samples or batches. For a batch, the mean of its samples is drawn.
    label
        Features to label, by symbol or identifier. A number n labels the n features that differ
        most.
    threshold
        Smallest TPM of a detected feature; features detected in both samples are drawn.
    layer
        The layer to draw; values on a linear scale.
    ax
        Axes to draw into; by default a new figure.
    figsize
        Width and height in inches.
    table
        The rows of ``lotwise.get.evidence(expression, "agreement")`` for this pair; computed by
        default.
    deprecated
        The arguments ``named`` and ``unit``. They are accepted only if ``expression`` and
        ``sample_a`` are two vectors of log2 TPM.

    Returns
    -------
    The figure, with one point per feature. Long lines are the bias and the limits over all
    features. Short lines are the robust limits of each tenth of the features by mean expression.
    Each feature's ratio is divided by the median ratio of the features drawn
    (:func:`lotwise.metrics.differences.log_ratios`).

    Raises
    ------
    InputError
        Unknown sample, batch, feature or layer.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> figure = lotwise.pl.mean_difference(gene, "lot1", "lot3", label=4)
    >>> sorted(text.get_text() for text in figure.axes[0].texts)
    ['CXCL8', 'IL6', 'MKI67', 'TOP2A']
    """
    if isinstance(expression, np.ndarray):
        if table is None or not isinstance(sample_a, np.ndarray):
            raise InputError(
                "for two vectors, give the table of their limits of agreement as 'table'"
            )
        warnings.warn(
            "the arguments of pl.mean_difference are now (expression, sample_a, sample_b); "
            "vectors are accepted until lotwise 0.3",
            FutureWarning,
            stacklevel=2,
        )
        named, unit = dict(deprecated.get("named", {})), str(deprecated.get("unit", "TPM"))
        drawn = _Differences(expression, sample_a, table, named, unit, "features")
        return _draw(drawn, ax, figsize)
    if deprecated:
        msg = f"unexpected keyword argument {next(iter(deprecated))!r}"
        raise TypeError(msg)
    a, b = str(sample_a), str(sample_b)
    tpm = _profiles(expression, (a, b), layer)
    both = np.flatnonzero((tpm >= threshold).all(axis=0))
    if not both.size:
        return nothing("no feature is detected in both samples", ax=ax)
    x, y, _ = log_ratios(*tpm[:, both])
    if isinstance(label, int):
        chosen = np.argsort(-np.abs(x - y), kind="stable")[:label]
        names = dict(zip(_names_of(expression, both[chosen]), chosen.tolist(), strict=True))
    else:
        place_of = {int(place): number for number, place in enumerate(both)}
        names = {
            name: place_of[place]
            for name, place in places_of(expression, label).items()
            if place in place_of
        }
    table = _limits_of(tpm, (a, b), threshold) if table is None else table
    unit = unit_of(expression) if layer == keys.TPM else layer
    drawn = _Differences(x, y, table, names, unit, features_of(expression))
    return _draw(drawn, ax, figsize)


def _limits_of(tpm: Floats, names: tuple[str, str], threshold: float) -> pd.DataFrame:
    """Return the limits of agreement of two profiles."""
    from anndata import AnnData

    obs = pd.DataFrame({keys.BATCH: list(names)}, index=list(names))
    # X says that these are no logarithms: both profiles were checked when they were read.
    pair = AnnData(np.log2(tpm + 1), obs=obs, layers={keys.TPM: tpm})
    agreement(pair, threshold=threshold)
    table: pd.DataFrame = noted(pair)["agreement"]
    return table


class _Differences(NamedTuple):
    """Two vectors of log2 TPM, their limits of agreement, and the text of the figure."""

    x: Floats
    y: Floats
    table: pd.DataFrame
    named: dict[str, int]
    unit: str
    features: str


def _draw(drawn: _Differences, ax: Axes | None, figsize: Size | None) -> Figure:
    x, y, table, named, unit, features = drawn
    if len(table[["sample_a", "sample_b"]].drop_duplicates()) != 1:
        raise InputError("the table must contain the rows of exactly one pair of samples")
    whole = table[table["bin"] == 0].iloc[0]
    bins = table[(table["bin"] > 0) & (table["n_features"] > 0)]
    mean, difference = (x + y) / 2, x - y
    with lotwise_style():
        figure, axis = one_axes(width=4.6, height=3.4, figsize=figsize, ax=ax)
        axis.scatter(mean, difference, s=3, color=_GREY, alpha=0.5, linewidths=0, rasterized=True)
        axis.axhline(0, color=ink(), linewidth=0.5)
        axis.axhline(whole["bias"], color=OKABE_ITO[0], linewidth=1.2, label="bias")
        for name, words in (
            ("lower", "bias \N{PLUS-MINUS SIGN} 1.96 SD"),
            ("upper", "_nolegend_"),
        ):
            axis.axhline(whole[name], color=OKABE_ITO[0], linewidth=1, linestyle="--", label=words)
        for name, words in (
            ("robust_lower", "robust limits by tenth of expression"),
            ("robust_upper", "_nolegend_"),
        ):
            limits = bins[name], bins["mean_from"], bins["mean_to"]
            axis.hlines(*limits, color=IDENTITY_LINE, linewidth=1.2, label=words)
        axis.margins(x=0.04, y=0.08)
        _highlight(axis, mean, difference, named, lines=_lines_of(axis, whole, bins))
        axis.set_xlabel(f"mean log2 {unit}")
        axis.set_ylabel(
            f"log2 of {unit} {_ratio_words(whole['sample_a'], whole['sample_b'])}\n"
            "(ratio divided by the median ratio)"
        )
        axis.set_title(
            f"{percent(whole['share_over_2_fold'])} of {whole['n_features']:,} {features} "
            f"differ more than 2-fold in {unit}",
            fontsize=scaled(8),
        )
        # Below the axes, where it does not cover points.
        axis.legend(
            frameon=False,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.16),
            ncols=3,
            fontsize=scaled(6),
        )
    return figure


def _ratio_words(sample_a: str, sample_b: str) -> str:
    """Return two names with a slash, on lines of their own where one line would be too long."""
    a, b = shorten(str(sample_a)), shorten(str(sample_b))
    return f"{a} / {b}" if len(a) + len(b) <= _LONGEST_RATIO else f"\n{a} /\n{b}"


def _lines_of(axis: Axes, whole: pd.Series[Any], bins: pd.DataFrame) -> list[Segment]:
    """Return the lines of the figure: bias and limits over all, and limits by tenths."""
    over_all = [(*axis.get_xlim(), whole[name]) for name in ("bias", "lower", "upper")]
    by_tenth = [
        (row["mean_from"], row["mean_to"], row[name])
        for _, row in bins.iterrows()
        for name in ("robust_lower", "robust_upper")
    ]
    return [*over_all, *by_tenth]


def _highlight(
    axis: Axes, x: Floats, y: Floats, named: dict[str, int], *, lines: Sequence[Segment] = ()
) -> None:
    places = list(named.values())
    if places:
        axis.scatter(x[places], y[places], s=10, color=IDENTITY_LINE, linewidths=0, zorder=3)
        name_points(axis, x[places], y[places], list(named), size=scaled(6), lines=lines)


def _profiles(expression: AnnData, names: tuple[str, str], layer: str) -> Floats:
    """Return the values of two samples; for a batch, the mean of its samples."""
    values = tpm_of(expression, layer)
    batches = expression.obs.get(keys.BATCH, expression.obs_names.to_series()).astype(str)
    known = [*map(str, expression.obs_names), *batches.unique()]
    found = []
    for name in names:
        if name in expression.obs_names:
            found.append(values[expression.obs_names.get_loc(name)])
        elif name in known:
            found.append(values[(batches == name).to_numpy()].mean(axis=0))
        else:
            raise InputError(f"unknown sample or batch {name!r}", remedy=nearest(name, known))
    return np.array(found)


def _names_of(expression: AnnData, places: npt.NDArray[np.intp]) -> list[str]:
    """Return names of features, by symbol if it is unique among them."""
    symbols = symbols_of(expression)
    chosen = [symbols[place] for place in places]
    return [
        symbol if symbol and chosen.count(symbol) == 1 else str(expression.var_names[place])
        for symbol, place in zip(chosen, places, strict=True)
    ]
