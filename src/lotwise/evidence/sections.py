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
    "This section lists the samples, the checks of their reads, and the depth of each library. "
    "Read this before any R: TPM are relative, so they do not show that a library failed.",
)
FIGURES: Final = ReportSection(
    "figures",
    "Every pair of samples",
    "Scatter plots of log2(TPM + c) are below the diagonal. Pearson's R over all features is above "
    "the diagonal. The layout is that of Extended Data Figs 1 and 2 of Bloor et al. 2020.",
)
SENSITIVITY: Final = ReportSection(
    "sensitivity",
    "What R depends on, and what it would miss",
    "This section shows R over fewer features and with other pseudo-counts, the noise ceiling and "
    "the interval of R. It also shows the changes of expression that R would not have detected.",
)
AGREEMENT: Final = ReportSection(
    "agreement",
    "Agreement",
    "R does not measure differences; M does. For each feature with TPM at or above the threshold "
    "in both samples, the ratio of the two TPM is divided by the median of these ratios. M is the "
    "log2 of the result. TPM are relative: if all features change by the same factor, R and M do "
    "not show it. Only spike-ins do (table of composition).",
)
CONTRIBUTIONS: Final = ReportSection(
    "contributions",
    "Features that lower R most",
    "For each feature, the table gives its exact share of 1 - R; the shares of all features sum "
    "to one. Pairs with the lowest R come first.",
)
ISOFORMS: Final = ReportSection(
    "isoforms",
    "Isoform usage",
    "This section shows how isoform usage differs between batches, for genes that are detected "
    "in both samples and have at least two isoforms. Without bootstraps of the quantifier there is "
    "no p-value. Most large distances at low counts are noise of counting and quantification.",
)
BATCHES: Final = ReportSection(
    "batches",
    "Batches",
    "Each batch is compared with all others of its condition (leave-one-out).",
)
GENOTYPE: Final = ReportSection(
    "genotype",
    "Identity by genotype",
    "The variants in the reads show which samples come from the same donor. No other "
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
    "This section shows whether the samples express the expected markers. A high R does not "
    "exclude an exchange of samples. A marker missing from the annotation is "
    "reported as not annotated, never as 0.",
)
