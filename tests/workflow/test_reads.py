"""The workflow from reads: the demo made small, and real reads of ENCODE."""

from __future__ import annotations

import gzip
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from pypdf import PdfReader
from snakemake_run import ROOT, jobs_of, report_of, run, snakemake

from lotwise.evidence.genotype import DonorRecord
from lotwise.files.tables import read_table
from lotwise.quantify import Intake, Strand, Yield
from lotwise.tree import ResultTree


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The folder of `make demo` before Snakemake, with fewer genes and reads."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copy(ROOT / "config.yaml", folder)
    run(
        "lotwise", "simulate", "results/demo/input", "--as", "reads", "--genes", "150",
        "--fragments", "15000", "--de-genes", "15", "--switches", "5", cwd=folder,
    )  # fmt: skip
    return folder


DEMO = ("--configfile", ROOT / "config" / "demo.yaml")


def test_demo__jobs_per_rule(demo):
    assert jobs_of(snakemake(*DEMO, "--dry-run", "--forceall", cwd=demo)) == {
        "all": 1,
        "register_criteria": 1,
        "check": 3,
        "intake": 1,
        "index": 1,
        "quantify": 3,
        "quantify_halves": 3,
        "judge": 1,
        "count_bases": 3,
        "join_bases": 1,
        "expression": 1,
        "correlation": 2,
        "figures_gene": 1,
        "figures_isoform": 1,
        "evidence_gene": 1,
        "evidence_isoform": 1,
        "evidence_figures_gene": 1,
        "evidence_figures_isoform": 1,
        "verdict": 1,
        "workbook": 1,
        "record": 1,
        "write_report": 1,
        "total": 31,
    }


def test_demo__finds_what_was_planted_and_says_that_it_is_simulated(demo):
    snakemake(*DEMO, cwd=demo)
    results = demo / "results" / "demo"
    assert set(read_table(results / "intake.tsv", Intake)["reads_present"]) == {15_000}
    assert set(read_table(results / "yield.tsv", Yield)["standing"]) == {"passed"}
    donors = read_table(ResultTree(results).table("gene", "donors"), DonorRecord)
    assert (set(donors["agrees"]), set(donors["mixed"])) == ({"yes"}, {"no"})
    found = pd.read_csv(results / "expression" / "gene.tpm.tsv.gz", sep="\t", index_col=0)
    truth = pd.read_csv(results / "input/truth/gene.tpm.tsv.gz", sep="\t", index_col=0)
    log_found, log_truth = np.log2(found + 1), np.log2(truth.reindex(found.index) + 1)
    for sample in ("lot1_rep1", "lot2_rep1", "lot3_rep1"):
        assert np.corrcoef(log_found[sample], log_truth[sample])[0, 1] > 0.97
    # The genes that change were planted in the last batch.
    fold = pd.read_csv(results / "input/truth/genes.tsv", sep="\t", index_col=0)["log2_fold"]
    others = log_found[["lot1_rep1", "lot2_rep1"]].mean(axis=1)
    change = (log_found["lot3_rep1"] - others).abs()
    assert change[fold != 0].median() > 1 > change[fold == 0].median()
    for name in ("extended_data_fig1_gene", "extended_data_fig2_isoform", "gene_heatmap_given"):
        assert {f"{name}.{kind}" for kind in ("pdf", "png")} <= {
            path.name for path in (results / "figures").iterdir()
        }
        [page] = PdfReader(results / "figures" / f"{name}.pdf").pages
        assert "simulated data" in page.extract_text()
    again = snakemake(*DEMO, "--dry-run", cwd=demo)
    assert "Nothing to be done" in again.stdout + again.stderr


def test_demo__published_coefficients_beside_it_and_every_caption(demo):
    """What the configuration expects is compared, whatever the source; nothing else is done."""
    results = demo / "results" / "demo"
    if not (results / "report.html").exists():
        snakemake(*DEMO, cwd=demo)
    pairs = pd.read_csv(results / "correlation" / "gene.batch_pairs.tsv", sep="\t")
    found = pairs[pairs["feature_set"] == "all"].iloc[0]
    expected = {
        "level": "gene", "batch_a": found["batch_b"], "batch_b": found["batch_a"],
        "r": round(float(found["pearson"]), 3), "decimals": 3, "source": "this run",
    }  # fmt: skip
    document = {"acquire": {"expected": [expected]}}
    (demo / "expected.yaml").write_text(yaml.safe_dump(document))
    arguments = (*DEMO, "expected.yaml")
    planned = jobs_of(snakemake(*arguments, "--dry-run", cwd=demo))
    assert set(planned) == {"all", "verify", "workbook", "record", "write_report", "total"}
    snakemake(*arguments, cwd=demo)
    table = pd.read_csv(results / "verification.tsv", sep="\t")
    assert list(table["status"]) == ["agrees"]
    categories = report_of(*arguments, cwd=demo)
    place = "results/demo"
    assert categories["Reads"] == {f"{place}/intake.tsv", f"{place}/yield.tsv"}
    assert categories["Verdict"] == {f"{place}/verdict.tsv"}
    assert f"{place}/verification.tsv" in categories["Correlation"]


def run_refused(folder, config):
    """Run the workflow to its end, which is a refusal; give what it said."""
    (folder / "config.yaml").write_text(yaml.safe_dump({"source": "reads", **config}))
    done = snakemake("--retries", "2", cwd=folder, check=False)
    assert done.returncode == 1
    return done.stdout + done.stderr


def test_reads__refused_by_the_gate_are_told_and_read_once(tmp_path):
    """A truncated FASTQ, through Snakemake, which removes the outputs of a job that failed."""
    run(
        "lotwise", "simulate", "input", "--as", "reads", "--genes", "20", "--fragments", "500",
        "--batches", "2", cwd=tmp_path,
    )  # fmt: skip
    reads = min((tmp_path / "input").rglob("*.fastq.gz"))
    reads.write_bytes(reads.read_bytes()[:-200])
    said = run_refused(
        tmp_path,
        {
            "samples": "input/samples.tsv",
            "results": "out",
            "reads": {"transcripts": "input/reference/transcripts.fa"},
        },
    )
    out = tmp_path / "out"
    assert "Error in rule intake" in said
    assert "Trying to restart" not in said
    assert not (out / "intake.tsv").exists()
    kept = read_table(out / "logs" / "intake.tsv", Intake)
    assert sorted(kept["integrity"]) == ["passed", "refused"]
    assert "see the table out/logs/intake.tsv" in (out / "logs" / "intake.log").read_text()
    # What was read to its end is not read again by the next call, and one bad sample has not
    # stopped the other.
    assert jobs_of(snakemake("--dry-run", cwd=tmp_path)).get("check") is None
    assert len(list((out / "quant").rglob("abundance.tsv"))) == 1


@pytest.mark.slow
def test_reads__a_truncated_file_among_20_samples_and_one_of_another_species(tmp_path):
    """19 are quantified, one is named, exit code 1; without it, reads that fit nothing are named.

    A quantifier would refuse them for itself, and Snakemake would try it again.
    """
    run(
        "lotwise", "simulate", "input", "--as", "reads", "--genes", "20", "--fragments", "1200",
        "--batches", "20", cwd=tmp_path,
    )  # fmt: skip
    fastq = tmp_path / "input" / "fastq"
    bad = fastq / "lot7_rep1_R2.fastq.gz"
    bad.write_bytes(bad.read_bytes()[:-200])
    config = {
        "samples": "input/samples.tsv",
        "results": "out",
        "reads": {"transcripts": "input/reference/transcripts.fa"},
    }
    said = run_refused(tmp_path, config)
    assert "Trying to restart" not in said
    out = tmp_path / "out"
    quantified = {path.parent.name for path in (out / "quant").rglob("abundance.tsv")}
    every = {f"lot{n}_rep1" for n in range(1, 21)}
    assert quantified == every - {"lot7_rep1"}
    log = (out / "logs" / "intake.log").read_text()
    assert "the reads of 1 sample are refused: sample 'lot7_rep1': " in log
    assert "lot7_rep1_R2.fastq.gz: is truncated" in log
    assert "`reads.exclude: [lot7_rep1]`" in log

    rng = np.random.default_rng(3)
    for mate in (1, 2):
        foreign = ("".join(rng.choice(list("ACGT"), 75)) for _ in range(1200))
        text = "".join(f"@r{i}\n{read}\n+\n{'I' * 75}\n" for i, read in enumerate(foreign))
        (fastq / f"lot9_rep1_R{mate}.fastq.gz").write_bytes(gzip.compress(text.encode()))
    config["reads"]["exclude"] = ["lot7_rep1"]
    said = run_refused(tmp_path, config)
    assert "Error in rule judge" in said
    assert "Trying to restart" not in said
    log = (out / "logs" / "judge.log").read_text()
    assert "1 sample was refused and not quantified: " in log
    assert "lot9_rep1_R1.fastq.gz: sample 'lot9_rep1': of the first 1,200 reads, " in log
    assert "but only 0 of these" in log
    assert "`reads.exclude: [lot9_rep1]`" in log
    # The next call tries it anew, and no other.
    assert jobs_of(snakemake("--dry-run", cwd=tmp_path))["quantify"] == 1
    config["reads"]["exclude"] += ["lot9_rep1"]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"source": "reads", **config}))
    sheet = "out/quant/kallisto/samples.tsv"
    snakemake(sheet, cwd=tmp_path)
    assert len((tmp_path / sheet).read_text().splitlines()) == 1 + 18


def test_reads__refused_after_quantification_are_told(tmp_path):
    """Too few reads used: yield.tsv and strandedness.tsv are kept."""
    run(
        "lotwise", "simulate", "input", "--as", "reads", "--genes", "20", "--fragments", "500",
        "--batches", "2", cwd=tmp_path,
    )  # fmt: skip
    run_refused(
        tmp_path,
        {
            "samples": "input/samples.tsv",
            "results": "out",
            "reads": {
                "transcripts": "input/reference/transcripts.fa",
                "limits": {"smallest_reads_used": 100_000},
            },
        },
    )
    kept = read_table(tmp_path / "out" / "logs" / "yield.tsv", Yield)
    assert set(kept["standing"]) == {"refused"}
    assert "see the table out/logs/yield.tsv" in (tmp_path / "out/logs/judge.log").read_text()


@pytest.fixture(scope="module")
def quantified(tmp_path_factory):
    """Three samples of a sheet that have been quantified, and a fourth that is not in it yet."""
    folder = tmp_path_factory.mktemp("quantified")
    run(
        "lotwise", "simulate", "input", "--as", "reads", "--genes", "20", "--fragments", "2000",
        "--batches", "4", cwd=folder,
    )  # fmt: skip
    header, *rows = (folder / "input" / "samples.tsv").read_text().splitlines()
    write_sheet(folder, header, rows[:3])
    reads = {"transcripts": "input/reference/transcripts.fa", "threads": 1}
    config = {"source": "reads", "samples": "input/samples.tsv", "results": "out", "reads": reads}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    snakemake(SHEET_OF_QUANTIFICATIONS, cwd=folder)
    return folder, header, rows


SHEET_OF_QUANTIFICATIONS = "out/quant/kallisto/samples.tsv"


def write_sheet(folder, header, rows):
    (folder / "input" / "samples.tsv").write_text("\n".join([header, *rows]) + "\n")


def planned(folder, *arguments):
    """Return the jobs that a dry run plans; empty if nothing is to be done."""
    said = snakemake(SHEET_OF_QUANTIFICATIONS, "--dry-run", *arguments, cwd=folder)
    return {} if "Nothing to be done" in said.stdout + said.stderr else jobs_of(said)


ALL_SAMPLES = {"intake": 1, "judge": 1}


def test_reads__a_row_more_is_one_sample_more(quantified):
    folder, header, rows = quantified
    assert not planned(folder)
    write_sheet(folder, header, rows)
    assert planned(folder) == {"check": 1, "quantify": 1, **ALL_SAMPLES, "total": 4}


def test_reads__a_row_refused_costs_the_others_nothing(quantified):
    """Snakemake removes intake.tsv where the added reads are refused."""
    folder, header, rows = quantified
    write_sheet(folder, header, rows)
    reads = folder / "input" / "fastq" / "lot4_rep1_R1.fastq.gz"
    whole = reads.read_bytes()
    reads.write_bytes(whole[:-200])
    assert snakemake(SHEET_OF_QUANTIFICATIONS, cwd=folder, check=False).returncode == 1
    assert not (folder / "out" / "intake.tsv").exists()
    reads.write_bytes(whole)
    assert planned(folder) == {"check": 1, "quantify": 1, **ALL_SAMPLES, "total": 4}
    write_sheet(folder, header, rows[:3])
    snakemake(SHEET_OF_QUANTIFICATIONS, cwd=folder)


def test_reads__a_mended_batch_is_told_and_no_reads_are_read_again(quantified):
    folder, header, rows = quantified
    first, batch = rows[0].split("\t")[:2]
    mended = [rows[0].replace(f"\t{batch}\t", "\tmended\t", 1), *rows[1:3]]
    write_sheet(folder, header, mended)
    assert planned(folder) == {**ALL_SAMPLES, "total": 2}
    snakemake(SHEET_OF_QUANTIFICATIONS, cwd=folder)
    for table, record in (("intake.tsv", Intake), ("yield.tsv", Yield)):
        batches = read_table(folder / "out" / table, record).set_index("sample")["batch"]
        assert batches[first] == "mended"
    assert "\tmended\t" in (folder / SHEET_OF_QUANTIFICATIONS).read_text()
    write_sheet(folder, header, rows[:3])
    snakemake(SHEET_OF_QUANTIFICATIONS, cwd=folder)


@pytest.mark.parametrize("what", ["strandedness", "files", "content"])
def test_reads__a_change_of_one_sample_runs_it_alone(quantified, what):
    folder, header, rows = quantified
    if what == "strandedness":
        strands = ["forward", "auto", "auto"]
        told = [f"{row}\t{strand}" for row, strand in zip(rows[:3], strands, strict=True)]
        write_sheet(folder, f"{header}\tstrandedness", told)
    elif what == "files":
        write_sheet(folder, header, [rows[0].replace("fastq/lot1", "fastq/lot4"), *rows[1:3]])
    else:
        reads = folder / "input" / "fastq" / "lot1_rep1_R1.fastq.gz"
        reads.write_bytes(gzip.compress(gzip.decompress(reads.read_bytes())))
    assert planned(folder) == {"check": 1, "quantify": 1, **ALL_SAMPLES, "total": 4}
    write_sheet(folder, header, rows[:3])


def test_reads__a_changed_limit_judges_alone(quantified):
    folder, *_ = quantified
    snakemake(SHEET_OF_QUANTIFICATIONS, cwd=folder)
    for limit in ("smallest_depth_ratio: 0.06", "smallest_share_used: 0.2"):
        assert planned(folder, *reads_with(f"limits: {{{limit}}}")) == {"judge": 1, "total": 1}


def reads_with(words):
    return "--config", f"reads={{transcripts: input/reference/transcripts.fa, {words}}}"


def test_reads__more_bootstraps_and_a_row_more_at_once(quantified):
    """No sample is left without its bootstraps because another was added."""
    folder, header, rows = quantified
    write_sheet(folder, header, rows)
    jobs = planned(folder, *reads_with("bootstraps: 5"))
    assert jobs == {"check": 1, "index": 1, "quantify": 4, **ALL_SAMPLES, "total": 8}
    write_sheet(folder, header, rows[:3])


def test_reads__another_reference_quantifies_all(quantified):
    folder, *_ = quantified
    transcripts = folder / "input" / "reference" / "transcripts.fa"
    transcripts.write_text(f"{transcripts.read_text()}>ERCC\n{'ACGT' * 100}\n")
    jobs = planned(folder)
    assert {rule: jobs.get(rule) for rule in ("check", "index", "quantify", "judge")} == {
        "check": None, "index": 1, "quantify": 3, "judge": 1
    }  # fmt: skip


def test_demo__isoforms_alone_need_no_genes(demo, tmp_path):
    """A FASTA whose headers name no gene, as of a transcriptome that was assembled."""
    made = demo / "results" / "demo" / "input"
    fasta = (made / "reference" / "transcripts.fa").read_text()
    (tmp_path / "plain.fa").write_text(re.sub(r"^(>\S+).*$", r"\1", fasta, flags=re.MULTILINE))
    config = {
        "source": "reads",
        "samples": str(made / "samples.tsv"),
        "results": "out",
        "levels": ["isoform"],
        "reads": {"transcripts": "plain.fa", "threads": 2},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    snakemake("out/correlation/isoform.pearson.tsv", cwd=tmp_path)
    assert (tmp_path / "out/expression/isoform.h5ad").exists()


ENCODE_FIGURES = (
    "extended_data_fig1_gene",
    "extended_data_fig2_isoform",
    "gene_heatmap_clustered",
    "gene_heatmap_given",
    "isoform_heatmap_clustered",
    "isoform_heatmap_given",
)


@pytest.fixture(scope="module")
def encode(shared, tmp_path_factory):
    """ENCODE's five libraries of chromosome 19, quantified and compared by the workflow."""
    folder, reads = tmp_path_factory.mktemp("encode"), shared / "encode_chr19"
    header = [
        "sample", "batch", "fastq_1", "fastq_2", "strandedness", "fragment_length", "fragment_sd",
    ]  # fmt: skip
    rows = [header]
    for name, stem in (
        ("paired_1", "ENCSR653DFZ_rep1_chr19_10000reads"),
        ("paired_2", "ENCSR653DFZ_rep2_chr19_10000reads"),
        ("unstranded", "ENCSR142YZV_chr19only_10000_reads"),
    ):
        mates = [str(reads / f"{stem}_R{mate}.fastq.gz") for mate in (1, 2)]
        # ENCODE quantifies the third without a strand; its reads have one.
        told = "unstranded" if name == "unstranded" else "auto"
        rows.append([name, name.partition("_")[0], *mates, told, "", ""])
    for number in (1, 2):
        file = reads / f"rep{number}_ENCSR510QZW_chr19only_10000_reads.fastq.gz"
        rows.append([f"single_{number}", "single", str(file), "", "auto", "250", "10"])
    (folder / "samples.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    fasta = reads / "Homo_sapiens.GRCh38.cdna.all.chr19_ERCC_phix.fa.gz"
    config = {
        "source": "reads",
        "results": "out",
        "reads": {"transcripts": str(fasta), "threads": 2},
        "figures": {"formats": ["png"]},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    # The demo runs all there is; here the reads matter, and what they say of R.
    snakemake(*(f"out/figures/{name}.png" for name in ENCODE_FIGURES),
              *(f"out/correlation/{level}.pearson.tsv" for level in ("gene", "isoform")),
              cwd=folder)  # fmt: skip
    return folder / "out"


def test_encode__strandedness_is_found(encode):
    strands = read_table(encode / "strandedness.tsv", Strand).set_index("sample")
    assert strands["applied"].tolist() == ["reverse"] * 2 + ["unstranded"] * 3
    # Declared unstranded, as ENCODE quantifies it, and said to be otherwise.
    assert strands.loc["unstranded", "finding"] == "reverse"


@pytest.mark.parametrize("level", ["gene", "isoform"])
def test_encode__replicates_are_nearest_to_each_other(encode, level):
    r = pd.read_csv(encode / f"correlation/{level}.pearson.tsv", sep="\t", index_col=0)
    others = r.where(~np.eye(len(r), dtype=bool))
    for one, other in (("paired_1", "paired_2"), ("single_1", "single_2")):
        assert others[one].idxmax() == other
        assert others[other].idxmax() == one


def test_encode__every_figure_is_drawn(encode):
    for name in ENCODE_FIGURES:
        assert (encode / "figures" / f"{name}.png").stat().st_size > 10_000
