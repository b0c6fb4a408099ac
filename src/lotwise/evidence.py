"""Tables of what stands beside R: one record a table, as :mod:`lotwise.files.tables` has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lotwise.files.tables import OfPair, Record, column

_REASON = "why a number is NaN; empty where none is"


@dataclass(frozen=True, kw_only=True, slots=True)
class SensitivityRecord(OfPair):
    """R of a pair by feature set and pseudo-count."""

    table: ClassVar[str] = "sensitivity"
    feature_set: str = column("features used; see lotwise.metrics.feature_sets")
    pseudocount: float = column("c of log2(TPM + c)")
    n_features: int = column("how many features were used")
    double_zero_share: float = column("share of them that are 0 in both samples, in [0, 1]")
    pearson: float = column("Pearson's R of log2(TPM + c), in [-1, 1]")
    reason: str = column(_REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreementRecord(OfPair):
    """Bias, limits of agreement and fold changes of a pair, over features detected in both.

    ``bin`` 0 is all of them, 1 to 10 are tenths by mean expression, lowest first.
    """

    table: ClassVar[str] = "agreement"
    bin: int = column("0 for all features, else the tenth by mean expression")
    mean_from: float = column("smallest mean log2 expression of the bin")
    mean_to: float = column("largest mean log2 expression of the bin")
    n_features: int = column("features detected in both samples, in the bin")
    bias: float = column("mean of M = log2(TPM_a + c) - log2(TPM_b + c)")
    lower: float = column("bias - 1.96 sd(M)")
    upper: float = column("bias + 1.96 sd(M)")
    median: float = column("median of M")
    robust_lower: float = column("median - 1.96 * 1.4826 MAD(M)")
    robust_upper: float = column("median + 1.96 * 1.4826 MAD(M)")
    share_over_1_5_fold: float = column("share of features differing more than 1.5-fold")
    share_over_2_fold: float = column("share of features differing more than 2-fold")
    share_over_4_fold: float = column("share of features differing more than 4-fold")
    sere: float = column("simple error ratio of the counts of all features; NaN in bins")
    reason: str = column(_REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class IntervalRecord(OfPair):
    """Feature-resampling interval of a pair's R."""

    table: ClassVar[str] = "intervals"
    pearson: float = column("Pearson's R of log2(TPM + c) over all features")
    lower: float = column("lower limit")
    upper: float = column("upper limit")
    level: float = column("coverage asked for")
    n_blocks: int = column("blocks of features that were resampled")
    label: str = column("what the interval is, and is not")
    warning: str = column("what the interval lacks; empty where nothing")
    reason: str = column(_REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class CeilingRecord(OfPair):
    """R, the highest R that the noise of measurement allows, and their ratio."""

    table: ClassVar[str] = "ceilings"
    method: str = column("replicates, bootstraps or thinning")
    pearson: float = column("Pearson's R of log2(TPM + c) over all features")
    ceiling: float = column("square root of the product of both reliabilities")
    ratio: float = column("R / ceiling")
    reliability_a: float = column("reliability of the first sample, in (0, 1]")
    reliability_b: float = column("reliability of the second sample")
    reason: str = column(_REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectableRecord(OfPair):
    """R of a pair after one sample was changed by a known amount, the less visible of either."""

    table: ClassVar[str] = "detectable"
    fold: float = column("fold change, up or down at even odds")
    share: float = column("share of the expressed features that were changed, in [0, 1]")
    pearson: float = column("mean R after the change")
    sd: float = column("standard deviation of R over repeats")
    reason: str = column(_REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class UnseenRecord(OfPair):
    """The largest change that R would not have shown."""

    table: ClassVar[str] = "unseen"
    fold: float = column("fold change, up or down at even odds")
    threshold: float = column("R that still passes")
    share: float = column("largest share of expressed features that keeps R at the threshold")
    at_least: bool = column("True where even the largest share tried kept R there")
    sentence: str = column("the same in words")
    reason: str = column(_REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageRecord(OfPair):
    """Change of isoform usage of a gene between two samples."""

    table: ClassVar[str] = "isoform_usage"
    gene_id: str = column("gene")
    n_isoforms: int = column("isoforms of the gene")
    distance: float = column("Jensen-Shannon distance of the usages, in [0, 1]")
    tested_distance: float = column("the same with the TPM of the prior added to every isoform")
    largest_change: float = column("largest absolute change of one isoform's share")
    isoform: str = column("the isoform with that change")
    dominant_a: str = column("isoform with the largest share in the first sample")
    dominant_b: str = column("isoform with the largest share in the second sample")
    flips: bool = column("whether the dominant isoform differs")
    null_distance: float = column(
        "root mean square of tested distances between bootstraps of one sample"
    )
    null_flip_share: float = column("share of pairs of bootstraps in which the dominant flips")
    p: float = column("p of the tested distance from those between bootstraps")
    p_adjusted: float = column("p after Benjamini and Hochberg")
    reason: str = column(_REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class StratumRecord(OfPair):
    """R of a pair over isoforms of like uncertainty of quantification."""

    table: ClassVar[str] = "uncertainty_strata"
    stratum: str = column("low, middle or high third by InfRV")
    n_features: int = column("isoforms in the stratum")
    infrv_to: float = column("largest InfRV of the stratum")
    pearson: float = column("Pearson's R of log2(TPM + c)")
    reason: str = column(_REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchRecord(Record):
    """A batch against the others, itself left out."""

    table: ClassVar[str] = "batches"
    batch: str = column("batch; its replicates are averaged on the TPM scale")
    n_samples: int = column("samples of the batch")
    median_to_others: float = column("median R to the other batches")
    within: float = column("median R between samples of the batch; NaN with one sample")
    prediction_lower: float = column("lower prediction limit from the other batches")
    prediction_upper: float = column("upper prediction limit from the other batches")
    tolerance_lower: float = column("lower tolerance limit from the other batches")
    tolerance_upper: float = column("upper tolerance limit from the other batches")
    rank_p: float = column("p of its rank among all batches, small R being bad")
    smallest_p: float = column("smallest p that a rank can have here")
    words: str = column("what so many batches can show")
    reason: str = column(_REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparisonRecord(Record):
    """A new batch against the stored reference set."""

    table: ClassVar[str] = "reference"
    batch: str = column("new batch")
    median_to_reference: float = column("median R of log2(TPM + 1) to the reference batches")
    prediction_lower: float = column("lower prediction limit for one more batch")
    prediction_upper: float = column("upper prediction limit for one more batch")
    tolerance_lower: float = column("lower tolerance limit")
    tolerance_upper: float = column("upper tolerance limit")
    inside_prediction: str = column("yes, no (below it), or not assessable")
    rank_p: float = column(
        "p of its rank among the reference batches and itself, small R being bad"
    )
    smallest_p: float = column("smallest p that a rank can have here")
    n_reference: int = column("reference batches")
    reference_version: int = column("version of the reference set")
    words: str = column("what so many batches can show")
    reason: str = column("why it is not assessable; empty where it is")


@dataclass(frozen=True, kw_only=True, slots=True)
class EquivalenceRecord(Record):
    """A feature of two batches with replicates, against a margin."""

    table: ClassVar[str] = "equivalence"
    batch_a: str = column("first batch")
    batch_b: str = column("second batch")
    method: str = column("welch (t of log2(TPM + c)) or deseq2 (Wald test of counts)")
    feature: str = column("gene or isoform")
    difference: float = column("difference of means of log2(TPM + c), or log2 ratio of counts")
    p_equivalent: float = column("p of lying inside the margin, adjusted")
    p_different: float = column("p of lying outside the margin, adjusted")
    outcome: str = column("equivalent, different or inconclusive")
    reason: str = column(_REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class LibraryRecord(Record):
    """A sample's library and how it stands among the others."""

    table: ClassVar[str] = "libraries"
    sample: str = column("sample")
    batch: str = column("batch of the sample")
    total_counts: float = column("sum of estimated counts")
    share_of_median: float = column("total counts / median of the other samples'")
    shallow: bool = column("True where that share is below the limit: read this before any R")
    n_detected: int = column("features at the detection threshold")
    share_of_highest: float = column("share of TPM on the 50 highest features")
    tpm_sum: float = column("sum of TPM over the features here")
    n_at_depth: float = column("features expected at the depth of the smallest library")
    complexity: float = column("n_at_depth / median of the other samples'")
    group: str = column(
        "group within which it is scored: condition, and batch of 3 or more samples"
    )
    outlier_score: float = column("robust standard deviations from the mean R of its group")
    outlier_cut: float = column("score below which a sample of this group is an outlier")
    outlier: bool = column("True where the score is below the cut")
    reason: str = column(_REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalRecord(Record):
    """Signal to noise between groups of samples."""

    table: ClassVar[str] = "signal"
    grouping: str = column("obs column that names the groups")
    n_groups: int = column("groups compared")
    n_features: int = column("features detected in any group that vary")
    snr_db: float = column("Quartet's signal-to-noise ratio in dB; its own line is 12")
    reason: str = column(_REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkerRecord(Record):
    """A marker of a panel in a sample."""

    table: ClassVar[str] = "identity"
    panel: str = column("name of the panel")
    sample: str = column("sample")
    batch: str = column("batch of the sample")
    marker: str = column("symbol of the marker")
    expected: str = column("present, absent, female or male")
    group: str = column(
        "alternatives (any_of): holds is yes for all where it is for one; else empty"
    )
    specific: bool = column("False where the marker is listed only: its failure is no alarm")
    tpm: float = column("TPM; NaN where the marker is not annotated")
    rank: float = column("share of the expressed genes (1 TPM) that are expressed less, in [0, 1]")
    holds: str = column("yes, no, not annotated, or - where nothing is expected of one gene")
    note: str = column("what the panel says of the marker, or of itself")


@dataclass(frozen=True, kw_only=True, slots=True)
class SexRecord(Record):
    """Sex of a sample by expression, and whether its donor's other samples agree."""

    table: ClassVar[str] = "sex"
    sample: str = column("sample")
    batch: str = column("batch of the sample")
    donor: str = column("donor, where the sample sheet has one")
    sex: str = column("female, male, mixed, no Y expression, or unknown")
    female_tpm: float = column("TPM of XIST; NaN where not annotated")
    male_tpm: float = column("summed TPM of the genes of Y that are annotated")
    agrees: str = column("yes, no, or why it cannot be told")
    reason: str = column("what is odd about the call; empty where nothing")


@dataclass(frozen=True, kw_only=True, slots=True)
class GeneSetRecord(OfPair):
    """Shift of a gene set between two samples."""

    table: ClassVar[str] = "gene_sets"
    gene_set: str = column("name of the set")
    n_genes: int = column("genes of the set detected in both samples")
    mean_difference: float = column("mean M inside the set")
    mean_other: float = column("mean M of all other genes")
    correlation: float = column("correlation between genes of the set that was allowed for")
    p: float = column("two-sided p of the rank test")
    p_adjusted: float = column("p after Benjamini and Hochberg over the sets of the pair")
    reason: str = column(_REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class ShareRecord(Record):
    """Share of an isoform in its gene, in the mean of a batch."""

    table: ClassVar[str] = "isoform_shares"
    gene_id: str = column("gene, those with the largest change of usage between batches first")
    isoform: str = column("isoform")
    batch: str = column("batch; its replicates are averaged on the TPM scale")
    tpm: float = column("TPM of the isoform")
    share: float = column("share of the gene's TPM, in [0, 1]; NaN where the gene has none")
    reason: str = column(_REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class ComponentRecord(Record):
    """A sample on the first two principal components."""

    table: ClassVar[str] = "components"
    sample: str = column("sample")
    batch: str = column("batch of the sample")
    pc1: float = column("score on the first component")
    pc2: float = column("score on the second component")
    variance_share_1: float = column("share of the variance on the first component, in [0, 1]")
    variance_share_2: float = column("share of the variance on the second component")
    n_features: int = column("features detected in any sample")
    reason: str = column(_REASON)


@dataclass(frozen=True, kw_only=True, slots=True)
class MergeRecord(Record):
    """A merge of the clustering of samples by 1 - R, average linkage."""

    table: ClassVar[str] = "clustering"
    left: str = column("sample, or # and the row of the merge that made the cluster")
    right: str = column("the same")
    height: float = column("mean 1 - R between the two")
    n_samples: int = column("samples of the merged cluster")
    reason: str = column(_REASON)


RECORDS: tuple[type[Record], ...] = (
    SensitivityRecord,
    AgreementRecord,
    IntervalRecord,
    CeilingRecord,
    DetectableRecord,
    UnseenRecord,
    UsageRecord,
    StratumRecord,
    ShareRecord,
    BatchRecord,
    ComparisonRecord,
    EquivalenceRecord,
    LibraryRecord,
    SignalRecord,
    MarkerRecord,
    SexRecord,
    GeneSetRecord,
    ComponentRecord,
    MergeRecord,
)
