"""From an accession to a sample sheet, over a real socket."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml
from archive_server import always, never
from geo_site import (
    GeoSample,
    add_ensembl,
    add_gencode,
    add_matrix,
    add_ncbi_tpm,
    add_runs,
    add_series,
    add_soft,
    base_urls,
    report_query,
    series_path,
    tar_of,
)
from made_up import BATCHES, GENES, matrix_of, ncbi_table, rsem, three_batches, tpm_of

from lotwise.acquire.download.fetch import Downloader
from lotwise.acquire.reference import gencode_sources, read_checksums
from lotwise.config.acquire import AcquireSettings
from lotwise.expression import read_quant
from lotwise.samples import read_samples

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def place(tmp_path, server):
    """Options that point a command at the server, and where its files go."""
    options = ["--downloads", tmp_path / "downloads"]
    for name, url in base_urls(server.url).items():
        options += ["--base-url", f"{name}={url}"]
    return tmp_path, options


def sheet_rows(path):
    with path.open() as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def fetch(run_cli, place, *arguments):
    folder, options = place
    sheet = folder / "results" / "samples.tsv"
    code, out, err = run_cli("fetch", *arguments, "--samples", sheet, *options)
    return code, out, err, sheet


def test_fetch__reads_of_three_batches(site, server, run_cli, place):
    add_series(site, "GSE900001", "Three batches", three_batches(runs=2))
    code, out, err, sheet = fetch(
        run_cli, place, "GSE900001", "--pattern", r"CYN-IPSC-MSC-P5B-FP-\d+", "--n-batches", "3"
    )
    assert (code, err) == (0, "")
    assert "3 samples of GSE900001 (route 'reads')" in out
    samples = read_samples(sheet)
    assert [sample.batch for sample in samples] == BATCHES
    assert [len(sample.runs) for sample in samples] == [2, 2, 2]
    for sample in samples:
        for run in sample.runs:
            assert gzip.decompress(run.fastq_1.read_bytes()).count(b"\n") == 100
            assert gzip.decompress(run.fastq_2.read_bytes()).count(b"\n") == 100
    assert samples[0].annotations["accession"] == "GSM900000"
    assert samples[0].fragment_length is None
    # A second run needs no network, and a third without it says the same.
    server.requests.clear()
    assert fetch(run_cli, place, "GSE900001", "--pattern", r"CYN-\S+\d")[0] == 0
    assert not server.requests
    assert fetch(run_cli, place, "GSE900001", "--pattern", r"CYN-\S+\d", "--offline")[0] == 0


def test_fetch__single_end_reads_have_assumed_fragments(site, run_cli, place):
    add_series(site, "GSE900001", "Three batches", three_batches(mates=1))
    code, out, _, sheet = fetch(run_cli, place, "GSE900001", "--pattern", r"CYN-[\w-]+")
    assert code == 0
    assert "a fragment length of 200 bases (sd 20) is assumed, not known" in out
    assert {row["assumed"] for row in sheet_rows(sheet)} == {"fragment length and sd"}
    assert read_samples(sheet)[0].fragment_length == 200


def test_fetch__pattern_that_fits_none_lists_every_sample(site, run_cli, place):
    add_series(site, "GSE900001", "Three batches", three_batches())
    code, _, err, sheet = fetch(run_cli, place, "GSE900001", "--pattern", "LOT-[0-9]+")
    assert code == 2
    assert "the pattern 'LOT-[0-9]+' matches no title, characteristic or other field" in err
    assert "change 'acquire.samples.pattern', for example `acquire.samples: {batch: '{lot}'" in err
    for i, batch in enumerate(BATCHES):
        assert f"GSM90000{i} 'iPSC-derived MSC, batch {batch}'" in err
        assert f"lot: {batch}" in err
    assert not sheet.exists()


def test_fetch__not_three_batches(site, run_cli, place):
    add_series(site, "GSE900001", "Three batches", three_batches())
    code, _, err, _ = fetch(
        run_cli, place, "GSE900001", "--pattern", "CYN-IPSC-MSC-P5B-FP", "--n-batches", "3"
    )
    assert code == 2
    assert "(CYN-IPSC-MSC-P5B-FP), but 'acquire.samples.n_batches' is 3" in err
    assert "GSM900002" in err


def test_fetch__no_such_series(run_cli, place):
    code, _, err, _ = fetch(run_cli, place, "GSE4242")
    assert code == 2
    assert "GEO has no series GSE4242, or it is not public yet" in err


def test_fetch__no_network(server, run_cli, place, site):
    add_series(site, "GSE900001", "x", three_batches())
    server.plan = always("403")
    code, _, err, _ = fetch(run_cli, place, "GSE900001")
    assert code == 3
    assert "HTTP 403" in err


def test_fetch__offline_and_nothing_there(run_cli, place):
    code, _, err, _ = fetch(run_cli, place, "GSE900001", "--offline")
    assert code == 3
    assert "(offline), but 1 file is missing: geo/GSE900001/GSE900001_family.soft.gz" in err


def test_fetch__matrix_where_there_is_no_soft(site, run_cli, place):
    samples = three_batches()
    add_series(site, "GSE900001", "Three batches", samples)
    del site.documents[f"{series_path('GSE900001')}/soft/GSE900001_family.soft.gz"]
    cells = {
        "!Sample_title": [s.title for s in samples],
        "!Sample_geo_accession": [s.accession for s in samples],
        "!Sample_relation": [f"SRA: https://x/sra?term={s.experiment}" for s in samples],
    }
    text = '!Series_title\t"Three batches"\n!Series_geo_accession\t"GSE900001"\n'
    text += '!Series_sample_id\t"GSM900000 GSM900001 GSM900002 "\n'
    text += '!Series_relation\t"SRA: https://www.ncbi.nlm.nih.gov/sra?term=SRP900001"\n\n'
    text += "".join(
        name + "".join(f'\t"{value}"' for value in values) + "\n" for name, values in cells.items()
    )
    add_matrix(site, "GSE900001", text)
    code, _, _, sheet = fetch(run_cli, place, "GSE900001", "--pattern", r"CYN-[\w-]+")
    assert code == 0
    assert [sample.batch for sample in read_samples(sheet)] == BATCHES


def test_fetch__by_study_of_ena(site, run_cli, place):
    add_series(site, "GSE900001", "Three batches", three_batches())
    code, _, _, sheet = fetch(run_cli, place, "SRP900001", "--pattern", r"CYN-[\w-]+")
    assert code == 0
    assert [sample.batch for sample in read_samples(sheet)] == BATCHES


def test_fetch__experiments_where_the_series_names_no_study(site, run_cli, place):
    samples = three_batches()
    add_series(site, "GSE900001", "Three batches", samples)
    report = site.documents.pop(
        "/ena/portal/api/filereport"
        + "".join(f"&{k}={v}" for k, v in sorted(report_query("SRP900001").items()))
    ).decode().splitlines()  # fmt: skip
    for sample, line in zip(samples, report[1:], strict=True):
        site.add(
            "/ena/portal/api/filereport",
            f"{report[0]}\n{line}\n".encode(),
            **report_query(sample.experiment),
        )
    soft_path = f"{series_path('GSE900001')}/soft/GSE900001_family.soft.gz"
    soft = gzip.decompress(site.documents[soft_path]).decode()
    lines = [line for line in soft.splitlines() if "SRP900001" not in line]
    add_soft(site, "GSE900001", "\n".join(lines) + "\n")
    code, _, err, sheet = fetch(run_cli, place, "GSE900001", "--pattern", r"CYN-[\w-]+")
    assert (code, err) == (0, "")
    assert len(read_samples(sheet)) == 3


def test_fetch__deposited_rsem_in_the_archive(site, run_cli, place):
    files = {}
    for i, batch in enumerate(BATCHES):
        files[f"GSM90000{i}_{batch}.genes.results.gz"] = rsem(tpm_of(i))
        files[f"GSM90000{i}_{batch}.isoforms.results.gz"] = rsem(tpm_of(i), "isoforms")
    add_series(
        site, "GSE900001", "x", three_batches(), supplementary={"GSE900001_RAW.tar": tar_of(files)}
    )
    code, _, err, sheet = fetch(
        run_cli, place, "GSE900001", "--pattern", r"CYN-[\w-]+", "--route", "deposited"
    )
    assert (code, err) == (0, "")
    read = read_quant(sheet)
    for level in ("gene", "isoform"):
        found = getattr(read, level).layers["tpm"]
        np.testing.assert_allclose(found, [tpm_of(i) for i in range(3)], rtol=1e-12)


@pytest.mark.parametrize("list_tells", [True, False])
def test_fetch__archive_with_a_name_that_leads_out(list_tells, site, run_cli, place):
    name = "GSM900000_a.genes.results.gz"
    others = {f"GSM90000{i}_a.genes.results.gz": rsem(tpm_of(i)) for i in (1, 2)}
    archive = tar_of({f"../../{name}": rsem(tpm_of(0)), **others})
    add_series(
        site, "GSE900001", "x", three_batches(), supplementary={"GSE900001_RAW.tar": archive}
    )
    if not list_tells:
        listed = f"{series_path('GSE900001')}/suppl/filelist.txt"
        site.documents[listed] = site.documents[listed].replace(b"../../", b"")
    code, _, err, sheet = fetch(run_cli, place, "GSE900001", "--route", "deposited")
    assert code == 2
    assert f"'../../{name}' is not a plain name (" in err
    assert "no file was written" in err
    assert not list(place[0].rglob(name))
    assert not sheet.exists()


@pytest.mark.parametrize("kind", ["TPM", "FPKM"])
def test_fetch__deposited_matrix(kind, site, run_cli, place):
    scale = 1 if kind == "TPM" else 0.37
    table = matrix_of({f"{batch}_{kind}": tpm_of(i) * scale for i, batch in enumerate(BATCHES)})
    add_series(
        site,
        "GSE900001",
        "x",
        three_batches(),
        supplementary={f"GSE900001_genes_{kind}.txt.gz": table},
    )
    code, _, err, sheet = fetch(
        run_cli, place, "GSE900001", "--pattern", r"CYN-[\w-]+", "--route", "deposited"
    )
    assert code == 0, err
    assert ("TPM computed from fpkm" in err) == (kind == "FPKM")
    found = read_quant(sheet).gene
    np.testing.assert_allclose(found.layers["tpm"], [tpm_of(i) for i in range(3)], rtol=1e-9)
    assert np.isnan(found.layers["counts"]).all(), "the table has no counts, so none are made up"


def test_fetch__deposited_counts_are_refused(site, run_cli, place):
    table = matrix_of({batch: np.arange(len(GENES)) + i for i, batch in enumerate(BATCHES)})
    add_series(
        site, "GSE900001", "x", three_batches(), supplementary={"GSE900001_fpkm_no.csv.gz": b"x"}
    )
    add_series(
        site,
        "GSE900001",
        "x",
        three_batches(),
        supplementary={"GSE900001_expression_TPM.txt.gz": table},
    )
    code, _, err, _ = fetch(
        run_cli, place, "GSE900001", "--pattern", r"CYN-[\w-]+", "--route", "deposited"
    )
    assert code == 2
    assert "is named TPM, and its whole numbers add up to 780, but TPM add up to 1,000,000" in err
    assert "set 'acquire.deposited.kind' to tpm, fpkm or counts" in err


def counts_and_lengths():
    """Counts of three batches in a table whose name says nothing, with lengths; and their TPM."""
    lengths = np.arange(len(GENES)) * 100 + 500.0
    counts = [np.random.default_rng(i).integers(1, 1000, len(GENES)) for i in range(3)]
    columns = {"Length": lengths} | dict(zip(BATCHES, counts, strict=True))
    rates = [count / lengths for count in counts]
    return matrix_of(columns), [rate / rate.sum() * 1e6 for rate in rates]


@pytest.mark.parametrize(
    ("place_of", "file"),
    [("series", None), ("series", "GSE900001_genes.txt.gz"), ("archive", "GSE900001_genes.txt.gz")],
)
def test_fetch__deposited_counts_with_lengths(place_of, file, site, run_cli, place):
    """A table that does not say what it holds opens the route; named, in the archive too."""
    table, expected = counts_and_lengths()
    name = "GSE900001_genes.txt.gz"
    supplementary = {name: table}
    if place_of == "archive":
        others = {"GSM900000_a.txt.gz": table, "GSM900000_a.bw": b"x"}
        supplementary = {"GSE900001_RAW.tar": tar_of({name: table} | others)}
    add_series(site, "GSE900001", "x", three_batches(), supplementary=supplementary)
    config = place[0] / "config.yaml"
    config.write_text(yaml.safe_dump({"acquire": {"deposited": {"file": file, "kind": "counts"}}}))
    code, _, err, sheet = fetch(
        run_cli, place, "GSE900001", "--pattern", r"CYN-[\w-]+", "--route", "deposited",
        "--config", config,
    )  # fmt: skip
    assert code == 0, err
    np.testing.assert_allclose(read_quant(sheet).gene.layers["tpm"], expected, rtol=1e-9)


def test_fetch__deposited_tables_that_do_not_say_what_they_hold(site, run_cli, place):
    table, _ = counts_and_lengths()
    files = {f"GSE900001_{name}.txt.gz": table for name in ("a", "b")}
    add_series(site, "GSE900001", "x", three_batches(), supplementary=files)
    _, out, _ = run_cli("inspect", "GSE900001", *place[1])
    assert "deposited: unclear (other)" in out
    code, _, err, _ = fetch(run_cli, place, "GSE900001", "--route", "deposited")
    assert code == 2
    assert "2 tables may contain the gene level: GSE900001_a.txt.gz, GSE900001_b" in err
    assert "for example `acquire.deposited.file: {gene: 'GSE900001_a.txt.gz'}`" in err
    config = place[0] / "config.yaml"
    config.write_text(yaml.safe_dump({"acquire": {"deposited": {"file": "no.txt"}}}))
    code, _, err, _ = fetch(run_cli, place, "GSE900001", "--route", "deposited", "--config", config)
    assert code == 2
    assert "no supplementary file matches 'no.txt'; files: GSE900001_a.txt.gz" in err


def test_fetch__deposited_rsem_of_other_names(site, run_cli, place):
    files = {}
    for i in range(3):
        files[f"GSM90000{i}_lot_genes.results.txt.gz"] = rsem(tpm_of(i))
        files[f"GSM90000{i}_lot_isoforms.results.txt.gz"] = rsem(tpm_of(i), "isoforms")
    archive = {"GSE900001_RAW.tar": tar_of(files)}
    add_series(site, "GSE900001", "x", three_batches(), supplementary=archive)
    code, _, err, sheet = fetch(
        run_cli, place, "GSE900001", "--pattern", r"CYN-[\w-]+", "--route", "deposited"
    )
    assert (code, err) == (0, "")
    read = read_quant(sheet)
    for level in (read.gene, read.isoform):
        np.testing.assert_allclose(level.layers["tpm"], [tpm_of(i) for i in range(3)], rtol=1e-12)


SILENT = {"reads": "filereport", "deposited": "filelist", "ncbi": "download"}


@pytest.mark.parametrize("route", SILENT)
def test_fetch__archive_that_is_silent_is_no_fault_of_the_input(
    route, site, server, run_cli, place
):
    """SOFT came and the next thing did not: exit code 3, and the route opens another day."""
    add_series(
        site, "GSE900001", "x", three_batches(),
        supplementary={"GSE900001_RAW.tar": tar_of({"GSM900000_a.genes.results": b"x"})},
    )  # fmt: skip
    add_ncbi_tpm(site, "GSE900001", ncbi_table([tpm_of(i) for i in range(3)]))
    server.plan = lambda path, _n: "403" if SILENT[route] in path else None
    code, _, err, _ = fetch(run_cli, place, "GSE900001", "--route", route)
    assert code == 3, err
    assert f"the route '{route}' is not available" in err
    assert "HTTP 403" in err
    assert "run again when the archive can be reached" in err


def test_fetch__offline_without_the_report(site, run_cli, place):
    add_series(site, "GSE900001", "x", three_batches())
    assert fetch(run_cli, place, "GSE900001")[0] == 0
    [report] = place[0].rglob("*.filereport.tsv")
    report.unlink()
    code, _, err, _ = fetch(run_cli, place, "GSE900001", "--offline")
    assert code == 3
    assert "(offline), but 1 file is missing: ena/SRP900001.filereport.tsv" in err


def test_fetch__report_without_runs_is_named_and_asked_for_again(site, run_cli, place):
    add_series(site, "GSE900001", "x", three_batches())
    [key] = [key for key in site.documents if "filereport" in key]
    whole = site.documents[key]
    site.documents[key] = whole.splitlines(keepends=True)[0]
    code, _, err, _ = fetch(run_cli, place, "GSE900001")
    assert code == 2
    assert "unknown: runs: ENA's report of SRP900001 is empty" in err
    site.documents[key] = whole
    assert fetch(run_cli, place, "GSE900001")[0] == 0


ERROR_PAGE = b"<html><head><title>Error</title></head><body>Try again later</body></html>"


def test_fetch__error_page_of_ncbi_is_not_kept(site, run_cli, place):
    add_series(site, "GSE900001", "x", three_batches())
    site.add("/ncbi/geo/download/", ERROR_PAGE, acc="GSE900001")
    code, _, err, _ = fetch(run_cli, place, "GSE900001", "--route", "ncbi")
    assert code == 3
    assert "unknown: TPM by NCBI: http" in err
    assert "the received page is not the page of GSE900001" in err
    add_ncbi_tpm(site, "GSE900001", ncbi_table([tpm_of(i) for i in range(3)]))
    assert fetch(run_cli, place, "GSE900001", "--route", "ncbi")[0] == 0


def test_fetch__error_page_for_a_listing_is_not_kept(site, run_cli, place):
    samples = three_batches()
    add_series(site, "GSE900001", "x", samples)
    soft_path = f"{series_path('GSE900001')}/soft/GSE900001_family.soft.gz"
    soft = site.documents.pop(soft_path)
    site.add(f"{series_path('GSE900001')}/matrix/", ERROR_PAGE)
    code, _, _, _ = fetch(run_cli, place, "GSE900001")
    assert code == 3, "GEO does not say that there is no such series"
    assert not list(place[0].rglob("*listing*"))
    site.documents[soft_path] = soft
    assert fetch(run_cli, place, "GSE900001")[0] == 0


def test_fetch__soft_is_tried_again_where_no_matrix_came(site, server, run_cli, place):
    add_series(site, "GSE900001", "x", three_batches())
    add_matrix(site, "GSE900001", "!Series_title")
    server.plan = lambda path, _n: "403" if path.endswith(".gz") else None
    assert fetch(run_cli, place, "GSE900001")[0] == 3
    assert list(place[0].rglob("*listing*"))
    server.plan = never
    code, _, err, _ = fetch(run_cli, place, "GSE900001")
    assert (code, err) == (0, "")


def test_fetch__says_what_it_chose_before_it_fetches(site, server, run_cli, place):
    """The place to stop a download of the wrong samples is before it."""
    add_series(site, "GSE900001", "x", three_batches())
    server.plan = lambda path, _n: "403" if path.endswith("fastq.gz") else None
    code, out, _, _ = fetch(run_cli, place, "GSE900001", "--pattern", r"CYN-[\w-]+")
    assert code == 3
    assert "3 samples of GSE900001 will be downloaded; press Ctrl-C to stop:" in out
    for i, batch in enumerate(BATCHES):
        assert f"batch {batch}  GSM90000{i} 'iPSC-derived MSC, batch {batch}'" in out


def test_fetch__line_to_change_as_the_workflow_hands_it_over(site, run_cli, place):
    add_series(site, "GSE900001", "x", three_batches())
    settings = json.dumps({"accession": "GSE900001", "samples": {"pattern": "XX"}})
    code, _, err, _ = fetch(run_cli, place, "--settings", settings)
    assert code == 2
    assert "error: the configuration: the pattern 'XX' matches no title" in err
    assert "change 'acquire.samples.pattern', for example" in err
    assert "the samples are: GSM900000" in err


def test_fetch__route_not_open(site, run_cli, place):
    add_series(site, "GSE900001", "x", three_batches())
    code, _, err, _ = fetch(run_cli, place, "GSE900001", "--route", "deposited")
    assert code == 2
    assert (
        "the route 'deposited' is not available; available: reads (FASTQ of 3 of 3 samples)" in err
    )


def test_fetch__ncbi_tpm(site, run_cli, place):
    add_series(site, "GSE900001", "x", three_batches())
    values = [tpm_of(i) for i in range(3)]
    add_ncbi_tpm(site, "GSE900001", ncbi_table(values))
    code, out, _, sheet = fetch(
        run_cli, place, "GSE900001", "--pattern", r"CYN-[\w-]+", "--route", "ncbi"
    )
    assert code == 0
    assert "gene level only, no isoform level" in out
    read = read_quant(sheet)
    np.testing.assert_allclose(read.gene.layers["tpm"], values, rtol=1e-12)
    assert read.isoform is None


def test_inspect__json(site, run_cli, place):
    _, options = place
    files = {"GSM900000_a.genes.results.gz": rsem(tpm_of(1))}
    add_series(
        site,
        "GSE900001",
        "Three batches",
        three_batches(),
        supplementary={"GSE900001_RAW.tar": tar_of(files), "GSE900001_FPKM.txt.gz": b"\x1f\x8b"},
    )
    code, out, _ = run_cli("inspect", "GSE900001", "--json", *options)
    found = json.loads(out)
    assert code == 0
    assert found["title"] == "Three batches"
    assert set(found["routes"]) == {"reads", "deposited"}
    assert [file["looks_like"] for file in found["files"]] == [
        "archive", "FPKM table", "RSEM genes results",
    ]  # fmt: skip
    assert found["files"][0]["bytes"] == len(tar_of(files))
    assert found["files"][1]["bytes"] == 2, "a plain file's size is asked for"
    assert found["files"][2]["bytes"] == len(files["GSM900000_a.genes.results.gz"])
    expected = sum(len(body) for s in three_batches() for m in s.runs.values() for body in m)
    assert found["routes"]["reads"]["bytes"] == expected
    assert found["routes"]["deposited"]["bytes"] == len(tar_of(files)) + 2
    assert found["unknown"] == []
    # Records were fetched, no tables and no reads.
    assert not list((place[0] / "downloads").rglob("*FPKM*"))
    assert not list((place[0] / "downloads").rglob("*.tar"))
    assert found["samples"][0]["runs"][0]["layout"] == "paired"


def test_inspect__sizes_in_words(site, server, run_cli, place):
    _, options = place
    table = rsem(tpm_of(1))
    add_series(
        site, "GSE900001", "x", three_batches(), supplementary={"GSE900001_TPM.txt.gz": table}
    )
    code, out, _ = run_cli("inspect", "GSE900001", *options)
    assert code == 0
    assert f"GSE900001_TPM.txt.gz  TPM table, {len(table) / 1024:.1f} KiB" in out
    assert f"deposited: TPM table, {len(table) / 1024:.1f} KiB" in out
    assert "reads: FASTQ of 3 of 3 samples, " in out
    # A size that the server does not tell is unknown, with the reason.
    server.plan = lambda path, _n: "403" if "suppl" in path else None
    code, out, _ = run_cli("inspect", "GSE900001", *options)
    assert code == 0
    assert "GSE900001_TPM.txt.gz  TPM table, size unknown" in out
    assert "Not known: size of GSE900001_TPM.txt.gz: HTTP 403 No" in out
    code, out, _ = run_cli("inspect", "GSE900001", "--offline", *options)
    assert code == 0
    assert "Not known: size of GSE900001_TPM.txt.gz: offline" in out


def test_inspect__superseries(site, run_cli, place):
    _, options = place
    samples = three_batches()
    add_series(site, "GSE900001", "Part one", samples[:2])
    add_series(site, "GSE900002", "Part two", samples[2:], study="SRP900002")
    add_series(
        site,
        "GSE900003",
        "Both",
        samples,
        study="",
        relations=["SuperSeries of: GSE900001", "SuperSeries of: GSE900002"],
    )
    code, out, _ = run_cli("inspect", "GSE900003", *options)
    assert code == 0
    assert "SuperSeries of GSE900001, GSE900002" in out
    assert "  SuperSeries of: GSE900001\n" in out
    assert "  SRA: https://www.ncbi.nlm.nih.gov/sra?term=SRP900002\n" in out
    assert "      known as SRX900002\n" in out
    assert "Samples (3)" in out
    assert out.count("SRR9000") == 3


def test_inspect__batches_of_a_configuration(site, run_cli, place):
    add_series(site, "GSE900001", "x", three_batches())
    settings = json.dumps({"samples": {"pattern": r"CYN-[\w-]+"}})
    code, out, _ = run_cli("inspect", "GSE900001", "--settings", settings, *place[1])
    assert code == 0
    for i, batch in enumerate(BATCHES):
        assert f"GSM90000{i}  iPSC-derived MSC, batch {batch}  batch {batch}\n" in out
    settings = json.dumps({"samples": {"pattern": "XX"}})
    code, out, _ = run_cli("inspect", "GSE900001", "--settings", settings, *place[1])
    assert code == 0
    assert (
        "Not known: batches: the pattern 'XX' matches no title, characteristic or other field"
        in out
    )


def test_inspect__experiment_of_sra(site, run_cli, place):
    [sample, *_] = samples = three_batches()
    add_runs(site, sample.experiment, samples[:1])
    code, out, _ = run_cli("inspect", sample.experiment, "--json", *place[1])
    found = json.loads(out)
    assert code == 0
    assert [run["run"] for one in found["samples"] for run in one["runs"]] == list(sample.runs)
    assert list(found["routes"]) == ["reads"]


def test_inspect__ena_down_is_said(site, server, run_cli, place):
    _, options = place
    add_series(site, "GSE900001", "Three batches", three_batches())
    server.plan = lambda path, _n: "403" if "filereport" in path else None
    code, out, _ = run_cli("inspect", "GSE900001", *options)
    assert code == 0
    assert "Not known: runs: http" in out
    assert "Available routes, and the download size of all samples\n  none" in out


def test_inspect__ncbi_down_is_not_the_answer_no(site, server, run_cli, place):
    _, options = place
    add_series(site, "GSE900001", "Three batches", three_batches())
    assert "TPM by NCBI (gene level only): no\n" in run_cli("inspect", "GSE900001", *options)[1]
    add_ncbi_tpm(site, "GSE900001", ncbi_table([tpm_of(i) for i in range(3)]))
    server.plan = lambda path, _n: "403" if "geo/download" in path else None
    code, out, _ = run_cli("inspect", "GSE900001", *options)
    assert code == 0
    assert "TPM by NCBI (gene level only): not known\n" in out
    assert "Not known: TPM by NCBI: http" in out


def test_inspect__not_an_accession(run_cli, place):
    code, _, err = run_cli("inspect", "GSE15O969", *place[1])
    assert code == 2
    assert "'GSE15O969' is not a known form of accession" in err


def test_fetch__reference_of_gencode(site, server, run_cli, place):
    folder, options = place
    files = {
        "gencode.v44.transcripts.fa.gz": gzip.compress(b">t|g\nACGT\n"),
        "gencode.v44.annotation.gtf.gz": gzip.compress(b"#gtf\n"),
    }
    add_gencode(site, "44", files)
    config = folder / "config.yaml"
    config.write_text(
        yaml.safe_dump({"acquire": {"reference": {"release": "44"}, "network": {"backoff": 0}}})
    )
    target = folder / "reference"
    code, _, err = run_cli("fetch", "--config", config, "--reference", target, *options)
    assert (code, err) == (0, "")
    assert gzip.decompress((target / "transcripts.fa.gz").read_bytes()) == b">t|g\nACGT\n"
    # A file that does not fit its checksum never arrives.
    site.add(
        "/gencode/Gencode_human/release_44/gencode.v44.transcripts.fa.gz",
        gzip.compress(b">t|g\nACGA\n"),
    )
    code, _, err = run_cli(
        "fetch", "--config", config, "--reference", folder / "r2",
        "--downloads", folder / "d2", *options[2:],
    )  # fmt: skip
    assert code == 3
    assert "md5 is" in err
    assert not (folder / "r2" / "transcripts.fa.gz").exists()


@pytest.mark.parametrize("plain", [(), ("annotation",), ("transcripts", "annotation")])
def test_fetch__reference_of_own_files(plain, server, run_cli, place):
    """Gzip is taken as it is and plain text is packed, whatever the file is called."""
    folder, options = place
    files = {"transcripts": folder / "own.fa.gz", "annotation": folder / "own.gtf.gz"}
    for name, path in files.items():
        text = name.encode()
        path.write_bytes(text if name in plain else gzip.compress(text))
    reference = {"source": "files"} | {name: str(path) for name, path in files.items()}
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump({"acquire": {"reference": reference}}))
    target = folder / "reference"
    code, _, err = run_cli("fetch", "--config", config, "--reference", target, *options)
    assert (code, err) == (0, "")
    assert gzip.decompress((target / "transcripts.fa.gz").read_bytes()) == b"transcripts"
    assert gzip.decompress((target / "annotation.gtf.gz").read_bytes()) == b"annotation"
    assert not server.requests
    files["annotation"].unlink()
    code, _, err = run_cli("fetch", "--config", config, "--reference", target, *options)
    assert code == 2
    assert "own.gtf.gz: no such file; correct 'acquire.reference'" in err


ENSEMBL = {
    "fasta/homo_sapiens/cdna/Homo_sapiens.GRCh38.cdna.all.fa.gz": b">ENST1.1 gene:ENSG1.1\nACGT\n",
    "fasta/homo_sapiens/ncrna/Homo_sapiens.GRCh38.ncrna.fa.gz": b">ENST2.1 gene:ENSG2.1\nGGGG\n",
    "gtf/homo_sapiens/Homo_sapiens.GRCh38.110.gtf.gz": b"#!genome-build GRCh38\n",
}


def test_fetch__reference_of_ensembl(site, server, run_cli, place):
    """cDNA and ncRNA, each checked by the 16-bit sum and the blocks of its folder's CHECKSUMS."""
    folder, options = place
    packed = {path: gzip.compress(text, mtime=0) for path, text in ENSEMBL.items()}
    add_ensembl(site, "110", packed)
    config = folder / "config.yaml"
    reference = {"source": "ensembl", "release": "110"}
    config.write_text(
        yaml.safe_dump({"acquire": {"reference": reference, "network": {"backoff": 0}}})
    )
    target = folder / "reference"
    code, _, err = run_cli("fetch", "--config", config, "--reference", target, *options)
    assert (code, err) == (0, "")
    cdna, ncrna, gtf = ENSEMBL.values()
    assert gzip.decompress((target / "transcripts.fa.gz").read_bytes()) == cdna + ncrna
    assert gzip.decompress((target / "annotation.gtf.gz").read_bytes()) == gtf
    # The second run finds all of it, by sums that the manifest does not hold.
    server.requests.clear()
    assert run_cli("fetch", "--config", config, "--reference", target, *options)[0] == 0
    assert not server.requests
    # Whole gzip of another content: only the sum tells.
    path = "fasta/homo_sapiens/ncrna/Homo_sapiens.GRCh38.ncrna.fa.gz"
    site.add(
        f"/ensembl/release-110/{path}", gzip.compress(b">ENST2.1 gene:ENSG2.1\nGGGC\n", mtime=0)
    )
    code, _, err = run_cli(
        "fetch", "--config", config, "--reference", folder / "r2",
        "--downloads", folder / "d2", *options[2:],
    )  # fmt: skip
    assert code == 3
    assert "ncrna.fa.gz: sum is" in err
    assert not (folder / "r2" / "transcripts.fa.gz").exists()


def test_fetch__reference_that_the_checksums_do_not_list_is_said(site, run_cli, place):
    folder, options = place
    add_ensembl(site, "110", {p: gzip.compress(t, mtime=0) for p, t in ENSEMBL.items()})
    site.add("/ensembl/release-110/gtf/homo_sapiens/CHECKSUMS", b"00001 1 README\n")
    config = folder / "config.yaml"
    reference = {"source": "ensembl", "release": "110"}
    config.write_text(yaml.safe_dump({"acquire": {"reference": reference}}))
    target = folder / "reference"
    code, _, err = run_cli("fetch", "--config", config, "--reference", target, *options)
    assert code == 0
    words = (
        "does not list Homo_sapiens.GRCh38.110.gtf.gz, so only the checksum inside the gzip file"
    )
    assert words in err


def test_fetch__real_airway_series(shared, site, run_cli, place):
    """The real metadata of GSE52778 and real reads of three of its runs."""
    airway = shared / "airway_gse52778"
    add_matrix(site, "GSE52778", (airway / "GSE52778_series_matrix.txt").read_text())
    with (airway / "SraRunInfo_SRP033351.csv").open() as stream:
        records = [row for row in csv.DictReader(stream) if row["Run"]]
    samples = [
        GeoSample(
            row["SampleName"], "", (), row["Experiment"],
            {
                row["Run"]: [
                    airway / "fastq" / f"{row['Run']}_R{mate}.fastq.gz" for mate in (1, 2)
                ]
            },
        )
        for row in records
        if (airway / "fastq" / f"{row['Run']}_R1.fastq.gz").exists()
    ]  # fmt: skip
    add_runs(site, "SRP033351", samples)
    folder, options = place
    config = folder / "config.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "acquire": {
                    "accession": "GSE52778",
                    "samples": {
                        "choose": [
                            {"sample": "N61311_untreated", "batch": "N61311"},
                            {"sample": "GSM1275863"},
                            {"sample": "N052611_Dex"},
                        ],
                        "n_batches": 3,
                    },
                }
            }
        )
    )
    sheet = folder / "results" / "samples.tsv"
    code, out, err = run_cli("fetch", "--config", config, "--samples", sheet, *options)
    assert (code, err) == (0, "GSE52778: there is no SOFT file; the series matrix is used\n")
    assert "SRR1039508" in out
    read = read_samples(sheet)
    assert [sample.sample for sample in read] == ["N61311", "N61311_Dex", "N052611_Dex"]
    assert [sample.annotations["run"] for sample in read] == [
        "SRR1039508", "SRR1039509", "SRR1039513",
    ]  # fmt: skip
    fetched = read[0].runs[0].fastq_2
    assert fetched.read_bytes() == (airway / "fastq" / "SRR1039508_R2.fastq.gz").read_bytes()


def test_fetch__cap_refuses_without_a_person_to_ask(site, run_cli, place):
    folder, _ = place
    add_series(site, "GSE900001", "x", three_batches())
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump({"acquire": {"network": {"max_total_gib": 3e-6}}}))
    code, _, err, sheet = fetch(run_cli, place, "GSE900001", "--config", config)
    assert code == 2
    assert "would be downloaded, but the limit is 3.1 KiB" in err
    assert "use --yes, or raise acquire.network.max_total_gib" in err
    assert not sheet.exists()
    assert fetch(run_cli, place, "GSE900001", "--config", config, "--yes")[0] == 0


def test_fetch__cap_does_not_ask_where_nobody_sees_it(site, run_cli, place, monkeypatch):
    """As in a workflow: the keyboard is a terminal's, the question would go into a log."""
    keyboard = io.StringIO("y\n")
    keyboard.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", keyboard)
    add_series(site, "GSE900001", "x", three_batches())
    config = place[0] / "config.yaml"
    config.write_text(yaml.safe_dump({"acquire": {"network": {"max_total_gib": 3e-6}}}))
    code, _, err, _ = fetch(run_cli, place, "GSE900001", "--config", config)
    assert code == 2
    assert "go on?" not in err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("acquire: {rout: reads}", "'acquire.rout' is unknown; did you mean 'acquire.route'?"),
        ("acquire: {reference: {release: '44', transcripts: a.fa.gz}}", "require source 'files'"),
        ("acquire: {reference: {source: files, annotation: a.gtf.gz}}", "needs 'transcripts'"),
        ("acquire: {samples: {pattern: '('}}", "key 'acquire.samples.pattern'"),
        ("acquire: {urls: {geo: 'ftp://x'}}", "key 'acquire.urls.geo'"),
        ("results: x", "has no section 'acquire'"),
        ("acquire: [", "is not YAML"),
    ],
)
def test_fetch__configuration_refused(text, words, run_cli, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(text)
    code, _, err = run_cli("fetch", "GSE1", "--config", config)
    assert code == 2
    assert words in err


SRA = """#!/bin/sh
case "$0" in
*prefetch) mkdir -p "$3/$1" && echo archive > "$3/$1/$1.sra" ;;
*) test -f "$1/$1.sra" || exit 7
   for end in ENDS; do printf '@r\\nACGT\\n+\\nIIII\\n' > "$1$end.fastq"; done ;;
esac
"""


@pytest.fixture
def sra_toolkit(tmp_path, monkeypatch):
    """Stand-ins for prefetch and fasterq-dump that keep to their conventions for files."""

    def installing(ends):
        programs = tmp_path / "programs"
        programs.mkdir(exist_ok=True)
        for name in ("prefetch", "fasterq-dump"):
            (programs / name).write_text(SRA.replace("ENDS", ends))
            (programs / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")

    return installing


def without_fastq(site):
    """Take the FASTQ of all runs out of ENA's report, as ENA does with what it has not copied."""
    [key] = [key for key in site.documents if "filereport" in key]
    header, *rows = site.documents[key].decode().splitlines()
    kept = header.split("\t").index("fastq_ftp")
    rows = ["\t".join([*row.split("\t")[:kept], "", "", ""]) for row in rows]
    site.documents[key] = "\n".join([header, *rows]).encode()


def test_fetch__sra_toolkit_where_ena_has_no_fastq(site, run_cli, place, sra_toolkit):
    add_series(site, "GSE900001", "x", three_batches())
    without_fastq(site)
    sra_toolkit("_1 _2")
    code, _, err, sheet = fetch(run_cli, place, "GSE900001", "--pattern", r"CYN-[\w-]+")
    assert (code, err) == (0, "")
    _, out, _ = run_cli("inspect", "GSE900001", *place[1])
    assert "reads: download by the SRA toolkit for 3 of 3 samples, size unknown" in out
    for sample in read_samples(sheet):
        [run] = sample.runs
        assert gzip.decompress(run.fastq_1.read_bytes()) == b"@r\nACGT\n+\nIIII\n"
        assert sorted(path.suffix for path in run.fastq_1.parent.iterdir()) == [".gz", ".gz"]


def test_fetch__sra_toolkit_is_not_asked_offline(site, run_cli, place, sra_toolkit):
    add_series(site, "GSE900001", "x", three_batches())
    without_fastq(site)
    sra_toolkit("_1 _2")
    assert run_cli("inspect", "GSE900001", *place[1])[0] == 0
    code, _, err, sheet = fetch(run_cli, place, "GSE900001", "--offline")
    assert code == 3
    assert "(offline), but the reads of SRR900000 are missing; run once with network access" in err
    assert fetch(run_cli, place, "GSE900001")[0] == 0
    assert fetch(run_cli, place, "GSE900001", "--offline")[0] == 0
    assert len(read_samples(sheet)) == 3


@pytest.fixture
def offer_archive(tmp_path, monkeypatch, require):
    """The real fasterq-dump, with a prefetch that copies from a folder: its own needs NCBI."""
    require("fasterq-dump", "latf-load", "kar")
    archives, programs = tmp_path / "archives", tmp_path / "programs"
    archives.mkdir()
    programs.mkdir()
    (programs / "prefetch").write_text(
        f'#!/bin/sh\nmkdir -p "$3/$1" && cp "{archives}/$1.sra" "$3/$1/"\n'
    )
    (programs / "prefetch").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))  # the toolkit writes its settings there
    return lambda run, mates: load_archive(archives / f"{run}.sra", mates)


@pytest.mark.parametrize("n_mates", [1, 2])
def test_fetch__real_fasterq_dump(n_mates, site, run_cli, place, offer_archive):
    samples = three_batches(mates=n_mates)
    add_series(site, "GSE900001", "x", samples)
    without_fastq(site)
    for sample in samples:
        for run, mates in sample.runs.items():
            offer_archive(run, [gzip.decompress(mate) for mate in mates])
    code, _, err, sheet = fetch(run_cli, place, "GSE900001", "--pattern", r"CYN-[\w-]+")
    assert (code, err) == (0, "")
    for sample, told in zip(read_samples(sheet), samples, strict=True):
        files = [file for file in (sample.runs[0].fastq_1, sample.runs[0].fastq_2) if file]
        [mates] = told.runs.values()
        assert len(files) == len(mates) == n_mates
        for file, mate in zip(files, mates, strict=True):
            lines = gzip.decompress(file.read_bytes()).split(b"\n")
            expected = gzip.decompress(mate).split(b"\n")
            # Names are the toolkit's own; sequences and qualities are what was loaded.
            assert lines[1::4] == expected[1::4]
            assert lines[3::4] == expected[3::4]


def load_archive(path, mates):
    """Make an archive as SRA keeps it, by the toolkit's own programs."""
    folder = path.with_suffix(".d")
    folder.mkdir()
    files = [folder / f"{number}.fastq" for number in range(1, len(mates) + 1)]
    for file, text in zip(files, mates, strict=True):
        file.write_bytes(text)
    reads = ["-1", files[0], "-2", files[1]] if len(files) == 2 else [files[0]]
    load = ["latf-load", "-p", "ILLUMINA", "--quality", "PHRED_33", "-o", folder / "db", *reads]
    subprocess.run(load, check=True, capture_output=True)
    subprocess.run(["kar", "-c", path, "-d", folder / "db"], check=True, capture_output=True)


def test_fetch__sra_toolkit_gives_other_than_the_record(site, run_cli, place, sra_toolkit):
    add_series(site, "GSE900001", "x", three_batches())
    without_fastq(site)
    sra_toolkit("''")
    code, _, err, sheet = fetch(run_cli, place, "GSE900001", "--pattern", r"CYN-[\w-]+")
    assert code == 2
    assert "states the layout paired, but the SRA toolkit wrote SRR900000.fastq" in err
    assert not sheet.exists()


def test_fetch__no_fastq_and_no_sra_toolkit(site, run_cli, place, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    add_series(site, "GSE900001", "x", three_batches())
    without_fastq(site)
    code, _, err, _ = fetch(run_cli, place, "GSE900001", "--pattern", r"CYN-[\w-]+")
    assert code == 2
    assert "the route 'reads' is not available; available: none" in err


@pytest.mark.network
def test_gse150969__at_geo_and_ena(run_cli, tmp_path):
    """The real series by the repository's own configuration: records, batches, runs; no reads."""
    code, out, err = run_cli(
        "inspect", "GSE150969", "--json", "--config", ROOT / "config.yaml", "--downloads", tmp_path
    )
    assert code == 0, err
    found = json.loads(out)
    assert found["accession"] == "GSE150969"
    assert found["unknown"] == []
    chosen = [sample for sample in found["samples"] if sample["batch"]]
    assert {sample["batch"] for sample in chosen} == set(BATCHES)
    assert all(run["fastq"] for sample in chosen for run in sample["runs"])
    assert all(sample["runs"] for sample in chosen)
    # Once more, of what was kept.
    code, again, err = run_cli(
        "inspect", "GSE150969", "--json", "--config", ROOT / "config.yaml",
        "--downloads", tmp_path, "--offline",
    )  # fmt: skip
    assert code == 0, err
    assert json.loads(again)["samples"] == found["samples"]


@pytest.mark.network
def test_reference__at_gencode(tmp_path):
    """The release of the repository's own configuration lists the files that are fetched."""
    document = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    settings = AcquireSettings.model_validate(document["acquire"])
    pairs = gencode_sources(settings.reference, settings.urls)
    with Downloader(tmp_path) as downloader:
        checksums = read_checksums(downloader.fetch(pairs[0][0]))
        sizes = downloader.sizes([source for _, source in pairs])
    for _, source in pairs:
        assert source.url.rpartition("/")[2] in checksums
        assert isinstance(sizes[source.path], int)
