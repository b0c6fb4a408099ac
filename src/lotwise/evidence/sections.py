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
    "The samples compared, checks of their reads, and the depth of each library. Read "
    "this before any R: TPM of a failed library still sum to a million.",
)
FIGURES: Final = ReportSection(
    "figures",
    "Every pair of samples",
    "As in Extended Data Figs 1 and 2 of Bloor et al. 2020: scatter plots of log2(TPM + c) "
    "below the diagonal, and Pearson's R over all features in the cells above the diagonal.",
)
SENSITIVITY: Final = ReportSection(
    "sensitivity",
    "What R depends on, and what it would miss",
    "R over fewer features and with other pseudo-counts, the noise ceiling and the interval of R, "
    "and the changes of expression that R would not have detected.",
)
AGREEMENT: Final = ReportSection(
    "agreement",
    "Agreement",
    "R does not measure differences; M does. For each feature detected in both samples, the ratio "
    "of the two TPM is divided by the median of these ratios. M is the log2 of the result. TPM are "
    "relative: if all features change by the same factor, R and M do not show it. Only spike-ins "
    "do (table of composition).",
)
CONTRIBUTIONS: Final = ReportSection(
    "contributions",
    "Features that lower R most",
    "The exact share of 1 - R contributed by each feature; the shares of all features sum "
    "to one. Pairs with the lowest R come first.",
)
ISOFORMS: Final = ReportSection(
    "isoforms",
    "Isoform usage",
    "How isoform usage differs between batches is shown for genes that are detected in both "
    "samples and have at least two isoforms. Without bootstraps of the quantifier there is no "
    "p-value, and most large distances at low counts are noise of counting and quantification.",
)
BATCHES: Final = ReportSection(
    "batches",
    "Batches",
    "Each batch is compared with all others of its condition (leave-one-out).",
)
GENOTYPE: Final = ReportSection(
    "genotype",
    "Identity by genotype",
    "Which samples come from the same donor, according to the variants in their reads. No other "
    "statistic of this report can distinguish donors of the same sex. Lots of the same donor "
    "cannot be distinguished. A high R does not exclude an exchange of samples.",
)
PROCESS: Final = ReportSection(
    "process",
    "Before and after the change of the process",
    "Lots are the units: a lot is one observation, however many samples it has. Attributes and "
    "margins come from a file, which must be written before the data are seen.",
)
PANELS: Final = ReportSection(
    "panels",
    "Identity and purity panels",
    "Whether the samples express the expected markers. A high R does not exclude an exchange of "
    "samples. A marker missing from the annotation is reported as not annotated, never as 0.",
)
