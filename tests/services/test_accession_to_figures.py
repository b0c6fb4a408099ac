"""From an accession to figures and verification, reads and tables, without internet."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from geo_site import (
    GeoSample,
    add_ensembl,
    add_matrix,
    add_ncbi_tpm,
    add_runs,
    add_series,
    base_urls,
    tar_of,
)
from look_alike import publish
from made_up import BATCHES, matrix_of, ncbi_table, rsem, three_batches, tpm_of

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config.yaml"


def config_with(server, folder, **changes):
    """The repository's own configuration, only its base addresses (and ``changes``) changed."""
    document = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    document["acquire"] |= {"urls": base_urls(server.url)} | changes
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def snakemake(folder, *arguments):
    """Run the repository's workflow in ``folder``, whose config.yaml it finds."""
    programs = Path(sys.executable).parent
    return subprocess.run(
        [programs / "snakemake", "--snakefile", ROOT / "Snakefile", "--cores", "2", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
    )


def finished(folder, *arguments):
    """Run the workflow to its end; give the folder of results."""
    done = snakemake(folder, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "results" / "gse150969"


def test_password__of_a_mirror_is_nowhere_in_what_the_workflow_prints_or_keeps(
    site, server, run_cli, tmp_path
):
    """Snakemake prints the commands, and keeps their parameters."""
    publish(site)
    config = config_with(server, tmp_path)
    text = config.read_text()
    config.write_text(text.replace("http://", "http://me:geheim@"))
    done = snakemake(tmp_path, "--printshellcmds", "results/gse150969/fetched.tsv")
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    assert "***@127.0.0.1" in printed
    assert {headers.get("authorization") for _, headers in server.log} == {"Basic bWU6Z2VoZWlt"}
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path != config]
    assert [str(path) for path in kept if b"geheim" in path.read_bytes()] == []
    assert "geheim" not in printed


def test_gse150969_shape__from_accession_to_figures(site, server, run_cli, tmp_path):
    publish(site)
    config = config_with(server, tmp_path)
    results = finished(tmp_path)
    for figure in ("extended_data_fig1_gene", "extended_data_fig2_isoform"):
        assert (results / "figures" / f"{figure}.pdf").stat().st_size > 1000
    with (results / "correlation" / "gene.pairs.tsv").open() as stream:
        pairs = [row for row in csv.DictReader(stream, delimiter="\t")
                 if row["feature_set"] == "all"]  # fmt: skip
    assert {(row["batch_a"], row["batch_b"]) for row in pairs} == {
        (BATCHES[0], BATCHES[1]), (BATCHES[0], BATCHES[2]), (BATCHES[1], BATCHES[2]),
    }  # fmt: skip
    # Planted: equal but for a standard deviation of 0.2 in natural logarithms.
    assert all(0.9 < float(row["pearson"]) < 1 for row in pairs)

    verification = (results / "verification.tsv").read_text()
    assert verification.count("not on file") == 6
    assert "\tagrees\t" not in verification

    # Each sample can be traced to its record; nothing changed, nothing is to do.
    assert "SRR9001" in (results / "fetched.tsv").read_text()
    assert "GSM900100" in (results / "samples.tsv").read_text()
    server.requests.clear()
    again = snakemake(tmp_path)
    assert "Nothing to be done" in again.stdout + again.stderr
    # The files are kept: a run from the beginning asks the network for nothing.
    shutil.rmtree(results)
    shutil.rmtree(tmp_path / ".snakemake")
    finished(tmp_path, "results/gse150969/verification.tsv")
    assert not server.requests

    # Once somebody has read coefficients off the figure, they are compared, and how the network
    # behaves decides nothing: neither fetches, indexes or quantifies again.
    truth = float(pairs[0]["pearson"])
    expected = yaml.safe_load(config.read_text())["acquire"]["expected"]
    expected[0] |= {"r": round(truth, 3), "decimals": 3}
    expected[1] |= {"r": 0.123, "decimals": 3}
    config = config_with(server, tmp_path, expected=expected, network={"workers": 2})
    planned = snakemake(tmp_path, "--dry-run", "results/gse150969/verification.tsv").stdout
    assert set(re.findall(r"^(?:rule|localrule|checkpoint) (\w+):", planned, re.MULTILINE)) == {
        "verify"
    }
    finished(tmp_path, "results/gse150969/verification.tsv")
    with (results / "verification.tsv").open() as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert [row["status"] for row in rows] == ["agrees", "differs", *["not on file"] * 4]
    code, out, err = run_cli("verify", "--config", config, "--results", results)
    assert code == 1
    assert "1 agrees, 1 differs, 4 not on file" in out
    assert "To enter the missing coefficients (4):" in out
    assert f"Extended Data Fig. 1 (gene): {BATCHES[1]} - {BATCHES[2]}\n" in out
    assert f"1 computed coefficients differ from the published ones: gene {BATCHES[0]}" in err


def tables_config(server, folder, route, levels, **sections):
    """A run by tables, from the accession on."""
    config = folder / "config.yaml"
    document = {
        "source": "accession",
        "results": "results/gse150969",
        "levels": levels,
        "acquire": {
            "accession": "GSE900001",
            "route": route,
            "urls": base_urls(server.url),
            "samples": {"pattern": r"CYN-IPSC-MSC-P5B-FP-\d{3}", "n_batches": 3},
        },
        "figures": {"formats": ["png"]},
        **sections,
    }
    config.write_text(yaml.safe_dump(document))


def archive_of_rsem():
    files = {}
    for i, batch in enumerate(BATCHES):
        for kind in ("genes", "isoforms"):
            files[f"GSM90000{i}_{batch}.{kind}.results.gz"] = rsem(tpm_of(i), kind)
    return {"GSE900001_RAW.tar": tar_of(files)}


def one_matrix():
    table = matrix_of({f"{batch}_TPM": tpm_of(i) for i, batch in enumerate(BATCHES)})
    return {"GSE900001_genes_TPM.txt.gz": table}


TABLE_ROUTES = {
    "archive of RSEM": ("deposited", ["gene", "isoform"], archive_of_rsem),
    "one matrix": ("deposited", ["gene"], one_matrix),
    "computed by NCBI": ("ncbi", ["gene"], dict),
}


@pytest.mark.parametrize("case", TABLE_ROUTES)
def test_tables__from_accession_to_figures(case, site, server, tmp_path):
    route, levels, supplementary = TABLE_ROUTES[case]
    add_series(site, "GSE900001", "x", three_batches(), supplementary=supplementary())
    if route == "ncbi":
        add_ncbi_tpm(site, "GSE900001", ncbi_table([tpm_of(i) for i in range(3)]))
    tables_config(server, tmp_path, route, levels)
    figures = {
        level: f"figures/extended_data_{name}.png"
        for level, name in (("gene", "fig1_gene"), ("isoform", "fig2_isoform"))
        if level in levels
    }
    targets = [*figures.values(), *(f"correlation/{level}.pearson.tsv" for level in levels)]
    results = finished(tmp_path, *(f"results/gse150969/{target}" for target in targets))
    expected = np.corrcoef([np.log2(tpm_of(i) + 1) for i in range(3)])
    for level in levels:
        found = pd.read_csv(results / f"correlation/{level}.pearson.tsv", sep="\t", index_col=0)
        assert list(found.index) == BATCHES
        np.testing.assert_allclose(found, expected, atol=1e-9)
    for figure in figures.values():
        assert (results / figure).stat().st_size > 10_000
    # By tables alone: no reads and no reference were asked for.
    assert not [path for path in server.requests if "fastq" in path or "gencode" in path]


def test_tables__everything_of_a_run_without_counts_and_lengths(site, server, tmp_path):
    """Supporting evidence, report and record for data that have TPM only."""
    table = one_matrix()
    add_series(site, "GSE900001", "x", three_batches(), supplementary=table)
    evidence = {"n_resamples": 50, "panels": ["sex"]}
    tables_config(server, tmp_path, "deposited", ["gene"], evidence=evidence)
    results = finished(tmp_path)
    libraries = pd.read_csv(results / "evidence" / "gene.libraries.tsv", sep="\t")
    assert libraries["total_counts"].isna().all()
    assert set(libraries["reason"]) == {"there are no counts"}
    assert "GSM900000" in (results / "fetched.tsv").read_text()
    assert (results / "report.html").stat().st_size > 10_000


def test_tables__replicates_are_averaged_for_what_was_published(site, server, tmp_path):
    """Two samples a batch; nobody has transcribed a coefficient, and the run goes on."""
    again = [
        GeoSample(f"GSM90001{i}", f"again {batch}", (), f"SRX90001{i}")
        for i, batch in enumerate(BATCHES)
    ]
    columns = {
        f"{one.accession}_TPM": tpm_of(i) for i, one in enumerate([*three_batches(), *again])
    }
    add_series(
        site, "GSE900001", "x", [*three_batches(), *again],
        supplementary={"GSE900001_genes_TPM.txt.gz": matrix_of(columns)},
    )  # fmt: skip
    tables_config(server, tmp_path, "deposited", ["gene"])
    config = tmp_path / "config.yaml"
    document = yaml.safe_load(config.read_text())
    expected = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["acquire"]["expected"]
    document["acquire"]["expected"] = expected
    config.write_text(yaml.safe_dump(document))
    results = finished(tmp_path, "results/gse150969/verification.tsv")
    rows = pd.read_csv(results / "verification.tsv", sep="\t")
    assert set(rows["status"]) == {"not on file"}
    means = [np.log2((tpm_of(i) + tpm_of(i + 3)) / 2 + 1) for i in range(3)]
    np.testing.assert_allclose(
        rows["computed"][:3], np.corrcoef(means)[np.triu_indices(3, 1)], atol=1e-9
    )
    assert set(rows["reason"][3:]) == {"the run has no isoform level"}


def test_tables__ncbi_has_no_isoform_level(server, tmp_path):
    tables_config(server, tmp_path, "ncbi", ["gene", "isoform"])
    done = snakemake(tmp_path)
    assert done.returncode != 0
    assert "the route ncbi has gene level only; set levels to [gene]" in done.stdout + done.stderr
    assert not server.requests


def ensembl_of(folder):
    """The release's files of the real slice; its annotation written from the real headers."""
    packed = {
        kind: (folder / f"Homo_sapiens.GRCh38.{kind}.1.1.10M.fa.gz").read_bytes()
        for kind in ("cdna.all", "ncrna")
    }
    lines = []
    for body in packed.values():
        for header in re.findall(r">(.*)", gzip.decompress(body).decode()):
            transcript = header.split()[0]
            gene = re.search(r"gene:(\S+)", header)[1]
            # As Ensembl writes it: the version apart from the identifier.
            traits = "".join(
                f'{name}_id "{value.partition(".")[0]}"; '
                f'{name}_version "{value.partition(".")[2]}"; '
                for name, value in (("gene", gene), ("transcript", transcript))
            )
            lines.append(f"1\tensembl\ttranscript\t1\t900\t.\t+\t.\t{traits}\n")
    return {
        "fasta/homo_sapiens/cdna/Homo_sapiens.GRCh38.cdna.all.fa.gz": packed["cdna.all"],
        "fasta/homo_sapiens/ncrna/Homo_sapiens.GRCh38.ncrna.fa.gz": packed["ncrna"],
        "gtf/homo_sapiens/Homo_sapiens.GRCh38.93.gtf.gz": gzip.compress("".join(lines).encode()),
    }


def test_gse52778__real_metadata_and_reads_to_figures(shared, site, server, tmp_path):
    airway = shared / "airway_gse52778"
    add_matrix(site, "GSE52778", (airway / "GSE52778_series_matrix.txt").read_text())
    with (airway / "SraRunInfo_SRP033351.csv").open() as stream:
        records = [row for row in csv.DictReader(stream) if row["Run"]]
    files = {
        row["Run"]: [airway / "fastq" / f"{row['Run']}_R{mate}.fastq.gz" for mate in (1, 2)]
        for row in records
    }
    add_runs(
        site,
        "SRP033351",
        [
            GeoSample(row["SampleName"], "", (), row["Experiment"], {row["Run"]: files[row["Run"]]})
            for row in records
            if files[row["Run"]][0].exists()
        ],
    )
    add_ensembl(site, "93", ensembl_of(airway / "reference"))
    config_with(
        server,
        tmp_path,
        accession="GSE52778",
        samples={
            "choose": [{"sample": name} for name in ("N61311_untreated", "N61311_Dex",
                                                     "N052611_Dex")],
            "n_batches": 3,
        },
        reference={"source": "ensembl", "release": "93"},
        expected=[],
    )  # fmt: skip
    names = ("correlation/isoform.pairs.tsv", "figures/extended_data_fig1_gene.pdf",
             "figures/extended_data_fig2_isoform.pdf")  # fmt: skip
    results = finished(tmp_path, *(f"results/gse150969/{name}" for name in names))
    assert all((results / name).stat().st_size > 500 for name in names)
    with (results / "correlation" / "isoform.pairs.tsv").open() as stream:
        pairs = {
            (row["batch_a"], row["batch_b"]): float(row["pearson"])
            for row in csv.DictReader(stream, delimiter="\t")
            if row["feature_set"] == "all"
        }
    assert len(pairs) == 3
    # The same donor, treated and not, is closer than two donors under one treatment.
    assert max(pairs, key=pairs.get) == ("N61311_untreated", "N61311_Dex")


def test_config__is_valid_and_invents_nothing():
    from lotwise.config.acquire import AcquireSettings

    document = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    settings = AcquireSettings.model_validate(document["acquire"])
    assert settings.accession == "GSE150969"
    assert settings.samples.n_batches == 3
    assert {(one.level, one.batch_a, one.batch_b) for one in settings.expected} == {
        (level, BATCHES[i], BATCHES[j])
        for level in ("gene", "isoform")
        for i, j in ((0, 1), (0, 2), (1, 2))
    }
    assert all(one.r is None for one in settings.expected)
    assert "GSM" not in json.dumps(document)
