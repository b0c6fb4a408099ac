# What the rules share: the checked configuration, the samples, and the paths of the results.
import shlex
from importlib.metadata import version
from pathlib import Path

from lotwise.config import as_options, parse_config
from lotwise.errors import InputError
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
    """Give what expression is read from: files of the sample sheet, or what was quantified.

    RSEM prefixes stand for files and are left to lotwise to find.
    """
    if RUN.source == "reads":
        return expand(quantified("{sample}"), sample=[s.sample for s in SAMPLES])
    return sorted(
        {str(s.quant) for s in SAMPLES if s.quant is not None and s.quant.exists()}
    )


def sheet_of_quantifications():
    return quantified("samples.tsv") if RUN.source == "reads" else str(RUN.samples)


def transcripts_to_genes():
    """Give the file that tells the genes; the headers of the transcripts do, failing another."""
    found = RUN.expression.tx2gene
    if found is None and RUN.source == "reads":
        found = RUN.reads.transcripts
    return [] if found is None else [str(found)]


def keeps_bootstraps():
    """Bootstraps that the quantifier was asked to draw are kept without asking again."""
    drawn = RUN.source == "reads" and RUN.reads.bootstraps > 0
    return RUN.expression.bootstraps or drawn


def quantified(path):
    return results(f"quant/{RUN.reads.quantifier}/{path}")


def reads_of(sample):
    """Give the FASTQ files of a sample."""
    runs = next(s.runs for s in SAMPLES if s.sample == sample)
    mates = [mate for run in runs for mate in (run.fastq_1, run.fastq_2)]
    return [str(mate) for mate in mates if mate is not None]


def reference():
    """Give the reference's files by name, as options of `lotwise quantify` call them."""
    if RUN.reads.transcripts is None:
        raise InputError(
            "key 'reads.transcripts' is null; source: reads needs it",
            path="configuration",
            remedy="name the FASTA of transcripts",
        )
    files = {
        name: getattr(RUN.reads, name) for name in ("transcripts", "genome", "gtf")
    }
    return {name: str(file) for name, file in files.items() if file is not None}


def quantifying():
    """Give the section `reads` as options of `lotwise quantify`."""
    section = RUN.reads.model_copy(update={"threads": ()})
    return shlex.join([*as_options(section), "--out", str(RUN.results)])


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
