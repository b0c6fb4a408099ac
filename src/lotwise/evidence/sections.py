"""The sections of the report that show statistics: name, title and first sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A section of the report."""

    name: str
    title: str
    lead: str


SAMPLES: Final = ReportSection(
    "samples",
    "Samples and intake",
    "What was compared, whether its reads were whole, and how deep each library is. Read "
    "this before any R: TPM of a failed library still sum to a million.",
)
FIGURES: Final = ReportSection(
    "figures",
    "Every sample against every other",
    "After Extended Data Figs 1 and 2 of Bloor et al. 2020: clouds of log2(TPM + c) "
    "below the diagonal, Pearson's R over all features above it.",
)
SENSITIVITY: Final = ReportSection(
    "sensitivity",
    "What R depends on, and what it would miss",
    "R over fewer features and with other pseudo-counts; its noise ceiling; its interval; "
    "and the changes that would have left it where it is.",
)
AGREEMENT: Final = ReportSection(
    "agreement",
    "Agreement",
    "Differences, which R does not measure: M = log2 ratio of two samples, over "
    "features detected in both. TPM are shares of a whole: a change of all features by one "
    "factor shows neither in R nor here.",
)
CONTRIBUTIONS: Final = ReportSection(
    "contributions",
    "Features that lower R most",
    "The exact share of 1 - R that each feature carries; the shares of all features sum "
    "to one. Pairs with the lowest R come first.",
)
ISOFORMS: Final = ReportSection(
    "isoforms",
    "Isoform usage",
    "Which isoform of a gene is used, between batches: genes detected in both samples, "
    "with two isoforms or more. Without bootstraps of the quantifier there is no p, and most "
    "large distances at low counts are noise of quantification.",
)
BATCHES: Final = ReportSection(
    "batches",
    "Batches",
    "Batches are what is judged: each is compared with all others (leave-one-out).",
)
PROCESS: Final = ReportSection(
    "process",
    "Before and after the change of the process",
    "Lots are the units: a lot is one observation, however many samples it has. Attributes and "
    "margins were declared in a file before the data.",
)
PANELS: Final = ReportSection(
    "panels",
    "Identity and purity panels",
    "Whether the samples express what is expected of them. A high R does not exclude a "
    "swap. A marker that the annotation lacks is not annotated, never 0.",
)
