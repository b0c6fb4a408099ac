"""What R can and cannot show in this run, in sentences, each from a table of the run.

If the table of a remark is missing or undefined, the remark says so with the recorded reason:
silence would be read as reassurance.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from lotwise.report.run_tables import Findings, LevelFindings, Row
from lotwise.report.words import (
    count_words,
    list_words,
    name_words,
    number_words,
    percent_words,
    r_words,
)

State = Literal["computed", "concern", "unknown"]
# Each kind of noise has a ceiling of its own.
_NOISES: Final = ("counting", "quantification", "preparation")
_FOLD: Final = 2.0
_LONGEST_PART: Final = 240


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """One or two sentences about what R shows.

    Attributes
    ----------
    topic
        Subject of the remark.
    text
        The sentences.
    state
        ``concern`` if a reader must look here before trusting R, ``unknown`` if the remark could
        not be computed.
    """

    topic: str
    text: str
    state: State = "computed"


def level_remarks(level: LevelFindings, *, decimals: int) -> list[Remark]:
    """Return remarks on R at one level, for the least similar pair of batches."""
    pair = next((row for row in level.pairs if row["relation"] == "between"), None)
    if pair is None or math.isnan(pair["pearson"]):
        return [
            Remark(
                topic="R",
                text="No two samples of different batches have a defined R, so nothing can be "
                "said about it.",
                state="unknown",
            )
        ]
    return [
        ceiling_remark(level, pair, decimals=decimals),
        change_remark(level),
        features_remark(level, pair, decimals=decimals),
        fold_remark(level, pair),
        *variance_remark(level),
        *composition_remark(level),
    ]


def run_remarks(findings: Findings) -> list[Remark]:
    """Return remarks on whether R can be trusted: depth, identity, number of batches."""
    remarks = [depth_remark(*findings.levels)]
    gene = next((level for level in findings.levels if level.level == "gene"), None)
    if gene is None:
        text = "Identity is checked at gene level, which this run does not have."
        remarks.append(Remark(topic="Identity", text=text, state="unknown"))
    else:
        remarks += [sex_remark(gene), panels_remark(gene)]
    return [
        *remarks,
        batches_remark(findings),
        *_published(findings),
        *_assumptions(findings),
    ]


def _published(findings: Findings) -> Iterator[Remark]:
    """Yield whether published coefficients are reproduced, if any were expected."""
    rows = findings.verification
    differing = [
        f"{name_words(row['batch_a'])} and {name_words(row['batch_b'])} ({row['level']})"
        for row in rows
        if row["status"] == "differs"
    ]
    agreeing = sum(row["status"] == "agrees" for row in rows)
    if differing:
        named = list_words(differing, longest=_LONGEST_PART)
        text = (
            f"{len(differing)} of {count_words(len(rows), 'published coefficient')} "
            f"{'differs' if len(differing) == 1 else 'differ'} from the computed values: {named}."
        )
        yield Remark(topic="Published coefficients", text=text, state="concern")
    elif rows:
        n = count_words(len(rows), "published coefficient")
        verb = "agrees" if agreeing == 1 else "agree"
        text = f"{agreeing} of {n} {verb} with the computed values; none differs."
        yield Remark(
            topic="Published coefficients", text=text, state="computed" if agreeing else "unknown"
        )


def _assumptions(findings: Findings) -> Iterator[Remark]:
    """Yield what the sample sheet marks as assumed, such as fragments of single-end reads."""
    assumed: dict[str, list[str]] = {}
    for row in findings.samples:
        if row.get("assumed"):
            assumed.setdefault(row["assumed"], []).append(name_words(row["sample"]))
    for what, samples in assumed.items():
        text = f"Assumed, not measured: {what} of {list_words(samples, longest=_LONGEST_PART)}."
        yield Remark(topic="Assumptions", text=text)


def ceiling_remark(level: LevelFindings, pair: Row, *, decimals: int) -> Remark:
    """Return how high R could be, given the measurement noise."""
    topic = "Noise ceiling"
    if not level.has("ceilings"):
        return _not_computed(topic, "ceilings")
    rows = level.of_pair("ceilings", pair)
    known = [
        row
        for noise in _NOISES
        for row in rows
        if row["noise"] == noise and not math.isnan(row["ceiling"])
    ]
    names = f"{name_words(pair['sample_a'])} and {name_words(pair['sample_b'])}"
    if not known:
        reasons = "; ".join(dict.fromkeys(row["reason"] for row in rows if row["reason"]))
        text = f"The highest possible R of {names} is unknown: {reasons or 'no method applies'}."
        return Remark(topic=topic, text=text, state="unknown")
    start = f"The observed R of {names} is {r_words(known[0]['pearson'], decimals)}. "
    return Remark(
        topic=topic, text=start + " ".join(_ceiling_words(row, decimals) for row in known)
    )


def _ceiling_words(row: Row, decimals: int) -> str:
    """Return how much of 1 - R one kind of noise explains, and how the noise was estimated."""
    noise, ceiling = f"{row['noise'].capitalize()} noise alone", r_words(row["ceiling"], decimals)
    start = f"{noise} (from {row['source']}) would limit R to {ceiling}"
    if row["pearson"] >= row["ceiling"]:
        return f"{start}: R shows no difference beyond it."
    missing, expected = 1 - row["pearson"], 1 - row["ceiling"]
    return (
        f"{start}: it explains {number_words(expected)} of the {number_words(missing)} missing "
        f"from R = 1."
    )


def change_remark(level: LevelFindings) -> Remark:
    """Return the largest change that R would not have detected, over all pairs of batches."""
    topic = "Unseen change"
    if not level.has("unseen"):
        return _not_computed(topic, "detectable")
    rows = [row for row in level.rows("unseen") if row["relation"] == "between"]
    two_fold = [row for row in rows if math.isclose(row["fold"], _FOLD)]
    known = [row for row in two_fold if not math.isnan(row["share"])]
    if not known:
        reasons = list(dict.fromkeys(row["reason"] for row in two_fold or rows if row["reason"]))
        why = "; ".join(reasons) or "no 2-fold change was tried"
        text = f"The size of a change that R would have missed is unknown: {why}."
        return Remark(topic=topic, text=text, state="unknown")
    # Of equal pairs, the least similar one.
    worst = max(known, key=lambda row: (row["share"], -row["threshold"]))
    names = f"{name_words(worst['sample_a'])} and {name_words(worst['sample_b'])}"
    return Remark(
        topic=topic,
        text=f"{worst['sentence']} ({names}). For changes in one direction R would miss more.",
    )


def features_remark(level: LevelFindings, pair: Row, *, decimals: int) -> Remark:
    """Return how much features that are zero in both samples contribute to R."""
    by_set = {row["feature_set"]: row for row in level.of_pair("pairs", pair)}
    topic, zero = "Features counted", pair["n_double_zero"] / max(1, pair["n_features"])
    both = by_set.get("detected_both")
    start = (
        f"{percent_words(zero)} of the {pair['n_features']:,} {level.level}s are zero in both "
        f"{name_words(pair['sample_a'])} and {name_words(pair['sample_b'])}, and count as "
        "agreement. "
    )
    if both is None or math.isnan(both["pearson"]):
        why = both["reason"] if both else "it was not computed"
        text = f"{start}R over those detected in both is unknown: {why}."
        return Remark(topic=topic, text=text, state="unknown")
    text = (
        f"{start}Over the {both['n_features']:,} detected in both, R is "
        f"{r_words(both['pearson'], decimals)} instead of {r_words(pair['pearson'], decimals)}."
    )
    return Remark(topic=topic, text=text)


def fold_remark(level: LevelFindings, pair: Row) -> Remark:
    """Return how many features differ, which R does not measure."""
    topic = "Size of differences"
    if not level.has("agreement"):
        return _not_computed(topic, "agreement")
    whole = next((row for row in level.of_pair("agreement", pair) if row["bin"] == 0), None)
    if whole is None or math.isnan(whole["share_over_2_fold"]):
        why = whole["reason"] if whole else "the pair is not in the table"
        text = f"The number of {level.level}s that differ is unknown: {why}."
        return Remark(topic=topic, text=text, state="unknown")
    text = (
        f"{percent_words(whole['share_over_2_fold'])} of the {whole['n_features']:,} "
        f"{level.level}s detected in both {name_words(pair['sample_a'])} and "
        f"{name_words(pair['sample_b'])} differ more than 2-fold, "
        f"{percent_words(whole['share_over_4_fold'])} more than 4-fold."
    )
    return Remark(topic=topic, text=text)


def variance_remark(level: LevelFindings) -> Iterator[Remark]:
    """Yield the shares of the variance that batches and donors explain, if known."""
    rows = {row["factor"]: row for row in level.rows("variance")} if level.has("variance") else {}
    known = {
        name: row["within_condition"]
        for name, row in rows.items()
        if not math.isnan(row["within_condition"]) and name != "residual"
    }
    if not known:
        return
    first, *others = known
    n_features = count_words(rows[first]["n_features"], f"{level.level}")
    text = (
        f"Of the variance of expression within a condition, {first} explains "
        f"{known[first]:.0%} (median over {n_features})"
    )
    text += "".join(f", {name} {known[name]:.0%}" for name in others)
    yield Remark(topic="Variance", text=f"{text}.")


def composition_remark(level: LevelFindings) -> Iterator[Remark]:
    """Yield which samples' TPM shift as a whole, and by how much their total RNA differs."""
    rows = level.rows("composition") if level.has("composition") else []
    shifted = [row for row in rows if row["shifted"] == "yes"]
    parts = []
    if shifted:
        unit = level.unit
        named = list_words(
            (f"{name_words(row['sample'])} ({row['factor'] - 1:+.0%})" for row in shifted),
            longest=_LONGEST_PART,
        )
        parts.append(
            f"{unit} of unchanged {level.level}s shift by more than a quarter in {named}, against "
            "the other samples of the condition: a few features take more or less of the whole. "
            f"Compare single {level.level}s by their ratio to the median ratio, not by {unit}."
        )
    known = [row for row in rows if not math.isnan(row["global_change"])]
    if known:
        low, high = (pick(known, key=lambda row: row["global_change"]) for pick in (min, max))
        parts.append(
            f"RNA per spike-in is {number_words(low['global_change'])} "
            f"({name_words(low['sample'])}) to {number_words(high['global_change'])} "
            f"({name_words(high['sample'])}) times that of the other samples."
        )
    if parts:
        state: State = "concern" if shifted else "computed"
        yield Remark(topic="Composition", text=" ".join(parts), state=state)


def depth_remark(level: LevelFindings, *others: LevelFindings) -> Remark:
    """Return whether a library is too small, or an outlier at any level, for its R to be useful."""
    topic = "Depth and outliers"
    if not level.has("libraries"):
        return _not_computed(topic, "libraries")
    rows = level.rows("libraries")
    outliers = [
        (found.level, row)
        for found in (level, *others)
        for row in found.rows("libraries")
        if row["outlier"]
    ]
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
    return Remark(
        topic=topic,
        text=" ".join([*parts, *_outlier_words(outliers)]),
        state="concern" if shallow or outliers else state,
    )


def _shallow_words(shallow: Sequence[Row]) -> str:
    named = list_words(
        (
            f"{name_words(row['sample'])} ({percent_words(row['share_of_median'])} of the "
            "other samples' median)"
            for row in shallow
        ),
        longest=_LONGEST_PART,
    )
    return f"Far fewer counts than the others: {named}. Do not read its R as agreement."


def _depth_unknown(unknown: Sequence[Row], n_rows: int) -> str:
    """Return for which libraries the depth is unknown and why: the first of a row's reasons."""
    reasons = dict.fromkeys(row["reason"].partition("; ")[0] for row in unknown if row["reason"])
    why = "; ".join(reasons) or "there are no counts"
    if len(unknown) == n_rows:
        return f"Whether any library is shallow is unknown: {why}."
    named = list_words(row["sample"] for row in unknown)
    return f"Whether {named} {'is' if len(unknown) == 1 else 'are'} shallow is unknown: {why}."


def _outlier_words(outliers: Sequence[tuple[str, Row]]) -> Iterator[str]:
    """Yield outliers with the level that flagged them, and how often chance flags a run."""
    if not outliers:
        return
    named: dict[str, list[str]] = {}
    for level, row in outliers:
        score = f"{level} level: score {number_words(row['outlier_score'])}"
        cut = row["outlier_cut"]
        said = score if math.isnan(cut) else f"{score}, limit {number_words(cut)}"
        named.setdefault(row["sample"], []).append(said)
    listed = list_words(
        (f"{name_words(sample)} ({'; '.join(said)})" for sample, said in named.items()),
        longest=_LONGEST_PART,
    )
    are = "is an outlier" if len(named) == 1 else "are outliers"
    yield (
        f"{listed} {are}: mean R with the other samples of the group is unusually low. With the "
        "default limits at most 5 % of sound runs have any flag, if the noise of samples is "
        "independent and equal."
    )


def sex_remark(gene: LevelFindings) -> Remark:
    """Return whether a donor's samples agree in their expression of Y, and what is unknown."""
    topic = "Identity: sex"
    if not gene.has("sex"):
        return _not_computed(topic, "identity")
    rows = gene.rows("sex")
    against = [row for row in rows if row["agrees"] == "no"]
    mixed = [row for row in rows if row["sex"] == "mixed" and row["agrees"] != "no"]
    agreeing = [row for row in rows if row["agrees"] == "yes"]
    parts = [*_against_words(against), *_mixed_words(mixed)]
    if agreeing:
        verb = "agrees" if len(agreeing) == 1 else "agree"
        parts.append(
            f"{len(agreeing)} of {count_words(len(rows), 'sample')} {verb} in sex with the other "
            "samples of the same donor. That does not prove identity: half of all donors share a "
            "sex."
        )
    parts.extend(_untold_words(rows))
    state: State = "computed" if agreeing else "unknown"
    return Remark(topic=topic, text=" ".join(parts), state="concern" if against or mixed else state)


def _against_words(against: Sequence[Row]) -> Iterator[str]:
    """Yield samples whose expression of Y differs from that of their donor's other samples."""
    if against:
        named = list_words(
            (f"{name_words(row['sample'])} ({row['sex']})" for row in against),
            longest=_LONGEST_PART,
        )
        verb, whose = ("disagrees", "its") if len(against) == 1 else ("disagree", "their")
        yield (
            f"{named} {verb} in expression of Y genes with the other samples of {whose} donor: "
            "exchanged samples, or cells that lost Y."
        )


def _mixed_words(mixed: Sequence[Row]) -> Iterator[str]:
    """Yield samples that express genes of both sexes, which is unusual for any donor."""
    if mixed:
        named = list_words(row["sample"] for row in mixed)
        verb = "expresses" if len(mixed) == 1 else "express"
        yield (
            f"{named} {verb} XIST and genes of Y: cells of two donors, or male cells that express "
            "XIST."
        )


def _untold_words(rows: Sequence[Row]) -> Iterator[str]:
    """Yield for how many samples agreement is unknown, by reason."""
    untold = [row for row in rows if row["agrees"] not in {"yes", "no"}]
    if not untold:
        return
    counted = Counter(str(row["agrees"] or row["reason"]) for row in untold)
    # A table without samples has one row, with the reason.
    why = "; ".join(
        f"{reason} ({n})" if untold[0]["sample"] else reason for reason, n in counted.items()
    )
    if len(untold) == len(rows):
        yield f"Agreement in sex within a donor is unknown: {why or 'no panel'}."
    else:
        yield f"For {len(untold)} of {count_words(len(rows), 'sample')} it is unknown: {why}."


def panels_remark(gene: LevelFindings) -> Remark:
    """Return whether the samples express the markers that their panels expect."""
    topic = "Identity: markers"
    if not gene.has("identity"):
        return _not_computed(topic, "identity")
    found = gene.rows("identity")
    every = [row for row in found if row["sample"]]
    # A marker of one sex is not expected by itself; the remark on sex uses it.
    rows = [
        row for row in every if row["holds"] != "-" and row["expected"] not in {"female", "male"}
    ]
    told = [row for row in rows if row["holds"] in {"yes", "no"}]
    if not told:
        return Remark(topic=topic, text=_no_marker_told(found, rows), state="unknown")
    specific = [row for row in told if row["specific"]]
    failing = [row for row in specific if row["holds"] == "no"]
    parts = [f"All {len(specific):,} expectations of the panels are met."]
    if len(specific) == 1:
        parts = ["The one expectation of the panels is met."]
    if failing:
        by_panel = list_words(
            (
                f"{name_words(panel)} ({_failing(failing, panel)})"
                for panel in dict.fromkeys(row["panel"] for row in failing)
            ),
            longest=_LONGEST_PART,
        )
        verb = "is" if len(failing) == 1 else "are"
        parts = [f"{len(failing):,} of {len(specific):,} expectations {verb} not met: {by_panel}."]
    unspecific = [row for row in told if not row["specific"] and row["holds"] == "no"]
    if unspecific:
        markers = list_words(dict.fromkeys(row["marker"] for row in unspecific))
        parts.append(f"Expressed, but no alarm, since other cells express them too: {markers}.")
    n_unknown = len(rows) - len(told)
    if n_unknown:
        parts.append(f"{count_words(n_unknown, 'value')} could not be read.")
    notes = dict.fromkeys(row["note"] for row in failing or specific if row["note"])
    if notes:
        parts.append(_sentence(f"note: {'; '.join(notes)}"))
    return Remark(topic=topic, text=" ".join(parts), state="concern" if failing else "computed")


def _no_marker_told(found: Sequence[Row], asked: Sequence[Row]) -> str:
    """Return why no expectation of the panels could be checked in any sample."""
    every = [row for row in found if row["sample"]]
    if not every:
        # A row without a sample has the reason in place of an answer.
        why = "; ".join(dict.fromkeys(row["holds"] for row in found if row["holds"]))
        return f"Identity cannot be checked by markers: {why or 'no panel was used'}."
    if all(row["holds"] == "not annotated" for row in every):
        return "No marker of the panels is annotated here, so identity cannot be checked."
    if asked:
        return (
            "No marker that the panels expect present or absent is annotated here, so identity "
            "cannot be checked."
        )
    panels = list_words(dict.fromkeys(row["panel"] for row in every))
    return (
        f"The panels used ({panels}) expect no single gene present or absent, so there is "
        "nothing to check."
    )


def batches_remark(findings: Findings) -> Remark:
    """Return what this number of batches, and of samples per batch, can show."""
    topic = "Number of batches"
    level = findings.levels[0]
    single = all(len(samples) < 2 for samples in findings.batches.values())
    alone = (
        " With one sample per batch, a difference between batches cannot be distinguished from one "
        "between two preparations of the same batch."
        if single and findings.batches
        else ""
    )
    if not level.has("batches"):
        left = _not_computed(topic, "batches")
        return Remark(topic=topic, text=left.text + alone, state="unknown")
    words = dict.fromkeys(row["words"] for row in level.rows("batches") if row["words"])
    text = f"{_sentence('; '.join(words))}{alone}" if words else alone.strip()
    return Remark(topic=topic, text=text or "No limit from the number of batches.")


def _failing(failing: Sequence[Row], panel: str) -> str:
    markers = dict.fromkeys(row["marker"] for row in failing if row["panel"] == panel)
    return list_words(markers)


def _not_computed(topic: str, statistic: str) -> Remark:
    text = f"Not computed in this run (the statistic {statistic} is switched off)."
    return Remark(topic=topic, text=text, state="unknown")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def concerns(remarks: Sequence[Remark]) -> Iterator[Remark]:
    """Yield the remarks that a reader must see before any R."""
    return (remark for remark in remarks if remark.state == "concern")
