# Shared by all rules: the validated configuration, the samples, and the paths of the results.
import contextlib
import functools
import os
import shlex
import sys
from importlib.metadata import version
from pathlib import Path

from lotwise.config import as_options, figures_of, inputs_of, parse_config, tables_of
from lotwise.config.acquire import ADDRESSES
from lotwise import tree
from lotwise.errors import EnvironmentFault, InputError
from lotwise.expression.locate import locate, names_genes
from lotwise.files.process import name_process
from lotwise.files.yaml import parse_yaml
from lotwise.samples import read_samples, require_batches
from lotwise.tree import MATRICES, ResultTree, drawn_as, halves_of

# Snakemake accepts repeated keys and reads 010 as 8: its files are parsed again, strictly.
for file in workflow.configfiles:
    parse_yaml(Path(file).read_text(encoding="utf-8"), source=file)
RUN = parse_config(config)

# Snakemake prints commands and keeps params: users and passwords of mirrors go by the environment.
os.environ[ADDRESSES] = RUN.acquire.urls.model_dump_json()
PRINTED = {"urls": RUN.acquire.urls.without_logins()}
RUN = RUN.model_copy(update={"acquire": RUN.acquire.model_copy(update=PRINTED)})
TREE = ResultTree(RUN.results)

# If Snakemake is called by its full path, its environment may not be activated: `lotwise` is in the
# folder of the running Python.
PATHS = [os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)]
os.environ |= {
    "PATH": os.pathsep.join(PATHS),
    # Each command ends when this process has ended: a killed Snakemake leaves no running job.
    "LOTWISE_ENDS_WITH": name_process(os.getpid()),
}

MOVED = workflow.modifier.path_modifier
if MOVED.prefix is not None or MOVED.modifies_prefixes:
    raise InputError(
        "prefix or replace_prefix of the module changes the paths of rules, but not of the files "
        "that the commands write",
        path="the Snakefile that imports the workflow",
        remedy="remove it and set results (and acquire.downloads) in the module's config instead",
    )


def require_no_braces(paths):
    """Raise an error for paths with braces; each path comes with its source."""
    for source, path in paths:
        if path is not None and set(str(path)) & set("{}"):
            raise InputError(
                f"{source} is {str(path)!r}; Snakemake treats braces in a path as wildcards",
                path="configuration",
                remedy="rename it without braces",
            )


def configured_paths():
    """Yield the key and the path of files that are inputs or outputs of rules."""
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
    """Yield the place in the sheet and the path of each data file."""
    for sample in samples:
        place = f"the data of sample {sample.sample!r} in {path}"
        files = [sample.quant]
        files += [mate for run in sample.runs for mate in (run.fastq_1, run.fastq_2)]
        yield from ((place, file) for file in files)


require_no_braces(configured_paths())

# For an accession, a sample sheet is written; other runs use that of the user.
ACQUIRES = RUN.source == "accession"
QUANTIFIES = RUN.source == "reads" or (ACQUIRES and RUN.acquire.route == "reads")
SHEET = str(RUN.results / "fetched.tsv") if ACQUIRES else str(RUN.samples)
# Donors are compared if there are reads; the base counts are an input of the evidence.
GENOTYPES = (
    QUANTIFIES
    and RUN.reads.genotype.compare
    and "genotype" in RUN.evidence.statistics
    and RUN.evidence.genotypes is None
    and "gene" in RUN.levels
)
if GENOTYPES:
    RUN = RUN.model_copy(
        update={"evidence": RUN.evidence.model_copy(update={"genotypes": TREE.alleles})}
    )

# Command line of Snakemake, for the record; jobs on a cluster inherit it from the main process.
os.environ.setdefault("LOTWISE_WORKFLOW_CALL", shlex.join(["snakemake", *sys.argv[1:]]))

# A parameter of every computing rule, so that a new version computes again. Rules that read FASTQ
# use the versions in lotwise.tree instead: a release that changed a figure must not read all
# reads again.
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
    """Return a section of the configuration as options of the command line.

    A function, because Snakemake treats braces in plain strings (such as a note) as wildcards.
    """
    return lambda wildcards: shlex.join(as_options(section))


def acquire_keys(keys):
    """Return keys of the section `acquire` as JSON.

    A function, because patterns contain braces.
    """
    return lambda wildcards: RUN.acquire.model_dump_json(include=keys)


@functools.cache
def read_version(sheet, written_ns):
    """Read a sheet once, not for each of 500 jobs; read it again if it was written again."""
    return read_samples(sheet)


def samples_of(sheet):
    written = Path(sheet).stat().st_mtime_ns if Path(sheet).exists() else 0
    return read_version(sheet, written)


if not ACQUIRES:
    require_batches(samples_of(SHEET), SHEET)
    require_no_braces(paths_of_sheet(SHEET, samples_of(SHEET)))


def sheet_of_samples():
    """Return the sample sheet; for an accession it exists after the look-up."""
    return checkpoints.fetch_samples.get().output.samples if ACQUIRES else SHEET


def samples():
    return samples_of(sheet_of_samples())


def compared():
    """Return the samples to compare: all except those in reads.exclude."""
    left_out = RUN.reads.exclude if QUANTIFIES else ()
    return [s for s in samples() if s.sample not in left_out]


@functools.cache
def quantifier_version():
    """Return the version of the quantifier, so that a new version quantifies all samples again.

    It is empty if the program is in a conda environment instead of on this machine.
    """
    from lotwise.quantify import make_quantifier

    try:
        return make_quantifier(RUN.reads).version()
    except EnvironmentFault:
        return ""


def quantified_with(wildcards):
    return [tree.QUANTIFIED_VERSION, quantifier_version()]


@functools.cache
def reads_of_version(sheet, written_ns):
    """Return the FASTQ files of each sample by name."""
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
    """Return whether bootstraps are read: also if the quantifier is asked to compute them."""
    return RUN.expression.bootstraps or (QUANTIFIES and RUN.reads.bootstraps > 0)


def quantified(path):
    return results(f"quant/{RUN.reads.quantifier}/{path}")


def quantified_samples(wildcards):
    return [quantified(s.sample) for s in compared()]


def checked_samples(wildcards):
    return [results(f"intake/{s.sample}.tsv") for s in compared()]


def quantifications(wildcards):
    """Return the files from which expression is read, or the folders of quantified samples.

    The files of a folder or an RSEM prefix are located as lotwise does; errors for missing files
    are left to lotwise.
    """
    if QUANTIFIES:
        folders = quantified_samples(wildcards)
        halves = RUN.reads.quantifies_halves(RUN.levels)
        return [*folders, *(str(halves_of(Path(f))) for f in folders if halves)]
    found = set()
    for quant in {s.quant for s in samples() if s.quant is not None}:
        with contextlib.suppress(InputError):
            found.update(locate(quant, bootstraps=keeps_bootstraps()))
    return sorted(str(file) for file in found if file is not None)


@functools.cache
def bytes_of_reads(sample):
    """Return the size of one sample's reads in bytes; 0 while they do not exist."""
    sheet = sheet_of_samples() if Path(SHEET).exists() else None
    files = reads_of_version(sheet, Path(sheet).stat().st_mtime_ns) if sheet else {}
    return sum(
        Path(f).stat().st_size for f in files.get(sample, []) if Path(f).exists()
    )


def reads(wildcards):
    """Return the FASTQ files of one sample."""
    sheet = sheet_of_samples()
    files = reads_of_version(sheet, Path(sheet).stat().st_mtime_ns)
    return files.get(wildcards.sample, [])


def rows_of(*names):
    """Return the values of the columns ``names`` for one sample, as parameters of its rules.

    The sheet itself is `ancient` for rules of one sample: an additional row or a corrected batch
    name is no reason to read the reads of other samples again.
    """

    def rows(wildcards):
        found = (s for s in samples() if s.sample == wildcards.sample)
        return [str(getattr(sample, name)) for sample in found for name in names]

    return rows


def transcripts_to_genes(wildcards=None):
    """Return the file with the genes of transcripts; by default that of the reference.

    A FASTA may lack genes; it is not used if only isoforms are requested. Deposited isoforms keep
    their own genes if they have them; others get the genes of the reference.
    """
    if RUN.expression.tx2gene is not None:
        return [str(RUN.expression.tx2gene)]
    if not QUANTIFIES:
        asked = ACQUIRES and RUN.acquire.reference is not None
        lacks = asked and any(not names_genes(s.quant) for s in samples()[:1])
        return [results("reference/annotation.gtf.gz")] if lacks else []
    if RUN.reads.quantifier == "rsem" and RUN.reads.aligner == "star":
        return [reference()["gtf"]]  # its transcripts are those of STAR
    if ACQUIRES:
        return [results("reference/annotation.gtf.gz")]
    return [reference()["transcripts"]] if "gene" in RUN.levels else []


def reference():
    """Return the files of the reference by the option names of `lotwise quantify`."""
    files = {
        name: getattr(RUN.reads, name) for name in ("transcripts", "genome", "gtf")
    }
    files = {name: str(file) for name, file in files.items() if file is not None}
    if ACQUIRES:
        files.setdefault("transcripts", results("reference/transcripts.fa.gz"))
    if "transcripts" not in files:
        raise InputError(
            "key 'reads.transcripts' is null, but source: reads requires it",
            path="configuration",
            remedy="give the FASTA of transcripts",
        )
    return files


def expression_settings():
    """Return the section `expression` as used by this run."""
    deposited = ACQUIRES and RUN.acquire.route == "deposited"
    # If the table was declared to have TPM of a subset of the genes, the reader accepts them too.
    partial = deposited and RUN.acquire.deposited.kind == "tpm"
    update = {"bootstraps": keeps_bootstraps()} | (
        {"tpm_sum": "any"} if partial else {}
    )
    return RUN.expression.model_copy(update=update)


def quantifying(*left_out):
    """Return the section `reads` and the reference as options of `lotwise quantify`.

    Keys that a step does not use are left out, because changing them would run the step again.
    Whether halves are quantified decides which rules run.
    """
    without = dict.fromkeys(("threads", "genotype", "halves", *left_out), ())
    update = {**reference(), **without}
    words = [
        *as_options(RUN.reads.model_copy(update=update)),
        "--out",
        str(RUN.results),
    ]
    return lambda wildcards: shlex.join(words)


def genotyping(*left_out):
    """Give the section `reads.genotype` as options, without what a step does not use."""
    without = dict.fromkeys(("compare", *left_out), ())
    words = as_options(RUN.reads.genotype.model_copy(update=without))
    return lambda wildcards: shlex.join(words)


def counted_samples(wildcards):
    return [str(TREE.pileup(s.sample)) for s in compared()]


def limits(wildcards, threads):
    """Return the limits of the checks; because of `threads`, changing them runs no step again.

    The limits only decide about refusal. The quantification stays the same and is judged by the
    current limits.
    """
    return shlex.join(as_options(RUN.reads.limits))


def root_of(wildcards, output):
    """Return the results folder from the path of a file in one of its subfolders."""
    return str(Path(output[-1]).parents[1])


def megabytes(base, per_sample=0):
    """Return a rule's memory, which grows with the number of samples and with each attempt."""
    if not per_sample:
        return lambda wildcards, attempt: attempt * base
    return lambda wildcards, attempt: attempt * (base + per_sample * n_samples())


def n_samples():
    """Return the number of samples; 0 until known, since resources must not use a checkpoint."""
    return len(samples_of(SHEET)) if Path(SHEET).exists() else 0


def to_quantify(needs):
    """Return memory or time for one sample, which grows with its reads and with each attempt."""
    return lambda wildcards, attempt: attempt * needs(bytes_of_reads(wildcards.sample))


def minutes(base):
    """Return a rule's time limit, which grows with each attempt."""
    return lambda wildcards, attempt: attempt * base


def is_verified():
    """Return whether coefficients are expected for batches of this run.

    Those of GSE150969 are in the repository's config.yaml, which other runs may inherit.
    """
    expected = RUN.acquire.expected
    if ACQUIRES:
        return bool(expected)
    batches = {s.batch for s in samples()}
    return any({one.batch_a, one.batch_b} <= batches for one in expected)


def tables():
    """Return all tables of a run."""
    return [
        str(TREE.samples),
        [str(TREE.tpm(level)) for level in RUN.levels],
        [correlation_tables(level) for level in RUN.levels],
        [evidence_tables(level) for level in RUN.levels],
        str(TREE.verification) if is_verified() else [],
        VERDICT,
    ]


def recorded():
    """Return the files of a run that its record lists."""
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
    """Return the resolved configuration as JSON; a function, because of the braces."""
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
