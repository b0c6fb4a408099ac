"""Which columns of a result table the page shows, under which heading, printed how."""

from __future__ import annotations

from typing import Final

from lotwise.report.tables import Column

OF_PAIR: Final = (Column("sample_a", "sample"), Column("sample_b", "and sample"))
OF_BATCHES: Final = (Column("batch_a", "batch"), Column("batch_b", "and batch"))
RELATION: Final = Column("relation", "batches")
R: Final = (
    Column("pearson", "Pearson's R", "r"),
    Column("spearman", "Spearman's rho", "r"),
    Column("ccc", "Lin's concordance", "r"),
    Column("n_features", "features", "number"),
    Column("n_double_zero", "zero in both", "number"),
)
INTAKE: Final = (
    Column("sample", "sample"),
    Column("batch", "batch"),
    Column("layout", "layout"),
    Column("n_runs", "runs", "number"),
    Column("reads_present", "reads", "number"),
    Column("shortest_read", "shortest", "number"),
    Column("longest_read", "longest", "number"),
    Column("integrity", "integrity"),
    Column("reason", "reason"),
)
YIELD: Final = (
    Column("sample", "sample"),
    Column("batch", "batch"),
    Column("quantifier", "quantifier"),
    Column("reads_present", "reads present", "number"),
    Column("reads_used", "reads used", "number"),
    Column("share_used", "share used", "percent"),
    Column("depth_ratio", "of the others' depth", "percent"),
    Column("n_detected", "isoforms at TPM 1", "number"),
    Column("standing", "standing"),
    Column("reason", "reason"),
)
LIBRARIES: Final = (
    Column("sample", "sample"),
    Column("batch", "batch"),
    Column("total_counts", "counts", "number"),
    Column("share_of_median", "of the others' median", "percent"),
    Column("shallow", "shallow", "flag"),
    Column("n_detected", "detected", "number"),
    Column("share_of_highest", "on the 50 highest", "percent"),
    Column("complexity", "complexity, of the others' median", "percent"),
    Column("group", "scored in"),
    Column("outlier_score", "outlier score", "number"),
    Column("outlier_cut", "cut", "number"),
    Column("outlier", "outlier", "flag"),
)
CEILINGS: Final = (
    *OF_PAIR,
    RELATION,
    Column("method", "method"),
    Column("pearson", "R", "r"),
    Column("ceiling", "ceiling", "r"),
    Column("ratio", "R / ceiling", "percent"),
)
INTERVALS: Final = (
    *OF_PAIR,
    RELATION,
    Column("pearson", "R", "r"),
    Column("lower", "lower", "r"),
    Column("upper", "upper", "r"),
    Column("level", "coverage", "percent"),
    Column("n_blocks", "blocks", "number"),
    Column("warning", "warning"),
)
AGREEMENT: Final = (
    *OF_PAIR,
    RELATION,
    Column("n_features", "features", "number"),
    Column("bias", "bias (mean M)", "number"),
    Column("lower", "lower limit", "number"),
    Column("upper", "upper limit", "number"),
    Column("share_over_1_5_fold", "over 1.5-fold", "percent"),
    Column("share_over_2_fold", "over 2-fold", "percent"),
    Column("share_over_4_fold", "over 4-fold", "percent"),
    Column("sere", "SERE", "number"),
)
REPLICATE_QC: Final = (
    *OF_PAIR,
    RELATION,
    Column("unit", "unit"),
    Column("mad", "MAD", "number"),
    Column("sd", "SD", "number"),
    Column("pearson", "Pearson's R", "r"),
    Column("spearman", "Spearman's rho", "r"),
    Column("n_features", "features", "number"),
    Column("n_zero_in_one", "zero in one", "number"),
    Column("jaccard", "detected in both of any", "percent"),
    Column("reason", "why not known"),
)
CONTRIBUTIONS: Final = (
    *OF_PAIR,
    Column("rank", "rank", "number"),
    Column("feature", "feature"),
    Column("gene_name", "gene"),
    Column("tpm_a", "TPM", "number"),
    Column("tpm_b", "TPM, second", "number"),
    Column("log2_ratio", "log2 ratio", "number"),
    Column("share", "share of 1 - R", "percent"),
    Column("cumulative_share", "together", "percent"),
    Column("reason", "reason"),
)
CONTRIBUTION_FEATURES: Final = (
    Column("feature", "feature"),
    Column("gene_name", "gene"),
    Column("n_pairs", "pairs that list it", "number"),
    Column("largest", "largest share of 1 - R", "percent"),
    Column("median", "median share", "percent"),
)
USAGE: Final = (
    *OF_PAIR,
    Column("gene_id", "gene"),
    Column("n_isoforms", "isoforms", "number"),
    Column("distance", "distance", "number"),
    Column("largest_change", "largest change", "percent"),
    Column("isoform", "of isoform"),
    Column("flips", "dominant flips", "flag"),
    Column("p_adjusted", "adjusted p", "number"),
)
STRATA: Final = (
    *OF_PAIR,
    RELATION,
    Column("stratum", "uncertainty"),
    Column("infrv_to", "InfRV up to", "number"),
    Column("n_features", "isoforms", "number"),
    Column("pearson", "Pearson's R", "r"),
)
SIGNAL: Final = (
    Column("grouping", "groups by"),
    Column("n_groups", "groups", "number"),
    Column("n_features", "features", "number"),
    Column("snr_db", "signal to noise, dB", "number"),
)
BATCH: Final = (
    Column("batch", "batch"),
    Column("n_samples", "samples", "number"),
    Column("median_to_others", "median R to others", "r"),
    Column("within", "R within", "r"),
    Column("prediction_lower", "prediction from", "r"),
    Column("prediction_upper", "to", "r"),
    Column("tolerance_lower", "tolerance from", "r"),
    Column("tolerance_upper", "to", "r"),
    Column("rank_p", "rank p", "number"),
    Column("smallest_p", "smallest p possible", "number"),
)
REFERENCE: Final = (
    Column("batch", "batch"),
    Column("median_to_reference", "median R to the reference", "r"),
    Column("prediction_lower", "prediction from", "r"),
    Column("prediction_upper", "to", "r"),
    Column("inside_prediction", "inside"),
    Column("rank_p", "rank p", "number"),
    Column("smallest_p", "smallest p possible", "number"),
    Column("n_reference", "reference batches", "number"),
)
GENE_SETS: Final = (
    *OF_PAIR,
    Column("gene_set", "set"),
    Column("n_genes", "genes", "number"),
    Column("mean_difference", "mean M inside", "number"),
    Column("mean_other", "mean M of others", "number"),
    Column("p", "p", "number"),
    Column("p_adjusted", "adjusted p", "number"),
)
SEX: Final = (
    Column("sample", "sample"),
    Column("batch", "batch"),
    Column("donor", "donor"),
    Column("sex", "sex"),
    Column("female_tpm", "TPM of XIST", "number"),
    Column("male_tpm", "TPM of Y genes", "number"),
    Column("agrees", "agrees with its donor"),
    Column("reason", "reason"),
)
MARKERS: Final = (
    Column("panel", "panel"),
    Column("sample", "sample"),
    Column("batch", "batch"),
    Column("marker", "marker"),
    Column("expected", "expected"),
    Column("tpm", "TPM", "number"),
    Column("rank", "above so many expressed genes", "percent"),
    Column("holds", "holds"),
    Column("group", "one of"),
    Column("specific", "specific", "flag"),
    Column("note", "note"),
)
VERIFICATION: Final = (
    Column("level", "level"),
    Column("batch_a", "batch"),
    Column("batch_b", "and batch"),
    Column("published", "published R", "number", "not on file"),
    Column("decimals", "decimals", "number", "not on file"),
    Column("computed", "computed R", "r"),
    Column("difference", "difference", "number"),
    Column("status", "status"),
    Column("source", "source"),
)
SENSITIVITY: Final = (
    Column("feature_set", "features counted"),
    Column("pseudocount", "c", "number"),
    Column("lowest", "lowest R", "r"),
    Column("median", "median R", "r"),
    Column("highest", "highest R", "r"),
    Column("n_features", "fewest features", "number"),
    Column("double_zero_share", "most zero in both", "percent"),
)
CRITERIA: Final = (
    Column("id", "criterion"),
    Column("outcome", "outcome"),
    Column("statement", "what must hold"),
    Column("value", "found"),
    Column("interval", "interval"),
    Column("bound", "bound"),
    Column("where", "where"),
    Column("reason", "reason"),
    Column("rationale", "rationale"),
)
OUTCOMES: Final = ("equivalent", "different", "inconclusive")
EQUIVALENCE: Final = (*OF_BATCHES, *(Column(name, name, "number") for name in OUTCOMES))
