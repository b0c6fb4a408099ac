"""What R can and cannot show in this run, in sentences, each from a table of the run.

If the table of a remark is missing or undefined, the remark says so with the recorded reason:
silence would be read as reassurance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from lotwise.errors import InputError
from lotwise.evidence.ceilings import FROM_DONORS
from lotwise.expression.labels import name_groups, read_sums_not_checked
from lotwise.metrics.composition import LARGEST_FACTOR, LARGEST_GLOBAL_CHANGE
from lotwise.metrics.design import replicate_agreement
from lotwise.record.checking import changed_inputs
from lotwise.report.genotype import genotype_remark
from lotwise.report.identity import panels_remark, sex_remark
from lotwise.report.libraries import depth_remark
from lotwise.report.process import process_remarks
from lotwise.report.remarks import (
    LONGEST_PART,
    Remark,
    State,
    concerns,
    not_computed,
    sentence,
)
from lotwise.report.run_tables import Findings, LevelFindings, Row, read_findings
from lotwise.report.words import (
    list_words,
    merge_clauses,
    name_words,
    number_words,
    percent_words,
    r_words,
)
from lotwise.samples.design import groups_of_several_donors
from lotwise.wording import counted

# Decimals of R where no other number is asked for.
DECIMALS: Final = 4
# Each kind of noise has a ceiling of its own.
_NOISES: Final = ("counting", "quantification", "preparation")
_FOLD: Final = 2.0
# Mapping a tenth of the expression to no gene is a sign of a map of another annotation.
_MUCH_UNMAPPED: Final = 0.1


def observations(root: Path | str) -> list[tuple[str, str]]:
    """Return topic and sentence of each entry under "Look here first"; empty if there is no R."""
    try:
        findings = read_findings(Path(root))
    except InputError:
        return []
    remarks = [
        *run_remarks(findings),
        *(one for level in findings.levels for one in remarks_of(level, decimals=DECIMALS)),
    ]
    return [(remark.topic, remark.text) for remark in concerns(remarks)]


def remarks_of(level: LevelFindings, *, decimals: int) -> list[Remark]:
    """Return the sentences that describe R at one level, and the effect of a process change."""
    return [*level_remarks(level, decimals=decimals), *process_remarks(level)]


def level_remarks(level: LevelFindings, *, decimals: int) -> list[Remark]:
    """Return remarks on R at one level, for the least similar pair of batches."""
    pair = next((row for row in level.pairs if row["relation"] == "between"), None)
    if pair is None or math.isnan(pair["pearson"]):
        return [
            Remark(
                topic="R",
                text="No two samples of different batches have a defined R, so nothing can be "
                "said about R.",
                state="unknown",
            )
        ]
    return [
        ceiling_remark(level, pair, decimals=decimals),
        change_remark(level),
        features_remark(level, pair, decimals=decimals),
        *unmapped_remark(level),
        fold_remark(level, pair),
        *limits_remark(level, decimals=decimals),
        *variance_remark(level),
        *composition_remark(level),
    ]


def run_remarks(findings: Findings) -> list[Remark]:
    """Return remarks on whether R can be trusted: depth, identity, number of batches."""
    remarks = [
        *inputs_remark(findings),
        *design_remark(findings),
        *sums_remark(findings.levels[0]),
        depth_remark(*findings.levels),
    ]
    gene = next((level for level in findings.levels if level.level == "gene"), None)
    if gene is None:
        text = "Identity is checked at gene level, but this run has no gene level."
        remarks.append(Remark(topic="Identity", text=text, state="unknown"))
    else:
        remarks += [sex_remark(gene), genotype_remark(gene), panels_remark(gene)]
    return [
        *remarks,
        batches_remark(findings),
        *_published(findings),
        *_assumptions(findings),
    ]


def inputs_remark(findings: Findings) -> Iterator[Remark]:
    """Yield a concern if inputs have changed since the run."""
    if changed := changed_inputs(findings.root):
        yield Remark(topic="Inputs", text=f"{changed}.", state="concern")


def design_remark(findings: Findings) -> Iterator[Remark]:
    """Yield a concern where samples of one batch are less alike than of different batches.

    Within one condition alone: in several, the sheet says why samples of a batch differ. Of several
    donors in a batch it says so, too; these batches are yielded.
    """
    labels = [
        (row.get("batch", ""), row.get("condition") or "", row.get("donor") or "")
        for row in findings.samples
    ]
    of_donors = groups_of_several_donors(labels)
    if of_donors:
        text = (
            f"The samples of {list_words(name_groups(of_donors))} come from different donors, so "
            "they are not replicates. Differences within a batch therefore contain the differences "
            "between donors. They lower the preparation ceiling, and can hide a difference between "
            "batches in the test of equivalence."
        )
        yield Remark(topic="Design", text=text)
        return
    for level in findings.levels:
        if any(row["relation"] == "across" for row in level.pairs):
            continue
        batch_of = {
            row[f"sample_{end}"]: row[f"batch_{end}"] for row in level.pairs for end in "ab"
        }
        place = {sample: at for at, sample in enumerate(batch_of)}
        r = np.eye(len(place))
        for row in level.pairs:
            a, b = place[row["sample_a"]], place[row["sample_b"]]
            r[a, b] = r[b, a] = row["pearson"]
        found = replicate_agreement(r, batches=list(batch_of.values()))
        if found.sentence:
            text = f"{level.level.capitalize()} level: {found.sentence}"
            yield Remark(topic="Design", text=text, state="concern")
            return


def sums_remark(level: LevelFindings) -> Iterator[Remark]:
    """Yield that the check of the sums of TPM was switched off, and what it found."""
    found = read_sums_not_checked(level.h5ad)
    if found is None:
        return
    text = "The check that TPM of all features sum to a million was switched off (tpm_sum: any)."
    text += (
        f" It found: {found}. Use this setting only for TPM of some of the features."
        if found
        else " All sums are a million."
    )
    yield Remark(topic="Sums of TPM", text=text, state="concern" if found else "computed")


def _published(findings: Findings) -> Iterator[Remark]:
    """Yield whether published coefficients are reproduced, if any were given."""
    rows = findings.verification
    differing = [
        f"{name_words(row['batch_a'])} and {name_words(row['batch_b'])} ({row['level']})"
        for row in rows
        if row["status"] == "differs"
    ]
    agreeing = sum(row["status"] == "agrees" for row in rows)
    if differing:
        named = list_words(differing, longest=LONGEST_PART)
        text = (
            f"{len(differing)} of {counted(len(rows), 'published coefficient')} "
            f"{'differs' if len(differing) == 1 else 'differ'} from the computed values: {named}."
        )
        yield Remark(topic="Published coefficients", text=text, state="concern")
    elif rows:
        n = counted(len(rows), "published coefficient")
        verb = "agrees" if agreeing == 1 else "agree"
        text = f"{agreeing} of {n} {verb} with the computed values; none differs."
        yield Remark(
            topic="Published coefficients", text=text, state="computed" if agreeing else "unknown"
        )


def _assumptions(findings: Findings) -> Iterator[Remark]:
    """Yield values that the sample sheet marks as assumed, such as single-end fragment lengths."""
    assumed: dict[str, list[str]] = {}
    for row in findings.samples:
        if row.get("assumed"):
            assumed.setdefault(row["assumed"], []).append(name_words(row["sample"]))
    for what, samples in assumed.items():
        text = f"Assumed, not measured: {what} of {list_words(samples, longest=LONGEST_PART)}."
        yield Remark(topic="Assumptions", text=text)


def ceiling_remark(level: LevelFindings, pair: Row, *, decimals: int) -> Remark:
    """Return how high R could be, given the measurement noise."""
    topic = "Noise ceiling"
    if not level.has("ceilings"):
        return not_computed(topic, "ceilings")
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
    noise, ceiling = f"{row['noise'].capitalize()} noise", r_words(row["ceiling"], decimals)
    cause, beyond, explains = f"{noise} alone", "this noise", "this noise explains"
    if FROM_DONORS in row["source"]:
        cause, beyond, explains = f"{noise} and differences between donors", "them", "they explain"
    start = f"{cause} (from {row['source']}) would limit R to {ceiling}"
    if row["pearson"] >= row["ceiling"]:
        return f"{start}. R shows no difference beyond {beyond}."
    missing, expected = 1 - row["pearson"], 1 - row["ceiling"]
    return (
        f"{start}. The difference between R and 1 is {number_words(missing)}; {explains} "
        f"{number_words(expected)} of this difference ({percent_words(expected / missing)})."
    )


def change_remark(level: LevelFindings) -> Remark:
    """Return the largest share of 2-fold changes that R would have missed in a pair of batches."""
    topic = "Unseen change"
    if not level.has("unseen"):
        return not_computed(topic, "detectable")
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
        text=f"For {names}, {worst['sentence']}. If all changes go in one "
        "direction, R would miss changes in an even larger share of features.",
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
        text = f"{start}R over the {level.level}s detected in both samples is unknown: {why}."
        return Remark(topic=topic, text=text, state="unknown")
    text = (
        f"{start}Over the {both['n_features']:,} {level.level}s detected in both samples, R is "
        f"{r_words(both['pearson'], decimals)} instead of {r_words(pair['pearson'], decimals)}."
    )
    return Remark(topic=topic, text=text)


def unmapped_remark(level: LevelFindings) -> Iterator[Remark]:
    """Yield the share of TPM of isoforms without a gene, if genes are sums of isoforms."""
    n, shares = level.unmapped
    if level.level == "gene" and n:
        text = (
            f"{counted(n, 'transcript')} {'has' if n == 1 else 'have'} no gene in the "
            f"transcript-to-gene map. Therefore {percent_words(min(shares))} to "
            f"{percent_words(max(shares))} of a sample's {level.unit} are missing from the gene "
            "level."
        )
        state: State = "concern" if max(shares) > _MUCH_UNMAPPED else "computed"
        yield Remark(topic="Transcripts without a gene", text=text, state=state)


def fold_remark(level: LevelFindings, pair: Row) -> Remark:
    """Return how many features differ, which R does not measure."""
    topic = "Size of differences"
    if not level.has("agreement"):
        return not_computed(topic, "agreement")
    whole = next((row for row in level.of_pair("agreement", pair) if row["bin"] == 0), None)
    if whole is None or math.isnan(whole["share_over_2_fold"]):
        why = whole["reason"] if whole else "the pair is not in the table"
        text = f"The number of {level.level}s that differ is unknown: {why}."
        return Remark(topic=topic, text=text, state="unknown")
    # Detection is defined for TPM only; the same threshold applies to values of another unit.
    unit = level.unit
    chosen = "detected" if unit == "TPM" else f"with {unit} values at or above the threshold"
    text = (
        f"{percent_words(whole['share_over_2_fold'])} of the {whole['n_features']:,} "
        f"{level.level}s {chosen} in both {name_words(pair['sample_a'])} and "
        f"{name_words(pair['sample_b'])} differ more than 2-fold, "
        f"and {percent_words(whole['share_over_4_fold'])} differ more than 4-fold."
    )
    return Remark(topic=topic, text=text)


def limits_remark(level: LevelFindings, *, decimals: int) -> Iterator[Remark]:
    """Yield the batches whose R to the others is below the limits that the others set."""
    rows = level.rows("batches") if level.has("batches") else []
    below = [row for row in rows if row["median_to_others"] < row["prediction_lower"]]
    if not below:
        return
    named = list_words(
        (
            f"{name_words(row['batch'])} ({r_words(row['median_to_others'], decimals)}, limit "
            f"{r_words(row['prediction_lower'], decimals)})"
            for row in below
        ),
        longest=LONGEST_PART,
    )
    text = (
        f"At {level.level} level, the median R of a batch with the other batches is below its "
        f"limit: {named}. The limit is the lower end of the prediction interval computed from "
        "these other batches. By chance, some batches without a fault are also below their limit; "
        "“Number of batches” states how many."
    )
    far = [row["batch"] for row in below if row["median_to_others"] < row["tolerance_lower"]]
    if far:
        text += f" For {list_words(far)}, the median R is also below the wider tolerance interval."
    yield Remark(topic="Unlike the others", text=text, state="concern" if far else "computed")


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
    n_features = counted(rows[first]["n_features"], f"{level.level}")
    scope = " within a condition" if "condition" in rows else ""
    text = (
        f"{first} explains {percent_words(known[first], 2)} of the variance of expression{scope} "
        f"(median over {n_features})"
    )
    text += "".join(f", {name} {percent_words(known[name], 2)}" for name in others)
    # A factor that cannot be computed is part of the residual, or of another factor.
    text += "".join(
        f". The share of {name} is not known: {row['reason']}"
        for name, row in rows.items()
        if name not in known and name not in {"residual", "condition"} and row["reason"]
    )
    # One sample per group: the factor varies between samples as the residual does.
    n_samples = rows["residual"]["n_levels"]
    hiding = [name for name, row in rows.items() if row["n_levels"] == n_samples]
    text += "".join(
        f". The effect of {name} can hide an effect of {list_words(known)}"
        for name in hiding
        if name != "residual"
    )
    yield Remark(topic="Variance", text=sentence(text))


def composition_remark(level: LevelFindings) -> Iterator[Remark]:
    """Yield the samples in which all TPM are shifted, and how much their total RNA differs."""
    rows = level.rows("composition") if level.has("composition") else []
    shifted = [row for row in rows if row["shifted"] == "yes"]
    parts = []
    if shifted:
        unit = level.unit
        named = list_words(
            (f"{name_words(row['sample'])} ({_shift_words(row['factor'])})" for row in shifted),
            longest=LONGEST_PART,
        )
        parts.append(
            f"{unit} of unchanged {level.level}s shift more than {LARGEST_FACTOR}-fold in {named}, "
            "compared with the other samples of the condition. Possible causes: a few "
            f"{level.level}s have a larger or smaller share of the total {unit}, or most "
            f"{level.level}s changed in one direction. "
            f"To compare single {level.level}s, divide their ratios by the median ratio."
        )
    known = [row for row in rows if not math.isnan(row["global_change"])]
    changed = [
        row
        for row in known
        if not 1 / LARGEST_GLOBAL_CHANGE <= row["global_change"] <= LARGEST_GLOBAL_CHANGE
    ]
    if changed:
        named = list_words(
            (
                f"{name_words(row['sample'])} ({number_words(row['global_change'])} times)"
                for row in changed
            ),
            longest=LONGEST_PART,
        )
        parts.append(
            f"RNA per spike-in differs more than {LARGEST_GLOBAL_CHANGE}-fold from the other "
            f"samples of the condition in {named}. Either the total RNA of the cells differs, or "
            f"the amount of added spike-ins. R and {level.unit} do not show a change of total RNA."
        )
    elif known:
        low, high = (pick(known, key=lambda row: row["global_change"]) for pick in (min, max))
        parts.append(
            f"RNA per spike-in is {number_words(low['global_change'])} "
            f"({name_words(low['sample'])}) to {number_words(high['global_change'])} "
            f"({name_words(high['sample'])}) times the median of the other samples."
        )
    if parts:
        state: State = "concern" if shifted or changed else "computed"
        yield Remark(topic="Composition", text=" ".join(parts), state=state)


def batches_remark(findings: Findings) -> Remark:
    """Return what this number of batches, and of samples per batch, can show."""
    topic = "Number of batches"
    level = findings.levels[0]
    single = all(len(samples) < 2 for samples in findings.batches.values())
    alone = (
        " With one sample per batch, a difference between batches cannot be distinguished from a "
        "difference between two preparations of the same batch."
        if single and findings.batches
        else ""
    )
    if not level.has("batches"):
        left = not_computed(topic, "batches")
        return Remark(topic=topic, text=left.text + alone, state="unknown")
    words = (row["words"].split("; ") for row in level.rows("batches") if row["words"])
    clauses = merge_clauses(clause for of_batch in words for clause in of_batch)
    start = "Each batch is compared with the others. "
    said = " ".join(map(sentence, clauses))
    text = f"{start}{said}{alone}" if clauses else alone.strip()
    return Remark(topic=topic, text=text or "The number of batches does not limit these results.")


def _shift_words(factor: float) -> str:
    sign = "+" if factor > 1 else ""
    return f"{sign}{percent_words(factor - 1, 2)}"
