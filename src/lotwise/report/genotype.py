"""The section of the page on genotypes, and the remark on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from lotwise.evidence.sections import GENOTYPE
from lotwise.report.blocks import Section, figure_block, section_from, table_block
from lotwise.report.remarks import LONGEST_PART, Remark, State
from lotwise.report.run_tables import Findings, LevelFindings, Row
from lotwise.report.words import list_words, name_words, percent_words
from lotwise.wording import counted

_TOPIC: Final = "Identity: genotype"
_NO_READS: Final = (
    "Donors were not compared by genotype. Either the run has no reads, or the statistic "
    "genotype is switched off. An exchange of samples between donors of the same sex would not be "
    "detected."
)


def genotype_section(findings: Findings, _: int = 4) -> Section | None:
    """Return the section on donors; None if donors were not compared by genotype."""
    level = next((found for found in findings.levels if found.has("donors")), None)
    if level is None:
        return None
    section = section_from(GENOTYPE)
    section.blocks.extend(
        [
            table_block(level, "donors"),
            figure_block(findings, level.level, "genotype"),
            table_block(level, "genotype", without=("relation",)),
        ]
    )
    return section


def genotype_remark(gene: LevelFindings) -> Remark:
    """Return whether, by genotype, each sample comes from the donor on its label alone."""
    if not gene.has("donors"):
        return Remark(topic=_TOPIC, text=_NO_READS, state="unknown")
    rows = gene.rows("donors")
    against = [row for row in rows if row["agrees"] == "no"]
    mixed = [row for row in rows if row["mixed"] == "yes"]
    agreeing = [row for row in rows if row["agrees"] == "yes"]
    parts = [*_against_words(against), *_mixed_words(mixed)]
    if agreeing:
        verb = "agrees" if len(agreeing) == 1 else "agree"
        parts.append(
            f"{len(agreeing)} of {counted(len(rows), 'sample')} {verb} in genotype with the "
            "other samples of the same donor (of the same batch, if donors are not given)."
        )
    n_donors = len({row["found"] for row in rows if row["found"]})
    if n_donors:
        verb = "was" if n_donors == 1 else "were"
        parts.append(f"{counted(n_donors, 'donor')} {verb} found in the samples.")
    parts += _untold_words(rows)
    state: State = "computed" if agreeing else "unknown"
    return Remark(
        topic=_TOPIC, text=" ".join(parts), state="concern" if against or mixed else state
    )


def _against_words(against: Sequence[Row]) -> Iterator[str]:
    """Yield which samples come from another donor than on their label; exchanged samples first."""
    exchanged: set[str] = set()
    for row in against:
        partners = [name for name in row["exchanged_with"].split(", ") if name]
        if row["sample"] in exchanged or not partners:
            continue
        exchanged |= {row["sample"], *partners}
        sample, others = name_words(row["sample"]), list_words(partners)
        named = list_words([row["sample"], *partners])
        yield (
            f"{named} were exchanged. By genotype, {sample} comes from the donor on the label of "
            f"{others}. By genotype, {others} {'comes' if len(partners) == 1 else 'come'} from the "
            f"donor on the label of {sample}."
        )
    rest = [row for row in against if row["sample"] not in exchanged]
    if rest:
        listed = list_words(
            (f"{name_words(row['sample'])} ({row['reason']})" for row in rest),
            longest=LONGEST_PART,
        )
        do, its = ("does", "its") if len(rest) == 1 else ("do", "their")
        yield f"By genotype, {listed} {do} not come from the donor on {its} label."


def _mixed_words(mixed: Sequence[Row]) -> Iterator[str]:
    """Yield samples with cells of a second donor."""
    for row in mixed:
        yield (
            f"About {percent_words(row['share'], 2)} of the cells in {name_words(row['sample'])} "
            f"come from {name_words(row['second_donor'])}."
        )


def _untold_words(rows: Sequence[Row]) -> Iterator[str]:
    """Yield for how many samples the donor or a mixture is unknown, for each reason."""
    for column, what in (
        ("agrees", "Agreement with the label"),
        ("mixed", "Presence of a second donor"),
    ):
        reasons = Counter(row[column] for row in rows if row[column] not in {"yes", "no"})
        if reasons:
            why = "; ".join(f"{reason} ({n})" for reason, n in reasons.items())
            n = counted(reasons.total(), "sample")
            yield f"{what} is unknown for {n}: {why}."
