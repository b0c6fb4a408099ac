"""Interactive charts: Vega-Lite specifications, drawn by the page itself.

Each chart has a picture or a table with the same content that needs no JavaScript.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import altair as alt

from lotwise.report.blocks import Chart
from lotwise.report.pictures import Picture
from lotwise.report.run_tables import LevelFindings, Row
from lotwise.report.words import name_words, r_words

MOST_IN_HEATMAP: Final = 60
_ZOOM: Final = "wheel![event.ctrlKey]"
_PLOT: Final = 380


def cloud_spec(level: str, unit: str) -> dict[str, Any]:
    """Return the scatter plot of a pair; the page fills in ``bins`` and ``named``.

    The same bins give the plot of difference against mean.
    """
    axis = alt.Axis(grid=False)
    bins = (
        alt.Chart(alt.NamedData("bins"))
        .mark_rect(aria=False)
        .encode(
            x=alt.X("x:Q", title="sample A", axis=axis, scale=alt.Scale(nice=False)),
            x2="x2:Q",
            y=alt.Y("y:Q", title="sample B", axis=axis, scale=alt.Scale(nice=False)),
            y2="y2:Q",
            color=alt.Color(
                "n:Q",
                title=f"{level}s",
                scale=alt.Scale(type="log", scheme="viridis"),
                legend=alt.Legend(orient="bottom", gradientLength=200),
            ),
            tooltip=[
                alt.Tooltip("n:Q", title=f"{level}s in this bin", format=","),
                alt.Tooltip("tpm_a:N", title=f"{unit}, sample A"),
                alt.Tooltip("tpm_b:N", title=f"{unit}, sample B"),
                alt.Tooltip("examples:N", title="among them"),
            ],
        )
    )
    zoom = alt.selection_interval(bind="scales", zoom=_ZOOM, name="zoom")
    identity = (
        alt.Chart(alt.NamedData("identity")).mark_line(aria=False, clip=True, color="#d55e00")
    ).encode(x="x:Q", y="y:Q")
    cloud = alt.layer(bins.add_params(zoom), identity, _points("x", "y", unit)).properties(
        width=_PLOT, height=_PLOT
    )
    return _as_dict(cloud)


def difference_spec(level: str, unit: str) -> dict[str, Any]:
    """Return the plot of log2 ratio against mean for a pair, from the bins of its scatter plot."""
    marks = (
        alt.Chart(alt.NamedData("bins"))
        .mark_point(shape="diamond", filled=True, size=26, opacity=1, aria=False)
        .encode(
            x=alt.X("mean:Q", title=f"mean log2({unit} + c)", axis=alt.Axis(grid=False)),
            y=alt.Y("difference:Q", title="log2 ratio", axis=alt.Axis(grid=False)),
            color=alt.Color(
                "n:Q",
                title=f"{level}s",
                scale=alt.Scale(type="log", scheme="viridis"),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("n:Q", title=f"{level}s in this bin", format=","),
                alt.Tooltip("difference:Q", title="log2 ratio", format=".2f"),
                alt.Tooltip("mean:Q", title="mean log2", format=".2f"),
                alt.Tooltip("examples:N", title="among them"),
            ],
        )
    )
    lines = alt.Chart(alt.NamedData("folds")).mark_rule(strokeDash=[4, 3], aria=False)
    zoom = alt.selection_interval(bind="scales", zoom=_ZOOM, name="zoom")
    drawn = alt.layer(
        marks.add_params(zoom), lines.encode(y="difference:Q"), _points("mean", "difference", unit)
    )
    return _as_dict(drawn.properties(width=_PLOT, height=380))


def heatmap_chart(level: LevelFindings, *, decimals: int, picture: Picture) -> Chart | Picture:
    """Return the interactive heatmap of R, or only its picture if there are too many samples."""
    samples = list(dict.fromkeys(row[end] for row in level.pairs for end in _ENDS))
    if len(samples) > MOST_IN_HEATMAP:
        return picture
    order = _order(level)
    cells = [
        {
            "a": name_words(row[first]),
            "b": name_words(row[second]),
            "r": None if math.isnan(row["pearson"]) else row["pearson"],
            "words": r_words(row["pearson"], decimals),
            "relation": row["relation"],
        }
        for row in level.pairs
        for first, second in (_ENDS, _ENDS[::-1])
    ]
    names = [name_words(name) for name in order]
    side = max(180, min(560, 24 * len(names)))
    axis = alt.Axis(labelLimit=160, title=None)
    drawn = (
        alt.Chart(alt.InlineData(values=cells))
        .mark_rect(aria=False)
        .encode(
            x=alt.X("a:N", sort=names, axis=axis),
            y=alt.Y("b:N", sort=names, axis=axis),
            color=alt.Color(
                "r:Q",
                title="Pearson's R",
                scale=alt.Scale(scheme="viridis", zero=False),
                legend=alt.Legend(tickCount=5),
            ),
            tooltip=[
                alt.Tooltip("a:N", title="sample"),
                alt.Tooltip("b:N", title="and"),
                alt.Tooltip("words:N", title="R"),
                alt.Tooltip("relation:N", title="of batches"),
            ],
        )
        .properties(width=side, height=side)
    )
    return Chart(
        name=f"heatmap-{level.level}",
        label=f"Heatmap of Pearson's R between all samples, {level.level} level",
        caption="Point at a square to see its two samples and their R. The diagonal, which is "
        "always 1, is not shown.",
        spec=_as_dict(drawn),
        picture=picture,
    )


def detectable_chart(
    level: LevelFindings, pair: Row, *, decimals: int, picture: Picture
) -> Chart | Picture:
    """Return the chart of R against the share of features changed, one line per fold change."""
    grid = [row for row in level.of_pair("detectable", pair) if not math.isnan(row["pearson"])]
    unseen = level.of_pair("unseen", pair)
    if not grid or not unseen or math.isnan(unseen[0]["threshold"]):
        return picture
    cells = [
        {
            "fold": f"{row['fold']:g}-fold",
            "share": 100 * row["share"],
            "r": row["pearson"],
            "words": r_words(row["pearson"], decimals),
        }
        for row in grid
    ]
    threshold = unseen[0]["threshold"]
    lines = (
        alt.Chart(alt.InlineData(values=cells))
        .mark_line(point=True, aria=False)
        .encode(
            x=alt.X("share:Q", title=f"% of expressed {level.level}s changed"),
            y=alt.Y("r:Q", title="Pearson's R after the change", scale=alt.Scale(zero=False)),
            color=alt.Color(
                "fold:N",
                title="fold change, up or down",
                sort=[f"{fold:g}-fold" for fold in sorted({row["fold"] for row in grid})],
                scale=alt.Scale(scheme="viridis"),
            ),
            tooltip=[
                alt.Tooltip("fold:N", title="up or down"),
                alt.Tooltip("share:Q", title="% changed"),
                alt.Tooltip("words:N", title="R"),
            ],
        )
    )
    passing = (
        alt.Chart(alt.InlineData(values=[{"r": threshold, "words": r_words(threshold, decimals)}]))
        .mark_rule(color="#d55e00", strokeWidth=2, aria=False)
        .encode(y="r:Q", tooltip=[alt.Tooltip("words:N", title="R for comparison")])
    )
    names = f"{name_words(pair['sample_a'])} and {name_words(pair['sample_b'])}"
    return Chart(
        name=f"detectable-{level.level}",
        label=f"Pearson's R if a share of the {level.level}s changes, one line per fold change",
        caption=(
            f"{names} are the least similar samples of different batches. Each line is one fold "
            f"change. The horizontal axis is the percentage of expressed {level.level}s that "
            "change. Where a line is above the orange line "
            f"(R = {r_words(threshold, decimals)}), R cannot detect the change. The linked figure "
            "is a map of the same numbers: fold change on the horizontal axis, percentage on "
            "the vertical axis, and R as colour."
        ),
        spec=_as_dict(alt.layer(lines, passing).properties(width=460, height=300)),
        picture=picture,
    )


def _points(x: str, y: str, unit: str) -> alt.Chart:
    drawn: alt.Chart = (
        alt.Chart(alt.NamedData("named"))
        .mark_point(shape="circle", size=46, strokeWidth=1.6, color="#d55e00", aria=False)
        .encode(
            x=f"{x}:Q",
            y=f"{y}:Q",
            tooltip=[
                alt.Tooltip("name:N", title="feature"),
                alt.Tooltip("tpm_a:N", title=f"{unit}, sample A"),
                alt.Tooltip("tpm_b:N", title=f"{unit}, sample B"),
                alt.Tooltip("ratio_words:N", title="log2 ratio"),
                alt.Tooltip("share:Q", title="share of 1 \N{MINUS SIGN} R", format=".2%"),
            ],
        )
    )
    return drawn


def _order(level: LevelFindings) -> Sequence[str]:
    """Return the samples in the order of the table of pairs, which is that of the sample sheet."""
    rows = level.scan("pairs").select(_ENDS).unique(maintain_order=True).collect().to_dicts()
    return list(
        dict.fromkeys([row["sample_a"] for row in rows] + [row["sample_b"] for row in rows])
    )


def _as_dict(chart: Any) -> dict[str, Any]:
    spec: dict[str, Any] = chart.to_dict()
    # Remove Altair's sizes and theme, since the page has its own.
    spec.pop("config", None)
    spec["background"] = "transparent"
    return spec


_ENDS: Final = ("sample_a", "sample_b")
