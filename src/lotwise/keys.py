"""Every array and annotation that lotwise stores in an AnnData, declared once.

obs are samples, var are features (genes or isoforms). A declaration is the name, the place, the
kind of value and one sentence. Documentation, checks and code read it from here. The columns
of result tables are declared by the record classes in :mod:`lotwise.files.tables`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Level = Literal["gene", "isoform"]
LEVELS: Final[tuple[Level, ...]] = ("gene", "isoform")


class Key(NamedTuple):
    """One named array of an AnnData."""

    name: str
    place: Literal["X", "obs", "var", "layers", "obsm", "varm", "obsp", "uns"]
    kind: str
    meaning: str


# layers, samples x features
TPM: Final = "tpm"
COUNTS: Final = "counts"
LENGTH: Final = "length"
FPKM: Final = "fpkm"

# obs, one value per sample
SAMPLE: Final = "sample"
BATCH: Final = "batch"
REPLICATE: Final = "replicate"
DONOR: Final = "donor"
PHASE: Final = "phase"
CONDITION: Final = "condition"
QUANTIFIER: Final = "quantifier"
QUANT: Final = "quant"
TPM_SUM: Final = "tpm_sum"
TOTAL_COUNTS: Final = "total_counts"
N_SAMPLES: Final = "n_samples"
N_UNMAPPED: Final = "n_unmapped_transcripts"
UNMAPPED_TPM_SHARE: Final = "unmapped_tpm_share"

# var, one value per feature
GENE_ID: Final = "gene_id"
GENE_NAME: Final = "gene_name"
BLOCK: Final = "block"

# Results of scanpy, in its own keys
X_PCA: Final = "X_pca"
PCS: Final = "PCs"
UNS_PCA: Final = "pca"
DENDROGRAM: Final = "dendrogram_sample"
PERCENT_TOP: Final = "pct_counts_in_top_50_genes"

# obsm, samples x components
PCA: Final = "X_lotwise_pca"
SNR: Final = "X_lotwise_snr"

# obsp, samples x samples
PEARSON: Final = "pearson"
SPEARMAN: Final = "spearman"

# uns
LOTWISE: Final = "lotwise"
LEVEL: Final = "level"
PARAMETERS: Final = "parameters"
VERSION: Final = "version"
PAIRS: Final = "pairs"
CHOSEN_PAIRS: Final = "chosen_pairs"
COMPUTED_OVER: Final = "computed_over"
REPLICATE_QC: Final = "replicate_qc"
CONTRIBUTIONS: Final = "contributions"
BOOTSTRAPS: Final = "bootstraps"
HALVES: Final = "halves"
PARTS: Final = {
    "half_1": (0, 1),
    "half_2": (2, 3),
    "quarter_1": (0,),
    "quarter_2": (1,),
    "quarter_3": (2,),
    "quarter_4": (3,),
}
"""Parts of a sample's reads that are quantified separately, in the order in which they are stored.
Each part consists of the quarters with the given numbers."""
# Unit of the layer tpm if it is not TPM, such as CPM; absent for TPM.
UNIT: Final = "unit"
# A table with the columns code and sentence, one row per finding; absent if there is none.
INVALID: Final = "invalid_comparisons"

InvalidCode = Literal[
    "copies",
    "shared_reads",
    "few_reads_used",
    "mixed_programs",
    "mixed_versions",
    "mixed_options",
    "mixed_references",
    "mixed_organisms",
    "levels_disagree",
    "not_compared",
]
"""Why a comparison of samples is not evidence about batches; the keys of ``INVALID_MEANINGS``."""

INVALID_MEANINGS: Final[Mapping[InvalidCode, str]] = {
    "copies": "two samples have identical values, so that their R is 1 by construction",
    "shared_reads": "two samples agree more closely than two libraries can",
    "few_reads_used": "few reads of a sample were quantified",
    "mixed_programs": "the samples were quantified by different programs",
    "mixed_versions": "the samples were quantified by different versions of one program",
    "mixed_options": "the samples were quantified with different options of one program",
    "mixed_references": "the samples were quantified on different transcriptomes",
    "mixed_organisms": "the features belong to more than one organism",
    "levels_disagree": "the gene values of a sample are not the sums of its isoform values",
    "not_compared": "no other batch has the condition of a sample, so the sample is not compared",
}

ALL: Final = (
    Key("X", "X", "float64", "log2(TPM + 1)"),
    Key(TPM, "layers", "float64 >= 0", "transcripts per million, as the quantifier wrote them"),
    Key(COUNTS, "layers", "float64 >= 0", "estimated counts; NaN if the source has none"),
    Key(
        LENGTH,
        "layers",
        "float64 >= 0",
        "effective length in bases; NaN if unknown, 0 if no fragment fits (RSEM)",
    ),
    Key(FPKM, "layers", "float64 >= 0", "fragments per kilobase and million, if given"),
    Key(SAMPLE, "obs", "str", "name of the sample; also the index"),
    Key(BATCH, "obs", "categorical", "manufacturing batch"),
    Key(REPLICATE, "obs", "str", "replicate within the batch"),
    Key(DONOR, "obs", "str", "donor of the cells"),
    Key(CONDITION, "obs", "str", "experimental condition"),
    Key(PHASE, "obs", "str", "pre or post: made before or after a change of the process"),
    Key(QUANTIFIER, "obs", "str", "program that wrote the quantification"),
    Key(QUANT, "obs", "str", "file that the quantification was read from"),
    Key(TPM_SUM, "obs", "float64", "sum of TPM over the quantified features shared by all samples"),
    Key(TOTAL_COUNTS, "obs", "float64", "sum of estimated counts"),
    Key(PERCENT_TOP, "obs", "float64", "scanpy: percent of the counts in the 50 highest features"),
    Key(N_SAMPLES, "obs", "int64", "samples averaged into a batch"),
    Key(N_UNMAPPED, "obs", "int64", "quantified transcripts without a gene"),
    Key(
        UNMAPPED_TPM_SHARE,
        "obs",
        "float64 in [0, 1]",
        "fraction of TPM on transcripts without a gene",
    ),
    Key(GENE_ID, "var", "str", "gene of an isoform"),
    Key(GENE_NAME, "var", "str", "symbol of the gene, if the annotation has one"),
    Key(BLOCK, "var", "str", "features of one block are resampled together"),
    Key(X_PCA, "obsm", "float64", "scanpy: principal components of the samples"),
    Key(PCS, "varm", "float64", "scanpy: loadings of the principal components"),
    Key(UNS_PCA, "uns", "dict", "scanpy: variance and variance_ratio of the components"),
    Key(DENDROGRAM, "uns", "dict", "scanpy: tree of the samples by 1 - R, average linkage"),
    Key(PCA, "obsm", "float64", "first two columns of X_pca; deprecated, removed in lotwise 0.3"),
    Key(
        SNR,
        "obsm",
        "float64",
        "two components used for the signal-to-noise ratio; NaN if undefined",
    ),
    Key(PEARSON, "obsp", "float64 in [-1, 1]", "Pearson's R of log2(TPM + c) over all features"),
    Key(SPEARMAN, "obsp", "float64 in [-1, 1]", "Spearman's rho of TPM over all features"),
    Key(LOTWISE, "uns", "dict", "level, parameters, version and result tables of lotwise"),
)
