"""The workflow, run by the real Snakemake on simulated batches."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
import yaml
from snakemake_run import BIN, ROOT, jobs_of, report_of, run, snakemake

import lotwise
from lotwise.config import CorrelationConfig, EvidenceConfig, tables_of
from lotwise.expression import read_level
from lotwise.expression.computed import stored_table
from lotwise.files.tables import write_table
from lotwise.keys import LEVELS
from lotwise.run.evidence import gather_evidence
from lotwise.tree import ResultTree

# The importer's own target comes first, as in any Snakefile, and stays the default.
FOREIGN = """
configfile: "own.yaml"
rule all:
    input: "mine.txt", "out/correlation/gene.pairs.tsv"
rule mine:
    output: "mine.txt"
    shell: "touch {{output}}"
module batches:
    snakefile: "{snakefile}"
    config: config["lotwise"]
use rule * from batches as batches_*
"""


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Three small simulated batches of two replicates, and a configuration for them."""
    folder = tmp_path_factory.mktemp("run")
    run("lotwise", "simulate", "input", "--genes", "200", "--replicates", "2", cwd=folder)
    config = {
        "source": "quant",
        "samples": "input/samples.tsv",
        "results": "out",
        "expression": {"tx2gene": "input/reference/tx2gene.tsv"},
        "figures": {"formats": ["png"]},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


@pytest.fixture(scope="module")
def finished(simulated):
    """The folder after a whole run."""
    snakemake(cwd=simulated)
    return simulated


@pytest.fixture(scope="module")
def by_hand(finished):
    """The same samples by `lotwise compare`."""
    run(
        "lotwise", "compare", "input/samples.tsv", "--tx2gene", "input/reference/tx2gene.tsv",
        "--out", "by_hand", "--format", "png", cwd=finished,
    )  # fmt: skip
    return finished / "by_hand"


def test_workflow__jobs_per_rule(simulated):
    dry_run = snakemake("--dry-run", "--forceall", cwd=simulated)
    assert jobs_of(dry_run) == {
        "all": 1,
        "expression": 1,
        "correlation": 2,
        "figures_gene": 1,
        "figures_isoform": 1,
        "evidence_gene": 1,
        "evidence_isoform": 1,
        "evidence_figures_gene": 1,
        "evidence_figures_isoform": 1,
        "workbook": 1,
        "record": 1,
        "write_report": 1,
        "total": 13,
    }


def test_workflow__one_level_alone(simulated):
    dry_run = snakemake("--dry-run", "--forceall", "--config", "levels=[gene]", cwd=simulated)
    assert jobs_of(dry_run)["total"] == 9


def test_workflow__evidence_can_be_switched_off(simulated):
    dry_run = snakemake(
        "--dry-run", "--forceall", "--config", "evidence={statistics: []}", cwd=simulated
    )
    assert jobs_of(dry_run)["total"] == 9
    one = snakemake(
        "--dry-run", "--forceall", "--config", "evidence={statistics: [gene_sets]}", cwd=simulated
    )
    assert {name for name in jobs_of(one) if name.startswith("evidence")} == {"evidence_gene"}


def test_workflow__criteria_are_put_on_record_first_and_judged_last(simulated):
    dry_run = snakemake("--dry-run", "--forceall", "--config", "acceptance=example", cwd=simulated)
    assert jobs_of(dry_run) == {
        "all": 1,
        "expression": 1,
        "correlation": 2,
        "figures_gene": 1,
        "figures_isoform": 1,
        "evidence_gene": 1,
        "evidence_isoform": 1,
        "evidence_figures_gene": 1,
        "evidence_figures_isoform": 1,
        "register_criteria": 1,
        "verdict": 1,
        "workbook": 1,
        "record": 1,
        "write_report": 1,
        "total": 15,
    }


def test_workflow__by_its_full_path_in_an_environment_that_is_not_activated(simulated):
    """`lotwise` is found beside the interpreter; it was not, and the shell ended with 127."""
    command = [BIN / "snakemake", "--snakefile", ROOT / "Snakefile", "--cores", "1", "--config",
               "acceptance=example", "--forcerun", "register_criteria", "--",
               "out/verdict_criteria.yaml"]  # fmt: skip
    environment = {"PATH": os.defpath, "HOME": str(simulated)}
    assert shutil.which("lotwise", path=os.defpath) is None
    done = subprocess.run(
        command, cwd=simulated, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (simulated / "out" / "verdict_criteria.yaml").exists()
    shutil.rmtree(simulated / "out")


def test_workflow__wrong_criteria_stop_the_run_before_it_begins(simulated):
    (simulated / "wrong.yaml").write_text("title: t\ncriterias: []\n")
    found = snakemake("--config", "acceptance=wrong.yaml", cwd=simulated, check=False)
    assert found.returncode != 0
    words = "key 'criterias' is unknown; did you mean 'criteria'?"
    assert words in found.stdout + found.stderr
    assert not (simulated / "out").exists()


def hostile_run(folder, **config):
    """Three batches whose files have blanks in their names, and a configuration for them."""
    run("lotwise", "simulate", "my input", "--genes", "60", cwd=folder)
    common = {"source": "quant", "samples": "my input/samples.tsv", "results": "out", **config}
    (folder / "config.yaml").write_text(yaml.safe_dump(common))
    return folder


def test_workflow__blanks_in_paths_and_braces_in_a_note(tmp_path):
    folder = hostile_run(
        tmp_path,
        expression={"tx2gene": "my input/reference/tx2gene.tsv"},
        figures={"formats": ["svg"], "note": "lots {1, 2} of {level}"},
    )
    snakemake("out/figures/gene_heatmap_given.svg", cwd=folder)
    assert "lots {1, 2} of {level}" in (folder / "out/figures/gene_heatmap_given.svg").read_text()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"results": "out {1}"}, "key 'results' is 'out {1}'"),
        ({"expression": {"tx2gene": "{x}.tsv"}}, "key 'expression.tx2gene' is '{x}.tsv'"),
        ({"evidence": {"gene_sets": "a}.gmt"}}, "key 'evidence.gene_sets' is 'a}.gmt'"),
        ({"evidence": {"panels": ["sex", "{a}.yaml"]}}, "key 'evidence.panels' is '{a}.yaml'"),
        ({"acceptance": "{a}.yaml"}, "key 'acceptance' is '{a}.yaml'"),
        ({"reads": {"gtf": "{a}.gtf"}}, "key 'reads.gtf' is '{a}.gtf'"),
        (
            {"acquire": {"reference": {
                "source": "files", "transcripts": "{a}.fa", "annotation": "a.gtf",
            }}},
            "key 'acquire.reference.transcripts' is '{a}.fa'",
        ),
    ],
)  # fmt: skip
def test_workflow__braces_in_a_path_are_refused_by_name(simulated, tmp_path, config, words):
    """Snakemake would say that wildcards cannot be determined, and not of which path."""
    document = yaml.safe_load((simulated / "config.yaml").read_text())
    document["samples"] = str(simulated / "input/samples.tsv")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({**document, **config}))
    found = snakemake("--dry-run", cwd=tmp_path, check=False)
    assert found.returncode != 0
    said = found.stdout + found.stderr
    assert f"{words}; Snakemake treats braces in a path as wildcards; rename it" in said


def test_workflow__braces_in_a_path_of_the_sheet_are_refused(simulated, tmp_path):
    shutil.copytree(simulated / "input", tmp_path / "input")
    shutil.copy(simulated / "config.yaml", tmp_path)
    sheet = tmp_path / "input" / "samples.tsv"
    name = pd.read_csv(sheet, sep="\t")["sample"][0]
    sheet.write_text(sheet.read_text().replace(f"quant/{name}", f"quant/{{{name}}}"))
    found = snakemake("--dry-run", cwd=tmp_path, check=False)
    assert found.returncode != 0
    words = f"the data of sample '{name}' in input/samples.tsv is 'input/quant/{{{name}}}"
    assert words in found.stdout + found.stderr


def test_workflow__no_panel_is_no_panel_in_the_command_too(simulated):
    command = ("--dry-run", "--printshellcmds", "--forceall", "--config", "evidence={panels: []}")
    found = snakemake(*command, cwd=simulated)
    # One call computes, the other draws.
    called = re.findall(r"lotwise evidence gene .*", found.stdout)
    assert len(called) == 2
    assert all("--panel none " in one for one in called)
    assert "identity_sex" not in found.stdout


def test_workflow__files_without_a_suffix_are_inputs_too(simulated):
    (simulated / "hallmark").write_text("SET\t\tA\tB\n")
    settings = "evidence={gene_sets: hallmark}"
    found = snakemake("--dry-run", "--forceall", "--config", settings, cwd=simulated)
    assert re.search(r"rule evidence_gene:\n    input: .*, hallmark\n", found.stdout)


@pytest.mark.parametrize("kind", ["folder", "prefix"])
def test_workflow__a_changed_quantification_is_read_again(tmp_path, kind):
    """A file within the folder, or of an RSEM prefix, that the sample sheet names."""
    folder = hostile_run(tmp_path, expression={"tx2gene": "my input/reference/tx2gene.tsv"})
    sheet = folder / "my input" / "samples.tsv"
    if kind == "prefix":
        table = pd.read_csv(sheet, sep="\t", dtype=str, keep_default_na=False)
        for quant in table["quant"]:
            as_rsem(sheet.parent / quant)
        table["quant"] += "/rsem"
        table.to_csv(sheet, sep="\t", index=False)
    target = "out/expression/gene.h5ad"
    snakemake(target, cwd=folder)
    again = snakemake("--dry-run", target, cwd=folder)
    assert "Nothing to be done" in again.stdout + again.stderr
    changed = next(
        (folder / "my input" / "quant").glob("*/*.tsv" if kind == "folder" else "*/rsem*")
    )
    changed.write_bytes(changed.read_bytes() + b"\n")
    assert jobs_of(snakemake("--dry-run", target, cwd=folder))["expression"] == 1


def as_rsem(directory):
    """Write kallisto's abundances as RSEM's of isoforms, each its own gene."""
    table = pd.read_csv(directory / "abundance.tsv", sep="\t")
    table.insert(1, "gene_id", table["target_id"])
    named = {"target_id": "transcript_id", "eff_length": "effective_length",
             "est_counts": "expected_count", "tpm": "TPM"}  # fmt: skip
    table = table.rename(columns=named).assign(FPKM=table["tpm"], IsoPct=100)
    table.to_csv(directory / "rsem.isoforms.results", sep="\t", index=False)
    (directory / "abundance.tsv").unlink()


def test_workflow__report_can_be_switched_off(simulated):
    dry_run = snakemake("--dry-run", "--forceall", "--config", "report=false", cwd=simulated)
    assert "write_report" not in jobs_of(dry_run)


def test_workflow__report_is_the_same_page_by_hand(finished, tmp_path):
    by_workflow = (finished / "out/report.html").read_bytes()
    shutil.copytree(finished / "out", tmp_path / "out")
    run("lotwise", "report", "--out", tmp_path / "out", cwd=tmp_path)
    assert (tmp_path / "out/report.html").read_bytes() == by_workflow


def test_workflow__second_run_has_nothing_to_do(finished):
    found = snakemake("--dry-run", cwd=finished)
    assert "Nothing to be done" in found.stdout + found.stderr


def test_workflow__three_ways_give_the_same_numbers(finished, by_hand):
    """By Snakemake, by `lotwise compare` and by the library, to the last digit."""
    tree = ResultTree(finished / "out")
    for folder in ("correlation", "evidence"):
        tables = sorted(path.name for path in (finished / "out" / folder).iterdir())
        expected = {
            path.name
            for level in ("gene", "isoform")
            for path in (
                tree.tables_of_correlation(level)
                if folder == "correlation"
                else [tree.table(level, name) for name in tables_of(EvidenceConfig(), level)]
            )
        }
        assert {*tables} == expected
        for name in tables:
            by_workflow = (finished / "out" / folder / name).read_bytes()
            assert by_workflow == (by_hand / folder / name).read_bytes(), name
    read = lotwise.read_quant(
        finished / "input/samples.tsv", tx2gene=finished / "input/reference/tx2gene.tsv"
    )
    for level, expression in zip(("gene", "isoform"), read, strict=True):
        lotwise.tl.correlate(expression)
        written = pd.read_csv(
            finished / f"out/correlation/{level}.pearson.tsv",
            sep="\t",
            index_col=0,
            float_precision="round_trip",
        )
        assert (written.to_numpy() == expression.obsp["pearson"]).all()
        pairs = pd.read_csv(
            finished / f"out/correlation/{level}.pairs.tsv",
            sep="\t",
            float_precision="round_trip",
        )
        for column in ("pearson", "spearman", "ccc"):
            ours = stored_table(expression, "pairs", tool="lotwise.tl.correlate")[column]
            np.testing.assert_array_equal(pairs[column].to_numpy(), ours.to_numpy())
        stored = read_level(finished / f"out/expression/{level}.h5ad", level)
        np.testing.assert_array_equal(stored.layers["tpm"], expression.layers["tpm"])
        compare_tables(finished / "out/correlation", level, expression)
        config = EvidenceConfig()
        evidence = gather_evidence(expression, config, CorrelationConfig())
        for name, table in evidence.items():
            path = ResultTree(finished / "out").table(level, name)
            by_library = finished / f"by_library{path.suffix}"
            write_table(by_library, table)
            assert by_library.read_bytes() == path.read_bytes(), path.name
    figures = sorted(path.name for path in (finished / "out/figures").iterdir())
    assert figures == sorted(path.name for path in (by_hand / "figures").iterdir())


def compare_tables(folder, level, expression):
    """Compare tables and averaged batches of the library with the files."""
    lotwise.tl.replicate_qc(expression)
    lotwise.tl.contributions(expression)
    batches = lotwise.pp.average_replicates(expression)
    lotwise.tl.correlate(batches)
    for name, table in {
        "replicate_qc": lotwise.get.replicate_qc(expression),
        "contributions": lotwise.get.contributions(expression),
        # In the order of the samples, as in the file.
        "batch_pairs": stored_table(batches, "pairs", tool="lotwise.tl.correlate"),
    }.items():
        write_table(folder.parent / "by_library.tsv", table)
        ours = (folder.parent / "by_library.tsv").read_bytes()
        assert ours == (folder / f"{level}.{name}.tsv").read_bytes(), name
    (folder.parent / "by_library.tsv").unlink()


def test_workflow__replay_gives_identical_tables(finished, by_hand):
    """What the workflow recorded and what `compare` recorded, each by a process of its own."""
    for folder in (finished / "out", by_hand):
        said = run("lotwise", "replay", folder.name, cwd=finished).stdout
        n_tables = sum(
            len([*(finished / folder / of).iterdir()]) for of in ("correlation", "evidence")
        )
        assert re.search(rf"tables: {n_tables + 2} identical, 0 not", said), said  # and TPM
    for one, other in zip(record_of(finished / "out"), record_of(by_hand), strict=True):
        assert one == other


def record_of(results):
    """Return the part of the results that does not depend on how the run was made."""
    record = json.loads((results / "provenance.json").read_text("utf-8"))
    inputs = [(item["path"], item["sha256"]) for item in record["inputs"]]
    tables = [(item["path"], item["sha256"]) for item in record["outputs"] if is_table(item)]
    sections = [record["configuration"][name] for name in ("expression", "evidence", "levels")]
    return inputs, tables, sections, record["libraries"], record["seeds"]


def is_table(item):
    return item["path"].endswith(".tsv") and "/" in item["path"]


def test_workflow__record_names_each_step_with_its_command_line(finished):
    record = json.loads((finished / "out/provenance.json").read_text("utf-8"))
    workflow, *steps = record["programs"]
    assert (workflow["name"], workflow["exit_status"]) == ("snakemake", None)
    common = ["--snakefile", str(ROOT / "Snakefile"), "--cores", "2"]
    assert workflow["command"] == ["snakemake", *common]
    assert sorted(step["command"][1:3] for step in steps) == sorted(
        [["expression", "input/samples.tsv"], ["workbook", "out"]]
        + [
            [step, level]
            for step in ("correlate", "figures", "evidence", "evidence")
            for level in LEVELS
        ]
    )
    assert all(step["exit_status"] == 0 for step in steps)
    assert record["started"] < record["ended"]


def test_workflow__runs_as_a_module_of_another(finished, tmp_path):
    shutil.copytree(finished / "input", tmp_path / "input")
    (tmp_path / "Snakefile").write_text(FOREIGN.format(snakefile=ROOT / "workflow" / "Snakefile"))
    config = yaml.safe_load((finished / "config.yaml").read_text())
    (tmp_path / "own.yaml").write_text(yaml.safe_dump({"lotwise": config}))
    run("snakemake", "--cores", "2", cwd=tmp_path)
    assert (tmp_path / "mine.txt").exists()
    assert not (tmp_path / "out" / "report.html").exists()
    assert (tmp_path / "out/correlation/gene.pairs.tsv").read_bytes() == (
        finished / "out/correlation/gene.pairs.tsv"
    ).read_bytes()


def test_workflow__prefix_of_a_module_is_refused_in_words(simulated, tmp_path):
    foreign = FOREIGN.format(snakefile=ROOT / "workflow" / "Snakefile")
    moved = foreign.replace("use rule *", '    prefix: "there"\nuse rule *')
    (tmp_path / "Snakefile").write_text(moved)
    config = yaml.safe_load((simulated / "config.yaml").read_text())
    (tmp_path / "own.yaml").write_text(yaml.safe_dump({"lotwise": config}))
    found = run("snakemake", "--cores", "1", "--dry-run", cwd=tmp_path, check=False)
    assert found.returncode != 0
    assert "remove it and set results (and acquire.downloads) in the module's config" in (
        found.stdout + found.stderr
    )


def test_workflow__configfile_does_not_inherit_that_of_the_folder(simulated, tmp_path):
    """`--configfile mine.yaml` in the repository's folder: nothing of GSE150969 is in the run."""
    shutil.copytree(simulated / "input", tmp_path / "input")
    shutil.copy(simulated / "config.yaml", tmp_path / "mine.yaml")
    shutil.copy(ROOT / "config.yaml", tmp_path)
    called = snakemake(
        "--dry-run", "--printshellcmds", "--configfile", "mine.yaml", cwd=tmp_path
    ).stdout
    assert '"pattern":null' in called
    assert "CYN-IPSC" not in called


def test_workflow__unknown_key_is_named_with_the_nearest(simulated):
    found = snakemake(
        "--dry-run", "--config", "correlation={pseudo_count: 1}", cwd=simulated, check=False
    )
    assert found.returncode != 0
    words = "key 'correlation.pseudo_count' is unknown; did you mean 'correlation.pseudocount'?"
    assert words in found.stdout + found.stderr


def test_workflow__other_version_computes_anew(finished, tmp_path):
    for name in ("workflow", "profiles"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "Snakefile", tmp_path)
    common = tmp_path / "workflow" / "rules" / "common.smk"
    text = common.read_text()
    assert 'VERSION = version("lotwise")' in text
    common.write_text(text.replace('VERSION = version("lotwise")', 'VERSION = "0.0.0"'))
    arguments = ("--snakefile", tmp_path / "Snakefile", "--cores", "2", "--dry-run")
    dry_run = run("snakemake", *arguments, "--rerun-triggers", "params", cwd=finished)
    assert jobs_of(dry_run)["total"] == 13


def test_workflow__linter_is_content(simulated):
    found = snakemake("--lint", cwd=simulated)
    assert "your workflow is in a good condition" in found.stderr


def test_workflow__report_shows_every_table_and_figure_with_caption_and_category(finished):
    """All but the matrices, which the record in it names by checksum."""
    categories = report_of(cwd=finished)
    record = json.loads((finished / "out/provenance.json").read_text("utf-8"))
    written = {f"out/{item['path']}" for item in record["outputs"]}
    matrices = {path for path in written if path.startswith("out/expression/")}
    assert len(matrices) == 4
    # The workflow's own files are kept for the crate.
    rules = {path for path in written if path.startswith("out/workflow/")}
    assert rules
    shown = set().union(*categories.values())
    assert shown == written - matrices - rules | {"out/provenance.json", "out/report.html"}
    assert set(categories) == {
        "Samples", "Correlation", "Evidence", "Figures", "Tables", "Record", "Report"
    }  # fmt: skip


@pytest.fixture
def from_accession(tmp_path):
    """A run from an accession with a reference of its own; nothing has been fetched."""
    for name in ("own.fa.gz", "own.gtf.gz", "genome.fa", "star.gtf"):
        (tmp_path / name).touch()
    own = {"source": "files", "transcripts": "own.fa.gz", "annotation": "own.gtf.gz"}
    config = {
        "source": "accession",
        "results": "out",
        "acquire": {"accession": "GSE1", "reference": own},
        "reads": {
            "quantifier": "rsem", "aligner": "star", "genome": "genome.fa", "gtf": "star.gtf"
        },
    }  # fmt: skip
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    return tmp_path


def test_workflow__own_reference_files_are_inputs(from_accession):
    found = snakemake("out/reference/transcripts.fa.gz", "--dry-run", cwd=from_accession)
    assert re.search(r"rule fetch_reference:\n    input: own.fa.gz, own.gtf.gz\n", found.stdout)


def test_workflow__genes_of_star_are_those_of_its_gtf(from_accession):
    """Whose transcripts they are, whatever annotation was fetched beside it."""
    found = snakemake("out/expression/gene.h5ad", "--dry-run", cwd=from_accession)
    (inputs,) = re.findall(r"rule expression:\n    input: (.*)\n", found.stdout)
    assert inputs.endswith(", star.gtf")
    assert "annotation.gtf.gz" not in inputs
