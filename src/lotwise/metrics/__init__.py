"""Statistics on plain arrays: numbers out, no AnnData, no pandas, no figures."""

from lotwise.metrics.agreement import concordance, detection, encode_qc
from lotwise.metrics.batches import leave_one_out, rank_p, reference_interval, tolerance_factor
from lotwise.metrics.ceiling import (
    bootstrap_reliability,
    noise_ceiling,
    replicate_reliability,
    thinning_reliability,
)
from lotwise.metrics.components import cluster_by_r, principal_components
from lotwise.metrics.correlation import pearson, pearson_matrix, ranks, spearman, spearman_matrix
from lotwise.metrics.culprits import contributions, culprits
from lotwise.metrics.detectable import Perturbation, perturbed_r, unseen_change
from lotwise.metrics.differences import (
    bland_altman,
    bland_altman_by_expression,
    fold_change_shares,
)
from lotwise.metrics.dispersion import sere
from lotwise.metrics.equivalence import equivalence, wald_equivalence
from lotwise.metrics.feature_sets import feature_sets
from lotwise.metrics.gene_sets import gene_set_shift, inter_gene_correlation
from lotwise.metrics.identity import call_sex, check_panel
from lotwise.metrics.isoforms import inferential_relative_variance, usage_change, usage_test
from lotwise.metrics.outliers import library_summary, outlier_scores, shallow_libraries
from lotwise.metrics.rates import benjamini_hochberg
from lotwise.metrics.resampling import block_intervals
from lotwise.metrics.signal import signal_to_noise

__all__ = [
    "Perturbation",
    "benjamini_hochberg",
    "bland_altman",
    "bland_altman_by_expression",
    "block_intervals",
    "bootstrap_reliability",
    "call_sex",
    "check_panel",
    "cluster_by_r",
    "concordance",
    "contributions",
    "culprits",
    "detection",
    "encode_qc",
    "equivalence",
    "feature_sets",
    "fold_change_shares",
    "gene_set_shift",
    "inferential_relative_variance",
    "inter_gene_correlation",
    "leave_one_out",
    "library_summary",
    "noise_ceiling",
    "outlier_scores",
    "pearson",
    "pearson_matrix",
    "perturbed_r",
    "principal_components",
    "rank_p",
    "ranks",
    "reference_interval",
    "replicate_reliability",
    "sere",
    "shallow_libraries",
    "signal_to_noise",
    "spearman",
    "spearman_matrix",
    "thinning_reliability",
    "tolerance_factor",
    "unseen_change",
    "usage_change",
    "usage_test",
    "wald_equivalence",
]
