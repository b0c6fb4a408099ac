"""Deposited tables: columns recognised, converted or refused."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

from lotwise.acquire.columns import read_table
from lotwise.acquire.deposited import (
    columns_of,
    looks_like,
    rsem_results,
    tpm_from,
    write_quantification,
)
from lotwise.acquire.select import Candidate, Chosen
from lotwise.errors import InputError

N = 50
GENES = [f"ENSG{i:011d}" for i in range(N)]
CHOSEN = [Chosen(Candidate(f"GSM{i}", f"lot {i}"), f"L{i}") for i in (1, 2)]


def tpm(seed):
    values = np.random.default_rng(seed).lognormal(2, 2, N)
    return values / values.sum() * 1e6


def table(tmp_path, columns, name="GSE7_matrix.txt", index=GENES):
    path = tmp_path / name
    pd.DataFrame(columns, index=pd.Index(index, name="gene_id")).to_csv(
        path, sep="," if ".csv" in name else "\t"
    )
    return path


def kinds(found):
    return [(column.name, column.kind) for column in found.columns]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"lot 1": tpm(1)}, "tpm"),
        ({"lot 1": np.round(tpm(1), 2)}, "tpm"),
        ({"lot 1 FPKM": tpm(1) / 3}, "fpkm"),
        ({"lot_1_RPKM": tpm(1) / 3}, "fpkm"),
        ({"lot 1": np.arange(N)}, "counts"),
        ({"lot 1 expected_count": np.arange(N) + 0.5}, "counts"),
    ],
)
def test_read_table__kind(columns, expected, tmp_path):
    assert kinds(read_table(table(tmp_path, columns))) == [(next(iter(columns)), expected)]


def test_read_table__kind_in_the_file_name(tmp_path):
    path = table(tmp_path, {"lot 1": tpm(1) / 3}, name="GSE7_All_Sample_FPKM_Matrix.csv")
    assert kinds(read_table(path)) == [("lot 1", "fpkm")]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"lot 1": tpm(1) / 3}, r"is called nothing known and sums to 333,333 \(broken numbers"),
        ({"lot 1 TPM": tpm(1) / 3}, r"is called TPM and sums to 333,333"),
        ({"lot 1 FPKM": tpm(1)}, r"is called FPKM and sums to 1e\+06"),
        ({"lot 1 count": tpm(1)}, r"is called COUNTS and sums to 1e\+06"),
        ({"lot 1": np.log2(tpm(1) + 1)}, r"is called nothing known"),
        ({"lot 1 log2 TPM": np.log2(tpm(1) + 1)}, r"is a logarithm by its name"),
        ({"lot 1": np.where(np.arange(N) == 3, -1, tpm(1))}, r"has negative numbers"),
        ({"lot 1": np.where(np.arange(N) == 3, np.nan, tpm(1))}, r"has empty cells"),
        ({"lot 1": ["x"] * N}, r"has no column of numbers; its columns are lot 1"),
    ],
)
def test_read_table__ambiguous_is_refused(columns, words, tmp_path):
    with pytest.raises(InputError, match=words):
        read_table(table(tmp_path, columns))


def test_read_table__choice_is_printed_and_taken(tmp_path):
    path = table(tmp_path, {"lot 1": tpm(1) / 3})
    with pytest.raises(InputError, match=r"set deposited.kind to tpm, fpkm or counts"):
        read_table(path)
    assert kinds(read_table(path, kind="fpkm")) == [("lot 1", "fpkm")]


def test_read_table__features_twice(tmp_path):
    path = table(tmp_path, {"lot 1": tpm(1)}, index=[*GENES[:-1], GENES[0]])
    with pytest.raises(InputError, match=rf"1 features come twice, such as {GENES[0]}"):
        read_table(path)


def test_read_table__level(tmp_path):
    assert read_table(table(tmp_path, {"a": tpm(1)})).level == "gene"
    transcripts = [f"ENST{i:011d}.2" for i in range(N)]
    path = table(tmp_path, {"a": tpm(1)}, index=transcripts)
    assert read_table(path).level == "isoform"
    path = tmp_path / "x.tsv"
    pd.DataFrame({"a": tpm(1)}, index=pd.Index(range(N), name="id")).to_csv(path, sep="\t")
    with pytest.raises(InputError, match=r"tell genes from isoforms; set deposited.level"):
        read_table(path)
    assert read_table(path, level="gene").level == "gene"


def test_read_table__damaged_or_workbook(tmp_path):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"gene_id\ta\nx\t1\n")[:-9])
    with pytest.raises(InputError, match="cannot be read as a table"):
        read_table(path)
    with pytest.raises(InputError, match="is a workbook; save its sheet as TSV"):
        read_table(tmp_path / "a.xlsx")


def test_read_table__number_sign_in_a_sample_name(tmp_path):
    """Lines of comment come before the header; elsewhere a # belongs to a name."""
    path = tmp_path / "GSE7_TPM.csv"
    rows = "".join(f"{gene},{a},{b}\n" for gene, a, b in zip(GENES, tpm(1), tpm(2), strict=True))
    path.write_text(f"# made by hand\ngene_id,Donor #1,Donor #2\n{rows}")
    found = read_table(path)
    assert kinds(found) == [("Donor #1", "tpm"), ("Donor #2", "tpm")]
    np.testing.assert_allclose(found.frame["Donor #2"], tpm(2), rtol=1e-12)
    assert list(found.frame.index) == GENES


@pytest.mark.parametrize(
    ("header", "end"), [("gene_id\tA\tB\tC", ""), ("gene_id\tA", ""), ("gene_id\tA\tB", "\t")]
)
def test_read_table__header_that_does_not_fit(header, end, tmp_path):
    path = tmp_path / "GSE7_TPM.txt.gz"
    rows = "".join(f"{gene}\t{a}\t2{end}\n" for gene, a in zip(GENES, tpm(1), strict=True))
    path.write_bytes(gzip.compress(f"# x\n{header}\n{rows}".encode()))
    with pytest.raises(InputError, match=r"row 2: its header has \d columns, its first row has"):
        read_table(path)


def test_read_table__as_r_writes_it(tmp_path):
    path = tmp_path / "GSE7_genes_TPM.txt"
    rows = "".join(f"{gene}\t{a}\n" for gene, a in zip(GENES, tpm(1), strict=True))
    path.write_text(f"lot 1\n{rows}")
    found = read_table(path)
    assert kinds(found) == [("lot 1", "tpm")]
    assert list(found.frame.index) == GENES


def test_columns_of__best_kind_that_all_samples_have(tmp_path):
    columns = {f"lot {i} {kind}": tpm(i) / scale for i in (1, 2) for kind, scale in
               (("FPKM", 3), ("TPM", 1))}  # fmt: skip
    found = columns_of(read_table(table(tmp_path, columns)), CHOSEN)
    assert {accession: column.name for accession, column in found.items()} == {
        "GSM1": "lot 1 TPM",
        "GSM2": "lot 2 TPM",
    }


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"lot 1": tpm(1), "other": tpm(2)}, r"GSM2 'lot 2' fits none"),
        ({"lot 1 a": tpm(1), "lot 1 b": tpm(1), "lot 2": tpm(2)}, r"fits lot 1 a, lot 1 b"),
        ({"lot 10": tpm(1), "lot 2": tpm(2)}, r"GSM1 'lot 1' fits none"),
        ({"lot 1": tpm(1), "lot 20 TPM": tpm(2)}, r"GSM2 'lot 2' fits none"),
        ({"pilot 1": tpm(1), "lot 2": tpm(2)}, r"GSM1 'lot 1' fits none"),
        ({"GSM12": tpm(1), "lot 2": tpm(2)}, r"GSM1 'lot 1' fits none"),
        ({"lot 1": np.arange(N), "lot 2": np.arange(N)}, r"has counts and no lengths, so TPM"),
    ],
)
def test_columns_of__refused(columns, words, tmp_path):
    with pytest.raises(InputError, match=words):
        columns_of(read_table(table(tmp_path, columns)), CHOSEN)


def test_write_quantification__fpkm_to_tpm_is_exact(tmp_path):
    found = read_table(table(tmp_path, {"lot 1 FPKM": tpm(1) * 0.37}))
    path = write_quantification(found, found.columns[0], "L1", tmp_path / "out")
    assert path == tmp_path / "out" / "L1" / "L1.genes.results"
    written = pd.read_csv(path, sep="\t")
    np.testing.assert_allclose(written["TPM"], tpm(1), rtol=1e-12)
    np.testing.assert_allclose(written["FPKM"], tpm(1) * 0.37, rtol=1e-12)
    assert written["expected_count"].isna().all()
    assert written["effective_length"].isna().all()


def test_tpm_from__counts_with_lengths_by_hand(tmp_path):
    found = read_table(
        table(tmp_path, {"length": np.full(N, 100), "lot 1": np.arange(N)}), kind="counts"
    )
    assert found.length == "length"
    lengths = np.array([100.0, 200.0, 0.0])
    counts = np.array([10.0, 20.0, 0.0])
    result = tpm_from(counts, "counts", lengths=lengths, table=found)
    np.testing.assert_allclose(result, [5e5, 5e5, 0])
    with pytest.raises(InputError, match="1 features have counts and no length above 0"):
        tpm_from(np.array([1.0, 1.0, 1.0]), "counts", lengths=lengths, table=found)
    with pytest.raises(InputError, match="nothing but zeros"):
        tpm_from(np.zeros(3), "fpkm", lengths=lengths, table=found)


@pytest.mark.parametrize(
    "name", ["GSM1_a_{}.results.gz", "GSM1_a.{}.results.txt.gz", "GSM1_a_{}_results.tsv"]
)
def test_rsem_results__other_names_are_put_under_those_of_rsem(name, tmp_path):
    assert looks_like(name.format("genes")) == "RSEM genes results"
    files = [tmp_path / name.format(kind) for kind in ("genes", "isoforms")]
    for file in files:
        file.write_text(file.name)
    found = rsem_results(files, CHOSEN[:1])["GSM1"]
    ending = ".gz" if name.endswith(".gz") else ""
    assert found == tmp_path / f"GSM1_a.genes.results{ending}"
    beside = tmp_path / f"GSM1_a.isoforms.results{ending}"
    assert [found.read_text(), beside.read_text()] == [file.name for file in files]


def test_rsem_results__by_accession(tmp_path):
    names = ["GSM1_a.genes.results.gz", "GSM1_a.isoforms.results.gz", "GSM2_b.isoforms.results"]
    files = [tmp_path / name for name in names]
    found = rsem_results(files, CHOSEN)
    assert {accession: path.name for accession, path in found.items()} == {
        "GSM1": "GSM1_a.genes.results.gz",
        "GSM2": "GSM2_b.isoforms.results",
    }
    assert rsem_results([tmp_path / "GSM1_a.bw"], CHOSEN) == {}
    with pytest.raises(InputError, match=r"there are RSEM results of GSM1, none of GSM2 'lot 2'"):
        rsem_results(files[:2], CHOSEN)
    with pytest.raises(InputError, match=r"GSM1 has several: GSM1_a.genes.results.gz, GSM1_c"):
        rsem_results([*files, tmp_path / "GSM1_c.genes.results"], CHOSEN)
