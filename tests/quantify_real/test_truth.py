"""What the programs find of what was planted, and of real reads."""

import dataclasses
import gzip
import json
import re

import numpy as np
import pandas as pd
import pytest

from lotwise.errors import InputError, RefusedError, UnmappedTranscriptsWarning
from lotwise.expression.read import read_quant
from lotwise.files.tables import read_table
from lotwise.quantify import (
    Kallisto,
    Reference,
    Rsem,
    Salmon,
    Settings,
    Strand,
    Yield,
    prepare_reference,
    quantify_samples,
)
from lotwise.samples import Run, Sample, read_samples


@pytest.fixture(scope="module")
def deep(simulate):
    """One sample of 200,000 pairs on 500 genes."""
    return simulate(n_genes=500, n_batches=1, n_fragments=200_000, strandedness="forward")


def genes_of(experiment):
    return pd.read_csv(experiment.tx2gene, sep="\t", index_col=0)["gene_id"]


def true_log_tpm(experiment):
    return np.log2(pd.read_csv(experiment.truth / "gene.tpm.tsv.gz", sep="\t", index_col=0) + 1)


def test_quantify_samples__genes_are_as_simulated(quantifier, deep, settings, tmp_path, sum_genes):
    samples = read_samples(deep.samples)
    rows = quantify_samples(
        samples,
        quantifier=quantifier,
        reference=Reference(transcripts=deep.transcripts),
        out=tmp_path,
        settings=settings,
    )
    assert rows[0].share_used == pytest.approx(0.95, abs=0.01)
    assert read_table(tmp_path / "strandedness.tsv", Strand)["applied"].tolist() == ["forward"]
    abundance = quantifier.read(tmp_path / "quant" / quantifier.name / "lot1_rep1")
    found = sum_genes(abundance.names, abundance.tpm, genes_of(deep))
    truth = true_log_tpm(deep)["lot1_rep1"]
    assert np.corrcoef(found.reindex(truth.index), truth)[0, 1] > 0.99
    call = json.loads((tmp_path / "quant" / quantifier.name / "lot1_rep1.json").read_text())
    assert (call["exit_status"], call["version"]) == (0, quantifier.version())


def test_quantify_samples__star_aligns_to_the_genome(
    require, simulate, settings, tmp_path, sum_genes
):
    require("rsem-calculate-expression", "STAR", "samtools")
    made = simulate(n_genes=60, n_batches=1, n_fragments=6_000)
    star = Rsem(aligner="star")
    rows = quantify_samples(
        read_samples(made.samples),
        quantifier=star,
        reference=Reference(transcripts=made.transcripts, genome=made.genome, gtf=made.gtf),
        out=tmp_path,
        settings=settings,
    )
    assert (rows[0].reads_processed, rows[0].standing) == (6_000, "passed")
    abundance = star.read(tmp_path / "quant" / "rsem" / "lot1_rep1")
    truth = true_log_tpm(made)["lot1_rep1"]
    found = sum_genes(abundance.names, abundance.tpm, genes_of(made)).reindex(truth.index)
    assert np.corrcoef(found, truth)[0, 1] > 0.95


def test_quantify_samples__single_reads(quantifier, simulate, settings, tmp_path):
    made = simulate(n_genes=60, n_batches=2, n_fragments=6_000, paired=False)
    rows = quantify_samples(
        read_samples(made.samples),
        quantifier=quantifier,
        reference=Reference(transcripts=made.transcripts),
        out=tmp_path,
        settings=settings,
    )
    assert [row.standing for row in rows] == ["passed", "passed"]


def test_quantify_samples__runs_of_a_sample_are_one_library(
    quantifier, samples, reference, settings, tmp_path
):
    """Two samples' runs given as one sample's: all reads are used together."""
    joined = dataclasses.replace(samples[0], runs=samples[0].runs + samples[1].runs)
    (row,) = quantify_samples(
        [joined], quantifier=quantifier, reference=reference, out=tmp_path, settings=settings
    )
    assert (row.reads_present, row.reads_processed) == (12_000, 12_000)


def test_quantify_samples__a_failed_library_is_refused_by_name(simulate, settings, tmp_path):
    made = simulate(
        n_genes=100,
        n_batches=3,
        n_replicates=2,
        n_fragments=100_000,
        faults={"lot2_rep2": "failed"},
    )
    with pytest.raises(RefusedError, match=r"refused: sample 'lot2_rep2': 2,\d"):
        quantify_samples(
            read_samples(made.samples),
            quantifier=Kallisto(),
            reference=Reference(transcripts=made.transcripts),
            out=tmp_path,
            settings=settings,
        )
    table = read_table(tmp_path / "yield.tsv", Yield).set_index("sample")
    assert (table["standing"] == "refused").sum() == 1
    assert not (tmp_path / "quant" / "kallisto" / "samples.tsv").exists()


@pytest.mark.parametrize("seed", range(5))
def test_quantify_samples__no_sound_library_is_refused(simulate, cache, tmp_path, seed):
    """Ten a seed: fifty sound libraries pass the gate before and after kallisto."""
    made = simulate(seed=seed, n_genes=100, n_batches=5, n_replicates=2, n_fragments=5_000)
    rows = quantify_samples(
        read_samples(made.samples),
        quantifier=Kallisto(),
        reference=Reference(transcripts=made.transcripts),
        out=tmp_path,
        settings=Settings(cache=tmp_path / "cache", threads=2),
    )
    assert [row.standing for row in rows] == ["passed"] * 10


@pytest.mark.parametrize("quantifier", ["kallisto", "salmon"], indirect=True)
def test_read_quant__bootstraps_of_the_program(quantifier, samples, small, settings, tmp_path):
    quantify_samples(
        samples,
        quantifier=quantifier,
        reference=Reference(transcripts=small.transcripts),
        out=tmp_path,
        settings=dataclasses.replace(settings, bootstraps=20),
    )
    sheet = tmp_path / "quant" / quantifier.name / "samples.tsv"
    _, isoform = read_quant(sheet, tx2gene=small.tx2gene, bootstraps=True)
    drawn = isoform.uns["lotwise"]["bootstraps"]
    for place, sample in enumerate(samples):
        counts = isoform.layers["counts"][place]
        ours = drawn[sample.sample]
        assert ours.shape == (20, isoform.n_vars)
        # A bootstrap draws as many fragments again, and not the same ones.
        np.testing.assert_allclose(ours.sum(axis=1), counts.sum(), rtol=1e-3)
        assert ours.std(axis=0).max() > 1
        # Of features with few fragments, the draws of an unseeded program may differ by any factor.
        many = counts >= 20
        drawn_mean, given = np.log2(ours.mean(axis=0)[many] + 1), np.log2(counts[many] + 1)
        assert np.corrcoef(drawn_mean, given)[0, 1] > 0.98


def test_quantify_samples__rsem_makes_no_bootstraps(
    require, samples, reference, settings, tmp_path
):
    require("rsem-calculate-expression", "bowtie2", "samtools")
    with pytest.raises(InputError, match=r"RSEM does not compute bootstraps"):
        quantify_samples(
            samples,
            quantifier=Rsem(),
            reference=reference,
            out=tmp_path,
            settings=dataclasses.replace(settings, bootstraps=6),
        )


def test_quantify_samples__salmon_with_decoys(require, samples, small, settings, tmp_path):
    require("salmon")
    rows = quantify_samples(
        samples,
        quantifier=Salmon(),
        reference=Reference(transcripts=small.transcripts, genome=small.genome),
        out=tmp_path,
        settings=settings,
    )
    assert [row.standing for row in rows] == ["passed", "passed"]
    folder = tmp_path / "quant" / "salmon" / "lot1_rep1"
    told = json.loads((folder / "aux_info" / "meta_info.json").read_text())
    n_sequences = sum(line.startswith(">") for line in small.genome.read_text().splitlines())
    assert told["num_decoy_targets"] == n_sequences > 0
    # No decoy stands among the transcripts.
    n_isoforms = len(pd.read_csv(small.tx2gene, sep="\t"))
    assert len(Salmon().read(folder).names) == rows[0].n_isoforms == n_isoforms


def encode(shared, name, *, second=True, **fields):
    folder = shared / "encode_chr19"
    if second:
        run = Run(fastq_1=folder / f"{name}_R1.fastq.gz", fastq_2=folder / f"{name}_R2.fastq.gz")
    else:
        run = Run(fastq_1=folder / f"{name}.fastq.gz")
    return Sample(sample=name, batch=name, runs=(run,), **fields)


@pytest.fixture(scope="module")
def encode_samples(shared):
    """Paired and stranded, paired and declared unstranded, single; replicates of two of them."""
    single = {"second": False, "fragment_length": 250.0, "fragment_sd": 10.0}
    return [
        encode(shared, "ENCSR653DFZ_rep1_chr19_10000reads"),
        encode(shared, "ENCSR653DFZ_rep2_chr19_10000reads"),
        encode(shared, "ENCSR142YZV_chr19only_10000_reads", strandedness="unstranded"),
        encode(shared, "rep1_ENCSR510QZW_chr19only_10000_reads", **single),
        encode(shared, "rep2_ENCSR510QZW_chr19only_10000_reads", **single),
    ]


def test_quantify_samples__encode_reads_same_bytes_for_any_threads(
    shared, encode_samples, settings, tmp_path
):
    fasta = shared / "encode_chr19" / "Homo_sapiens.GRCh38.cdna.all.chr19_ERCC_phix.fa.gz"
    written = []
    for name, threads in (("a", 1), ("again", 1), ("b", 2), ("c", 4)):
        rows = quantify_samples(
            encode_samples,
            quantifier=Kallisto(),
            reference=Reference(transcripts=fasta),
            out=tmp_path / name,
            settings=dataclasses.replace(settings, threads=threads),
        )
        assert [row.standing for row in rows] == ["passed"] * 5
        folder = tmp_path / name / "quant" / "kallisto"
        written.append([(folder / s.sample / "abundance.tsv").read_bytes() for s in encode_samples])
    assert all(bytes_ == written[0] for bytes_ in written[1:])
    strands = read_table(tmp_path / "a" / "strandedness.tsv", Strand)
    assert strands["applied"].tolist() == ["reverse"] * 2 + ["unstranded"] * 3


def test_quantify_samples__rsem_sums_to_genes_beside_spike_ins(
    shared, require, encode_samples, settings, tmp_path
):
    """The reference of ENCODE has 97 spike-ins, whose headers name no gene."""
    require("rsem-calculate-expression", "bowtie2", "samtools")
    fasta = shared / "encode_chr19" / "Homo_sapiens.GRCh38.cdna.all.chr19_ERCC_phix.fa.gz"
    quantify_samples(
        encode_samples[:1],
        quantifier=Rsem(),
        reference=Reference(transcripts=fasta),
        out=tmp_path,
        settings=settings,
    )
    (genes,) = (tmp_path / "quant" / "rsem").glob("*/*.genes.results")
    table = pd.read_csv(genes, sep="\t", index_col=0)
    with gzip.open(fasta, "rt") as lines:
        headers = [line for line in lines if line.startswith(">")]
    named = {line.split(" gene:")[1].split()[0] for line in headers if " gene:" in line}
    spikes = {line[1:].split()[0] for line in headers if " gene:" not in line}
    assert len(spikes) == 97
    assert set(table.index) == named | spikes
    sheet = tmp_path / "quant" / "rsem" / "samples.tsv"
    with pytest.warns(UnmappedTranscriptsWarning, match="97 of 11,567"):
        gene, _ = read_quant(sheet, tx2gene=fasta)
    assert set(gene.var_names) == set(table.index)


AIRWAY = ("SRR1039508", "SRR1039509", "SRR1039513")
AIRWAY_PROGRAMS = {
    "kallisto": Kallisto(),
    "salmon": Salmon(),
    "rsem with bowtie": Rsem(aligner="bowtie"),
    "rsem with bowtie2": Rsem(),
}
THREE = ["kallisto", "salmon", "rsem with bowtie"]


@pytest.fixture(scope="module")
def airway(shared, require, cache, tmp_path_factory, sum_genes):
    """Genes of three real samples, a column a program: TPM and counts, each by sample."""
    require("salmon", "rsem-calculate-expression", "bowtie", "bowtie2", "samtools")
    folder = shared / "airway_gse52778"
    fasta = folder / "reference" / "Homo_sapiens.GRCh38.cdna.all.1.1.10M.fa.gz"
    samples = []
    for name in AIRWAY:
        mates = [folder / "fastq" / f"{name}_R{mate}.fastq.gz" for mate in (1, 2)]
        run = Run(fastq_1=mates[0], fastq_2=mates[1])
        samples.append(Sample(sample=name, batch=name, runs=(run,)))
    prepared = prepare_reference(fasta, cache=cache)
    genes = pd.read_csv(prepared.tx2gene, sep="\t", header=None, index_col=0)[1]
    tpm = {name: {} for name in AIRWAY}
    counts = {name: {} for name in AIRWAY}
    for label, quantifier in AIRWAY_PROGRAMS.items():
        out = tmp_path_factory.mktemp("airway")
        quantify_samples(
            samples,
            quantifier=quantifier,
            reference=Reference(transcripts=fasta),
            out=out,
            settings=Settings(cache=cache, threads=2),
        )
        for name in AIRWAY:
            found = quantifier.read(out / "quant" / quantifier.name / name)
            tpm[name][label] = pd.Series(found.tpm, list(found.names)).groupby(genes).sum()
            counts[name][label] = pd.Series(found.counts, list(found.names)).groupby(genes).sum()
    return {name: (pd.DataFrame(tpm[name]), pd.DataFrame(counts[name])) for name in AIRWAY}


@pytest.fixture(scope="module")
def airway_copies(shared):
    """The genes there that are processed pseudogenes, each a copy of another gene's mRNA."""
    fasta = "airway_gse52778/reference/Homo_sapiens.GRCh38.cdna.all.1.1.10M.fa.gz"
    with gzip.open(shared / fasta, "rt") as lines:
        return {
            line.split(" gene:")[1].split()[0]
            for line in lines
            if re.match(r">.*(?<!un)processed_pseudogene", line)
        }


@pytest.mark.parametrize("name", AIRWAY)
def test_quantify_samples__three_programs_agree_over_all_airway_genes(airway, shared, name):
    """In TPM of the whole library, of which these reads are the thousandth on 10 Mb of chr1.

    Its 182 genes alone sum to a million, so that a fragment on one of them is hundreds of TPM,
    and the 1 of log2(TPM + 1) is a thousandth of what it is elsewhere. The run table has the
    number of fragments of the whole library.
    """
    tpm, counts = airway[name]
    runs = pd.read_csv(shared / "airway_gse52778" / "SraRunInfo_SRP033351.csv", index_col="Run")
    share = counts.sum() / runs.loc[name, "spots"]
    assert share.between(5e-4, 3e-3).all()
    log_tpm = np.log2(tpm * share + 1)
    assert len(log_tpm) == 182
    assert log_tpm[THREE].corr().to_numpy().min() > 0.95


@pytest.mark.parametrize("name", AIRWAY)
def test_quantify_samples__kallisto_and_salmon_agree_in_tpm_of_the_airway_reads(airway, name):
    log_tpm = np.log2(airway[name][0] + 1)
    assert log_tpm["kallisto"].corr(log_tpm["salmon"]) > 0.95


@pytest.mark.parametrize("name", AIRWAY)
def test_quantify_samples__three_programs_agree_on_airway_genes_that_are_no_copies(
    airway, airway_copies, name
):
    """In TPM of the part: docs/methods/quantifiers.md says what becomes of the copies there."""
    tpm, _ = airway[name]
    originals = np.log2(tpm[~tpm.index.isin(airway_copies)] + 1)
    assert len(originals) == 149
    assert originals[THREE].corr().to_numpy().min() > 0.95


@pytest.mark.parametrize("name", AIRWAY)
def test_quantify_samples__all_programs_agree_on_counted_airway_genes(airway, name):
    """Genes with 10 counts or more in all four, in TPM of the part."""
    tpm, counts = airway[name]
    counted = np.log2(tpm[(counts >= 10).all(axis=1)] + 1)
    assert len(counted) > 50
    assert counted.corr().to_numpy().min() > 0.95
