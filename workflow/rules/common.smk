# What the rules share: the checked configuration, the samples, and the paths of the results.
import shlex
from importlib.metadata import version
from pathlib import Path

from lotwise.config import as_options, parse_config
from lotwise.samples import read_samples, require_batches

RUN = parse_config(config)
SAMPLES = read_samples(RUN.samples)
require_batches(SAMPLES, RUN.samples)

# Stands in params wherever something is computed, so that another version computes anew.
VERSION = version("lotwise")

TABLES = ["pairs", "batch_pairs", "pearson", "spearman", "replicate_qc", "culprits"]
PAPER_FIGURE = {
    "gene": "extended_data_fig1_gene",
    "isoform": "extended_data_fig2_isoform",
}


def results(path):
    return str(RUN.results / path)


def options(section):
    """Give a section of the configuration as options of the command line."""
    return shlex.join(as_options(section))


def quantifications():
    """Give what the sample sheet names; RSEM prefixes stand for files and are left to lotwise."""
    return sorted(
        {str(s.quant) for s in SAMPLES if s.quant is not None and s.quant.exists()}
    )


def root_of(wildcards, output):
    """Give the root of the result tree from a file of one of its folders."""
    return str(Path(output[-1]).parents[1])


def megabytes(base, per_sample):
    """Give a rule's memory: more samples need more, and so does every further attempt."""
    return lambda wildcards, attempt: attempt * (base + per_sample * len(SAMPLES))


def figures_of(level):
    names = [
        PAPER_FIGURE[level],
        f"{level}_heatmap_given",
        f"{level}_heatmap_clustered",
    ]
    return [
        results(f"figures/{name}.{suffix}")
        for name in names
        for suffix in RUN.figures.formats
    ]
