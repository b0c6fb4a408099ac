"""What the programs find of what was planted, and of real reads."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from lotwise.errors import RefusedError
from lotwise.quantify import Kallisto, Reference, Rsem, Settings, Strand, Yield, quantify_samples
from lotwise.records import read_table
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
    with pytest.raises(RefusedError, match=r"of 1 samples are refused: sample 'lot2_rep2': 2,\d+"):
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


def encode(shared, name, *, second=True, **fields):
    folder = shared / "encode_chr19"
    if second:
        run = Run(fastq_1=folder / f"{name}_R1.fastq.gz", fastq_2=folder / f"{name}_R2.fastq.gz")
    else:
        run = Run(fastq_1=folder / f"{name}.fastq.gz")
    return Sample(sample=name, batch=name, runs=(run,), **fields)


@pytest.fixture(scope="module")
def encode_samples(shared):
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


def test_quantify_samples__the_three_programs_agree_on_airway_reads(
    shared, require, settings, tmp_path, sum_genes
):
    from lotwise.quantify import Salmon, prepare_reference

    require("salmon", "rsem-calculate-expression", "bowtie2", "samtools")
    folder = shared / "airway_gse52778"
    fasta = folder / "reference" / "Homo_sapiens.GRCh38.cdna.all.1.1.10M.fa.gz"
    samples = [
        Sample(
            sample=name,
            batch=name,
            runs=(
                Run(
                    fastq_1=folder / "fastq" / f"{name}_R1.fastq.gz",
                    fastq_2=folder / "fastq" / f"{name}_R2.fastq.gz",
                ),
            ),
        )
        for name in ("SRR1039508", "SRR1039513")
    ]
    prepared = prepare_reference(fasta, cache=settings.cache)
    genes = pd.read_csv(prepared.tx2gene, sep="\t", header=None, index_col=0)[1]
    found = {}
    for quantifier in (Kallisto(), Salmon(), Rsem()):
        quantify_samples(
            samples,
            quantifier=quantifier,
            reference=Reference(transcripts=fasta),
            out=tmp_path,
            settings=settings,
        )
        for sample in samples:
            abundance = quantifier.read(tmp_path / "quant" / quantifier.name / sample.sample)
            found[quantifier.name, sample.sample] = sum_genes(abundance.names, abundance.tpm, genes)
    r = pd.DataFrame(found).corr()
    for sample in ("SRR1039508", "SRR1039513"):
        of_sample = r.xs(sample, level=1).xs(sample, level=1, axis=1)
        assert of_sample.to_numpy().min() > 0.95
