"""The remark on shallow libraries and outliers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from lotwise.report.remarks import LONGEST_PART, Remark, State, not_computed
from lotwise.report.run_tables import LevelFindings, Row
from lotwise.report.words import list_words, name_words, number_words, percent_words

# Beyond this are the limits of groups of three, whose spread is hardly known.
_FAR_CUT: Final = -25.0


def depth_remark(level: LevelFindings, *others: LevelFindings) -> Remark:
    """Return which libraries are shallow, or outliers at any level, so that R is not useful."""
    topic = "Depth and outliers"
    if not level.has("libraries"):
        return not_computed(topic, "libraries")
    rows = level.rows("libraries")
    scored = [(found.level, row) for found in (level, *others) for row in found.rows("libraries")]
    outliers = [(name, row) for name, row in scored if row["outlier"]]
    shallow = [row for row in rows if row["shallow"]]
    unknown = [row for row in rows if math.isnan(row["share_of_median"])]
    parts = [_shallow_words(shallow)] if shallow else []
    if unknown or not rows:
        parts.append(_depth_unknown(unknown, len(rows)))
    sound = [row for row in rows if not row["shallow"] and row not in unknown]
    if sound and not shallow:
        low, high = (f(row["total_counts"] for row in sound) for f in (min, max))
        which = "None of the other libraries" if unknown else "No library"
        parts.append(
            f"{which} is shallow: {number_words(low)} to {number_words(high)} counts each."
        )
    state: State = "unknown" if unknown or not rows else "computed"
    tested = [row for _, row in scored]
    parts += [_outlier_words(outliers) or _no_outlier_words(tested), _untested_words(tested)]
    return Remark(
        topic=topic,
        text=" ".join(filter(None, parts)),
        state="concern" if shallow or outliers else state,
    )


def _shallow_words(shallow: Sequence[Row]) -> str:
    named = list_words(
        (
            f"{name_words(row['sample'])} ({percent_words(row['share_of_median'])} of the "
            "other samples' median)"
            for row in shallow
        ),
        longest=LONGEST_PART,
    )
    verb = "has" if len(shallow) == 1 else "have"
    return (
        f"{named} {verb} far fewer counts than the other samples. Do not interpret R of a shallow "
        "library as agreement."
    )


def _depth_unknown(unknown: Sequence[Row], n_rows: int) -> str:
    """Return for which libraries the depth is unknown, with the first reason of each."""
    reasons = dict.fromkeys(row["reason"].partition("; ")[0] for row in unknown if row["reason"])
    why = "; ".join(reasons) or "there are no counts"
    if len(unknown) == n_rows:
        return f"It is unknown whether any library is shallow: {why}."
    named = list_words(row["sample"] for row in unknown)
    verb = "is" if len(unknown) == 1 else "are"
    return f"It is unknown whether {named} {verb} shallow: {why}."


def _no_outlier_words(rows: Sequence[Row]) -> str:
    """Return the sentence that no sample is an outlier, or that the test could hardly find any."""
    cuts = [row["outlier_cut"] for row in rows if not math.isnan(row["outlier_score"])]
    if not cuts:
        return ""
    if min(cuts) >= _FAR_CUT:
        return "No sample is an outlier."
    return (
        "No sample is an outlier, but in groups of three samples only an extreme outlier would be "
        f"found (its score must be below {number_words(min(cuts))})."
    )


def _untested_words(rows: Sequence[Row]) -> str:
    """Return which samples have an outlier score at no level, and why; empty if there is none."""
    tested = {row["sample"] for row in rows if not math.isnan(row["outlier_score"])}
    untested = [row for row in rows if row["sample"] not in tested]
    if not untested:
        return ""
    # The reason of the depth, if there is one, comes first.
    reasons = dict.fromkeys(row["reason"].rpartition("; ")[2] for row in untested)
    because = f": {'; '.join(reasons)}" if all(reasons) else ""
    if not tested:
        return f"Outliers could not be tested for any sample{because}."
    named = list_words(dict.fromkeys(row["sample"] for row in untested))
    return (
        f"Outliers could not be tested for {named}{because}. A sample is compared within its batch "
        "if the batch has three samples or more, else with the smaller batches of its condition."
    )


def _outlier_words(outliers: Sequence[tuple[str, Row]]) -> str:
    """Return outliers with their level, and how often a run without faults has any outlier."""
    if not outliers:
        return ""
    named: dict[str, list[str]] = {}
    for level, row in outliers:
        score = f"{level} level: score {number_words(row['outlier_score'])}"
        cut = row["outlier_cut"]
        said = score if math.isnan(cut) else f"{score}, limit {number_words(cut)}"
        named.setdefault(row["sample"], []).append(said)
    listed = list_words(
        (f"{name_words(sample)} ({'; '.join(said)})" for sample, said in named.items()),
        longest=LONGEST_PART,
    )
    are, its = ("is an outlier", "its") if len(named) == 1 else ("are outliers", "their")
    return (
        f"{listed} {are}: {its} mean R with the other samples of the group is unusually low. If "
        "the noise of the samples is independent and equal, the default limits flag an outlier in "
        "at most 5 % of runs without faulty samples."
    )
