# What the rules share: the checked configuration, the samples, and the paths of the results.
import contextlib
import functools
import os
import shlex
import sys
from importlib.metadata import version
from pathlib import Path

from lotwise.config import as_options, figures_of, inputs_of, parse_config, tables_of
from lotwise.config.acquire import ADDRESSES
from lotwise import schema
from lotwise.errors import EnvironmentFault, InputError
from lotwise.expression.locate import locate, names_genes
from lotwise.files.process import name_process
from lotwise.files.yaml import parse_yaml
from lotwise.samples import read_samples, require_batches
from lotwise.tree import MATRICES, ResultTree, drawn_as

# Snakemake takes the last of two equal keys, and 010 for 8: its files are read again, strictly.
for file in workflow.configfiles:
    parse_yaml(Path(file).read_text(encoding="utf-8"), source=file)
RUN = parse_config(config)

# Snakemake prints commands and keeps params: users and passwords of mirrors go by the environment.
os.environ[ADDRESSES] = RUN.acquire.urls.model_dump_json()
PRINTED = {"urls": RUN.acquire.urls.without_logins()}
RUN = RUN.model_copy(update={"acquire": RUN.acquire.model_copy(update=PRINTED)})
TREE = ResultTree(RUN.results)

# Called by its full path, Snakemake runs where the environment is not activated: `lotwise` is
# beside the Python that runs this.
PATHS = [os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)]
os.environ |= {
    "PATH": os.pathsep.join(PATHS),
    # Each command ends when this process is gone: a killed Snakemake leaves no job running.
    "LOTWISE_ENDS_WITH": name_process(os.getpid()),
}

MOVED = workflow.modifier.path_modifier
if MOVED.prefix is not None or MOVED.modifies_prefixes:
    raise InputError(
        "the module's prefix or replace_prefix moves the files of rules, not those that the "
        "commands write",
        path="the Snakefile that imports the workflow",
        remedy="remove it and set results (and acquire.downloads) in the module's config instead",
    )


def require_no_braces(paths):
    """Refuse braces in paths, which are given with what names them."""
    for source, path in paths:
        if path is not None and set(str(path)) & set("{}"):
            raise InputError(
                f"{source} is {str(path)!r}; Snakemake takes braces in a path for wildcards",
                path="configuration",
                remedy="rename it without braces",
            )


def configured_paths():
    """Give the key and the path of what a rule has as input or output."""
    own = RUN.acquire.reference
    sections = {
        "": (RUN, ("samples", "results", "acceptance")),
        "reads.": (RUN.reads, ("transcripts", "genome", "gtf")),
        "expression.": (RUN.expression, ("tx2gene",)),
        "acquire.": (RUN.acquire, ("downloads",)),
        "acquire.deposited.": (RUN.acquire.deposited, ("path",)),
        "acquire.reference.": (own, ("transcripts", "annotation") if own else ()),
    }
    for prefix, (section, names) in sections.items():
        yield from ((f"key '{prefix}{name}'", getattr(section, name)) for name in names)
    for path, given in inputs_of(RUN.evidence):
        yield f"key 'evidence.{given.option}'", path


def paths_of_sheet(path, samples):
    """Give the place in the sheet and the path of what the samples' data are."""
    for sample in samples:
        place = f"the data of sample {sample.sample!r} in {path}"
        files = [sample.quant]
        files += [mate for run in sample.runs for mate in (run.fastq_1, run.fastq_2)]
        yield from ((place, file) for file in files)


require_no_braces(configured_paths())

# An accession becomes a sample sheet of its own; other runs bring theirs.
ACQUIRES = RUN.source == "accession"
QUANTIFIES = RUN.source == "reads" or (ACQUIRES and RUN.acquire.route == "reads")
SHEET = str(RUN.results / "fetched.tsv") if ACQUIRES else str(RUN.samples)

# What Snakemake was called with, for the record; jobs on a cluster inherit it from the head.
os.environ.setdefault("LOTWISE_WORKFLOW_CALL", shlex.join(["snakemake", *sys.argv[1:]]))

# Stands in params wherever something is computed, so that another version computes anew. What
# reads FASTQ has versions of its own (lotwise.schema): a release that changed a figure must not read
# all reads again.
VERSION = version("lotwise")


def results(path):
    return str(RUN.results / path)


def table(name, level="{level}"):
    """Return a table of the catalogue, or a matrix of correlations, at a level."""
    return str(
        TREE.matrix(level, name) if name in MATRICES else TREE.table(level, name)
    )


def evidence_tables(level):
    return [table(name, level) for name in tables_of(RUN.evidence, level)]


def evidence_figures(level):
    stems = [TREE.figure(level, name) for name in figures_of(RUN.evidence, level)]
    return [str(path) for path in drawn_as(stems, RUN.figures.formats)]


def correlation_tables(level):
    return [str(path) for path in TREE.tables_of_correlation(level)]


def options(section):
    """Give a section of the configuration as options of the command line.

    By a function: Snakemake takes braces in a plain string, as of a note, for wildcards.
    """
    return lambda wildcards: shlex.join(as_options(section))


def acquire_keys(keys):
    """Give keys of the section `acquire` as JSON.

    By a function as well: a pattern has braces.
    """
    return lambda wildcards: RUN.acquire.model_dump_json(include=keys)


@functools.cache
def read_version(sheet, written_ns):
    """Read a sheet once, not once for each of 500 jobs; written anew it is read anew."""
    return read_samples(sheet)


def samples_of(sheet):
    written = Path(sheet).stat().st_mtime_ns if Path(sheet).exists() else 0
    return read_version(sheet, written)


if not ACQUIRES:
    require_batches(samples_of(SHEET), SHEET)
    require_no_braces(paths_of_sheet(SHEET, samples_of(SHEET)))


def sheet_of_samples():
    """Give the sample sheet; that of an accession is there once it has been resolved."""
    return checkpoints.fetch_samples.get().output.samples if ACQUIRES else SHEET


def samples():
    return samples_of(sheet_of_samples())


def compared():
    """Give the samples that are compared: all but those that reads.exclude names."""
    left_out = RUN.reads.exclude if QUANTIFIES else ()
    return [s for s in samples() if s.sample not in left_out]


@functools.cache
def quantifier_version():
    """Give the version of the quantifier, so that another version quantifies all samples again.

    It is empty where the program is not on this machine: an environment of conda has it.
    """
    from lotwise.quantify import make_quantifier

    try:
        return make_quantifier(RUN.reads).version()
    except EnvironmentFault:
        return ""


def quantified_with(wildcards):
    return [schema.QUANTIFIED, quantifier_version()]


@functools.cache
def reads_of_version(sheet, written_ns):
    """Give the FASTQ files of each sample by its name."""
    return {
        s.sample: [
            str(mate)
            for run in s.runs
            for mate in (run.fastq_1, run.fastq_2)
            if mate is not None
        ]
        for s in read_version(sheet, written_ns)
    }


def keeps_bootstraps():
    """Bootstraps that the quantifier was asked to draw are kept without asking again."""
    return RUN.expression.bootstraps or (QUANTIFIES and RUN.reads.bootstraps > 0)


def quantified(path):
    return results(f"quant/{RUN.reads.quantifier}/{path}")


def quantified_samples(wildcards):
    return [quantified(s.sample) for s in compared()]


def checked_samples(wildcards):
    return [results(f"intake/{s.sample}.tsv") for s in compared()]


def quantifications(wildcards):
    """Give the files that expression is read from, or the folders that were quantified.

    What a folder or an RSEM prefix of the sample sheet stands for is found as lotwise finds it;
    what is not there is left to lotwise to say.
    """
    if QUANTIFIES:
        return quantified_samples(wildcards)
    found = set()
    for quant in {s.quant for s in samples() if s.quant is not None}:
        with contextlib.suppress(InputError):
            found.update(locate(quant, bootstraps=keeps_bootstraps()))
    return sorted(str(file) for file in found if file is not None)


@functools.cache
def bytes_of_reads(sample):
    """Give the size of one sample's reads; 0 while they are not there."""
    sheet = sheet_of_samples() if Path(SHEET).exists() else None
    files = reads_of_version(sheet, Path(sheet).stat().st_mtime_ns) if sheet else {}
    return sum(
        Path(f).stat().st_size for f in files.get(sample, []) if Path(f).exists()
    )


def reads(wildcards):
    """Give the FASTQ files of one sample."""
    sheet = sheet_of_samples()
    files = reads_of_version(sheet, Path(sheet).stat().st_mtime_ns)
    return files.get(wildcards.sample, [])


def rows_of(*names):
    """Give what the sheet says of one sample in ``names``, so that this decides for it alone.

    The sheet itself is ancient to the rules of one sample: a row more, or a batch's name mended,
    is no reason to read the reads of the others again.
    """

    def rows(wildcards):
        found = (s for s in samples() if s.sample == wildcards.sample)
        return [str(getattr(sample, name)) for sample in found for name in names]

    return rows


def transcripts_to_genes(wildcards=None):
    """Give the file that tells the genes; that of the reference, failing another.

    A FASTA need not name genes: where isoforms alone are asked for, it is not asked. Deposited
    isoforms that name their genes keep them; others are given those of the reference.
    """
    if RUN.expression.tx2gene is not None:
        return [str(RUN.expression.tx2gene)]
    if not QUANTIFIES:
        asked = ACQUIRES and RUN.acquire.reference is not None
        lacks = asked and any(not names_genes(s.quant) for s in samples()[:1])
        return [results("reference/annotation.gtf.gz")] if lacks else []
    if RUN.reads.quantifier == "rsem" and RUN.reads.aligner == "star":
        return [reference()["gtf"]]  # whose transcripts STAR's are
    if ACQUIRES:
        return [results("reference/annotation.gtf.gz")]
    return [reference()["transcripts"]] if "gene" in RUN.levels else []


def reference():
    """Give the reference's files by name, as options of `lotwise quantify` call them."""
    files = {
        name: getattr(RUN.reads, name) for name in ("transcripts", "genome", "gtf")
    }
    files = {name: str(file) for name, file in files.items() if file is not None}
    if ACQUIRES:
        files.setdefault("transcripts", results("reference/transcripts.fa.gz"))
    if "transcripts" not in files:
        raise InputError(
            "key 'reads.transcripts' is null; source: reads needs it",
            path="configuration",
            remedy="name the FASTA of transcripts",
        )
    return files


def expression_settings():
    """Give the section `expression` as this run needs it."""
    deposited = ACQUIRES and RUN.acquire.route == "deposited"
    # Who says that the table holds TPM of a part of the genes has said it for the reader too.
    partial = deposited and RUN.acquire.deposited.kind == "tpm"
    update = {"bootstraps": keeps_bootstraps()} | (
        {"tpm_sum": "any"} if partial else {}
    )
    return RUN.expression.model_copy(update=update)


def quantifying(*left_out):
    """Give the section `reads` and the reference as options of `lotwise quantify`.

    Left out is what a step does not use: a change of it would run the step again.
    """
    without = dict.fromkeys(("threads", *left_out), ())
    section = RUN.reads.model_copy(update={**reference(), **without})
    words = [*as_options(section), "--out", str(RUN.results)]
    return lambda wildcards: shlex.join(words)


def limits(wildcards, threads):
    """Give the bounds of the gate; what asks for `threads` runs no step again by a change.

    Before a sample is quantified they refuse alone; what it was quantified to stays the same, and
    is judged under the bounds of the day.
    """
    return shlex.join(as_options(RUN.reads.limits))


def root_of(wildcards, output):
    """Give the root of the result tree from a file of one of its folders."""
    return str(Path(output[-1]).parents[1])


def megabytes(base, per_sample=0):
    """Give a rule's memory: more samples need more, and so does every further attempt."""
    if not per_sample:
        return lambda wildcards, attempt: attempt * base
    return lambda wildcards, attempt: attempt * (base + per_sample * n_samples())


def n_samples():
    """Count the samples; 0 until they are known, since needs must not ask a checkpoint."""
    return len(samples_of(SHEET)) if Path(SHEET).exists() else 0


def to_quantify(needs):
    """Give memory or time to quantify one sample: both grow with its reads and each attempt."""
    return lambda wildcards, attempt: attempt * needs(bytes_of_reads(wildcards.sample))


def minutes(base):
    """Give a rule's longest time, which grows with every further attempt."""
    return lambda wildcards, attempt: attempt * base


def is_verified():
    """Tell whether coefficients are expected of batches that this run has.

    Those of the series stand in the repository's own config.yaml, which other runs may inherit.
    """
    expected = RUN.acquire.expected
    if ACQUIRES:
        return bool(expected)
    batches = {s.batch for s in samples()}
    return any({one.batch_a, one.batch_b} <= batches for one in expected)


def tables():
    """Return every table of a run."""
    return [
        str(TREE.samples),
        [str(TREE.tpm(level)) for level in RUN.levels],
        [correlation_tables(level) for level in RUN.levels],
        [evidence_tables(level) for level in RUN.levels],
        str(TREE.verification) if is_verified() else [],
        VERDICT,
    ]


def recorded():
    """Return what a run writes and its record lists."""
    stems = [
        stem for level in RUN.levels for stem in TREE.figures_of_correlation(level)
    ]
    return [
        tables(),
        (
            [results(name) for name in ("intake.tsv", "yield.tsv", "strandedness.tsv")]
            if QUANTIFIES
            else []
        ),
        [str(TREE.h5ad(level)) for level in RUN.levels],
        str(TREE.workbook),
        [str(path) for path in drawn_as(stems, RUN.figures.formats)],
        [evidence_figures(level) for level in RUN.levels],
    ]


def flat(files):
    """Give nested lists of files as one, as an input function must."""
    if isinstance(files, str):
        return [files]
    return [file for part in files for file in flat(part)]


def resolved_configuration(wildcards):
    """Give the configuration as the rules used it, as JSON; a function, for the braces."""
    genes = transcripts_to_genes()
    expression = {"tx2gene": Path(genes[0]) if genes else None}
    update = {
        "samples": Path(SHEET),
        "expression": expression_settings().model_copy(update=expression),
    }
    if QUANTIFIES:
        files = {name: Path(file) for name, file in reference().items()}
        update["reads"] = RUN.reads.model_copy(update=files)
    return RUN.model_copy(update=update).model_dump_json()
