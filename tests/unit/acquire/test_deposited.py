"""Deposited tables: columns recognised, converted or refused."""

from __future__ import annotations

import gzip
import io
import lzma
import re
from datetime import date

import numpy as np
import pandas as pd
import pytest
import yaml

from lotwise.acquire.columns import judge, read_table, sheets_of
from lotwise.acquire.deposited import (
    column_part,
    columns_of,
    looks_like,
    rsem_part,
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


def judged(path, *, kind=None, **options):
    """Read a table and judge each of its columns."""
    found = read_table(path, **options)
    return found, [judge(found, column, kind=kind) for column in found.columns]


def kinds(path, *, kind=None):
    return [(column.name, column.kind) for column in judged(path, kind=kind)[1]]


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
    assert kinds(table(tmp_path, columns)) == [(next(iter(columns)), expected)]


def test_read_table__kind_in_the_file_name(tmp_path):
    path = table(tmp_path, {"lot 1": tpm(1) / 3}, name="GSE7_All_Sample_FPKM_Matrix.csv")
    assert kinds(path) == [("lot 1", "fpkm")]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (
            {"lot 1": tpm(1) / 3},
            r"has an unknown unit, and its decimal numbers add up to 333,333",
        ),
        ({"lot 1 TPM": tpm(1) / 3}, r"is named TPM, and its decimal numbers add up to 333,333"),
        ({"lot 1 FPKM": tpm(1)}, r"is named FPKM, and its decimal numbers add up to 1e\+06"),
        ({"lot 1 count": tpm(1)}, r"is named COUNTS, and its decimal numbers add up to 1e\+06"),
        ({"lot 1": np.log2(tpm(1) + 1)}, r"has an unknown unit"),
        (
            {"lot 1 log2 TPM": np.log2(tpm(1) + 1)},
            r"contain logarithms, judging by the column name",
        ),
        ({"lot 1": np.where(np.arange(N) == 3, -1, tpm(1))}, r"contains negative numbers"),
        ({"lot 1": np.where(np.arange(N) == 3, np.nan, tpm(1))}, r"contains empty cells"),
        ({"lot 1": ["x"] * N}, r"contains no column of numbers; the columns are lot 1"),
    ],
)
def test_judge__ambiguous_is_refused(columns, words, tmp_path):
    with pytest.raises(InputError, match=words):
        judged(table(tmp_path, columns))


def test_judge__choice_is_printed_and_taken(tmp_path):
    path = table(tmp_path, {"lot 1": tpm(1) / 3})
    with pytest.raises(InputError, match=r"set 'acquire.deposited.kind' to tpm, fpkm or counts"):
        kinds(path)
    assert kinds(path, kind="fpkm") == [("lot 1", "fpkm")]


def test_judge__tpm_of_a_part_of_the_genes_with_one_key(tmp_path):
    path = table(tmp_path, {"lot 1 TPM": tpm(1) * 0.8})
    with pytest.raises(InputError, match=r"if genes were removed .* `acquire.deposited.kind: tpm`"):
        kinds(path)
    assert kinds(path, kind="tpm") == [("lot 1 TPM", "tpm")]


def test_judge__counts_do_not_become_tpm_by_being_called_so(tmp_path):
    path = table(tmp_path, {"lot 1": np.arange(N)})
    with pytest.raises(InputError, match=r"whole numbers .* although 'kind: tpm' is set"):
        kinds(path, kind="tpm")


def test_column_part__features_twice(tmp_path):
    path = table(tmp_path, {"lot 1": tpm(1)}, index=[*GENES[:-1], GENES[0]])
    found, [column] = judged(path)
    with pytest.raises(InputError, match=rf"1 features occur more than once, such as {GENES[0]}"):
        column_part(found, column)
    part = column_part(found, column, sum_duplicates=True)
    written = pd.read_csv(io.BytesIO(part.body), sep="\t")
    assert list(written["gene_id"]) == GENES[:-1]
    np.testing.assert_allclose(written["TPM"][0], tpm(1)[0] + tpm(1)[-1], rtol=1e-12)
    np.testing.assert_allclose(written["TPM"].sum(), 1e6)


def test_read_table__level(tmp_path):
    assert read_table(table(tmp_path, {"a": tpm(1)})).level == "gene"
    transcripts = [f"ENST{i:011d}.2" for i in range(N)]
    path = table(tmp_path, {"a": tpm(1)}, index=transcripts)
    assert read_table(path).level == "isoform"
    path = tmp_path / "x.tsv"
    pd.DataFrame({"a": tpm(1)}, index=pd.Index(range(N), name="id")).to_csv(path, sep="\t")
    with pytest.raises(
        InputError, match=r"level cannot be inferred .*; set 'acquire.deposited.level'"
    ):
        read_table(path)
    assert read_table(path, level="gene").level == "gene"


def test_read_table__damaged(tmp_path):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"gene_id\ta\nx\t1\n")[:-9])
    with pytest.raises(InputError, match="is a gzip file that is truncated"):
        read_table(path)
    old = tmp_path / "a.xls"
    old.write_bytes(b"\xd0\xcf\x11\xe0")
    with pytest.raises(InputError, match="is a workbook in an unsupported format; save the sheet"):
        read_table(old)


def workbook(path, sheets):
    with pd.ExcelWriter(path) as writer:
        for name, frame in sheets.items():
            frame.to_excel(writer, sheet_name=name)
    return path


def test_read_table__sheets_of_a_workbook(tmp_path):
    frames = {
        "genes": pd.DataFrame({"lot 1": tpm(1)}, index=pd.Index(GENES, name="gene_id")),
        "isoforms": pd.DataFrame(
            {"gene_id": GENES, "lot 1": tpm(2)},
            index=pd.Index([f"ENST{i:011d}" for i in range(N)], name="transcript_id"),
        ),
    }
    path = workbook(tmp_path / "GSE7_TPM.xlsx", frames)
    assert sheets_of(path) == ["genes", "isoforms"]
    found = read_table(path, sheet="isoforms")
    assert (found.level, found.gene) == ("isoform", "gene_id")
    np.testing.assert_allclose(found.frame["lot 1"].to_numpy(dtype=float), tpm(2), rtol=1e-12)
    assert read_table(path, sheet="genes").level == "gene"


def test_read_table__symbols_that_a_spreadsheet_made_dates_of(tmp_path):
    index = pd.Index([date(2020, 9, 2), *GENES[1:]], name="gene", dtype=object)
    path = workbook(tmp_path / "a.xlsx", {"TPM": pd.DataFrame({"lot 1": tpm(1)}, index=index)})
    with pytest.raises(InputError, match=r"names are dates, such as 2020-09-02.* \(1 in total\)"):
        read_table(path, sheet="TPM")


def test_sheets_of__no_workbook(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"x")
    with pytest.raises(InputError, match="cannot be read as a workbook"):
        sheets_of(path)


def test_read_table__number_sign_in_a_sample_name(tmp_path):
    """Lines of comment come before the header; elsewhere a # belongs to a name."""
    path = tmp_path / "GSE7_TPM.csv"
    rows = "".join(f"{gene},{a},{b}\n" for gene, a, b in zip(GENES, tpm(1), tpm(2), strict=True))
    path.write_text(f"# made by hand\ngene_id,Donor #1,Donor #2\n{rows}")
    found = read_table(path)
    assert kinds(path) == [("Donor #1", "tpm"), ("Donor #2", "tpm")]
    np.testing.assert_allclose(found.frame["Donor #2"], tpm(2), rtol=1e-12)
    assert list(found.frame.index) == GENES


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("gene_id\tA\tB\tC", "row 3: has 3 cells, but the header has 4 cells"),
        ("gene_id\tA", "row 2: the header has 2 columns, but the rows have 3 cells"),
    ],
)
def test_read_table__header_that_does_not_fit(header, words, tmp_path):
    path = tmp_path / "GSE7_TPM.txt.gz"
    rows = "".join(f"{gene}\t{a}\t2\n" for gene, a in zip(GENES, tpm(1), strict=True))
    path.write_bytes(gzip.compress(f"# x\n{header}\n{rows}".encode()))
    with pytest.raises(InputError, match=words):
        read_table(path)


def test_read_table__a_separator_at_the_end_of_each_row(tmp_path):
    path = tmp_path / "GSE7_TPM.txt"
    rows = "".join(f"{gene}\t{a}\t2\t\n" for gene, a in zip(GENES, tpm(1), strict=True))
    path.write_text(f"gene_id\tA\tB\n{rows}")
    assert [column.name for column in read_table(path).columns] == ["A", "B"]


# Shapes of real supplements; each is read as the one plain table.
PLAIN = "gene_id\tA\tB\n" + "".join(
    f"{gene}\t{a}\t{a}\n" for gene, a in zip(GENES, tpm(1), strict=True)
)
SHAPES = {
    "tabs_named.csv": PLAIN.encode(),
    "commas_named.tsv": PLAIN.replace("\t", ",").encode(),
    "plain_named.txt.gz": PLAIN.encode(),
    "packed_named.txt": gzip.compress(PLAIN.encode()),
    "xz_named.gz": lzma.compress(PLAIN.encode()),
    "excel_unicode.txt": PLAIN.encode("utf-16"),
    "old_mac.txt": PLAIN.replace("\n", "\r").encode(),
    "windows.txt": PLAIN.replace("\n", "\r\n").encode(),
    "semicolons.csv": PLAIN.replace("\t", ";").encode(),
    "comment.txt": b"# GEO submission\n#\n" + PLAIN.encode(),
}


@pytest.mark.parametrize("name", SHAPES)
def test_read_table__content_decides_not_the_name(tmp_path, name):
    path = tmp_path / f"GSE7_genes_TPM_{name}"
    path.write_bytes(SHAPES[name])
    found = read_table(path)
    assert [column.name for column in found.columns] == ["A", "B"]
    assert list(found.frame.index) == GENES
    np.testing.assert_allclose(found.frame["B"], tpm(1), rtol=1e-12)


def test_read_table__identifiers_stay_text(tmp_path):
    path = tmp_path / "GSE7_genes_TPM.txt"
    path.write_text("Entrez\tA\n653630\t5e5\nNA\t2e5\n007\t3e5\n")
    assert list(read_table(path).frame.index) == ["653630", "NA", "007"]
    path.write_text("Entrez\tA\n653630\t5e5\n\t5e5\n")
    with pytest.raises(InputError, match="row 3: a feature has no name"):
        read_table(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("strand", "-1"), ("padj", "NA"), ("log2FoldChange", "-3.5"), ("start", ""), ("Entrez", "")],
)
def test_read_table__numbers_beside_the_samples_pass_by(tmp_path, name, value):
    path = tmp_path / "GSE7_genes_TPM.txt"
    rows = "".join(f"{gene}\t{value}\t{a}\n" for gene, a in zip(GENES, tpm(1), strict=True))
    path.write_text(f"gene_id\t{name}\tlot 1 TPM\n{rows}")
    found = read_table(path)
    [column] = [column for column in found.columns if column.name == "lot 1 TPM"]
    assert judge(found, column).kind == "tpm"


def test_read_table__quoted_cells_and_annotation_columns_of_one_name(tmp_path):
    path = tmp_path / "GSE7_genes_TPM.csv"
    rows = "".join(f'{g},"aldolase A, x","b",{a}\n' for g, a in zip(GENES, tpm(1), strict=True))
    path.write_text(f'gene_id,"Description","Description",A\n{rows}')
    assert [column.name for column in read_table(path).columns] == ["A"]


def test_read_table__as_r_writes_it(tmp_path):
    path = tmp_path / "GSE7_genes_TPM.txt"
    rows = "".join(f"{gene}\t{a}\n" for gene, a in zip(GENES, tpm(1), strict=True))
    path.write_text(f"lot 1\n{rows}")
    found = read_table(path)
    assert kinds(path) == [("lot 1", "tpm")]
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
        ({"lot 1": tpm(1), "other": tpm(2)}, r"GSM2 'lot 2' matches no column"),
        ({"lot 1 a": tpm(1), "lot 1 b": tpm(1), "lot 2": tpm(2)}, r"matches lot 1 a, lot 1 b"),
        ({"lot 10": tpm(1), "lot 2": tpm(2)}, r"GSM1 'lot 1' matches no column"),
        ({"lot 1": tpm(1), "lot 20 TPM": tpm(2)}, r"GSM2 'lot 2' matches no column"),
        ({"pilot 1": tpm(1), "lot 2": tpm(2)}, r"GSM1 'lot 1' matches no column"),
        ({"GSM12": tpm(1), "lot 2": tpm(2)}, r"GSM1 'lot 1' matches no column"),
        ({"lot 1": np.arange(N), "lot 2": np.arange(N)}, r"has counts but no lengths, so TPM"),
    ],
)
def test_columns_of__refused(columns, words, tmp_path):
    with pytest.raises(InputError, match=words):
        columns_of(read_table(table(tmp_path, columns)), CHOSEN)


SWAPPED = [Chosen(Candidate(f"GSM{i}", f"iPSC-derived MSC, batch {i}"), f"{i}") for i in (1, 2, 3)]


@pytest.mark.parametrize(
    "named",
    ["{}.bam", "{}_sorted.bam", "star/{}.Aligned.sortedByCoord.out.bam", "C:\\runs\\{}.CRAM"],
)
def test_columns_of__names_of_files_of_alignments(named, tmp_path):
    names = [named.format(name) for name in ("x", "y")]
    path = table(tmp_path, {names[0]: tpm(1), names[1]: tpm(2)})
    chosen = [Chosen(Candidate(f"GSM{i}", name), name) for i, name in enumerate(("x", "y"))]
    found = columns_of(read_table(path), chosen)
    assert {accession: column.name for accession, column in found.items()} == {
        "GSM0": names[0],
        "GSM1": names[1],
    }


def test_columns_of__a_sample_called_log_is_no_logarithm(tmp_path):
    columns = {"log_phase_1": tpm(1), "log_phase_2": tpm(2)}
    chosen = [Chosen(Candidate(f"GSM{i}", f"log phase {i}"), str(i)) for i in (1, 2)]
    found = columns_of(read_table(table(tmp_path, columns)), chosen)
    assert [column.name for column in found.values()] == ["log_phase_1", "log_phase_2"]
    logarithms = {name: np.log2(values + 1) for name, values in columns.items()}
    with pytest.raises(InputError, match="cannot be matched to samples"):
        columns_of(read_table(table(tmp_path, logarithms)), chosen)


def test_columns_of__a_number_alone_is_no_name(tmp_path):
    """The libraries are numbered in another order than the batches."""
    columns = {f"lib{i}_MSC_TPM": tpm(i) for i in (3, 1, 2)}
    found = read_table(table(tmp_path, columns))
    with pytest.raises(InputError, match=r"GSM1 .* matches no column") as caught:
        columns_of(found, SWAPPED)
    [line] = re.findall(r"`acquire.deposited.columns: (\{.*?\})`", str(caught.value))
    assert yaml.safe_load(line) == {"GSM1": "lib3 MSC", "GSM2": "lib1 MSC", "GSM3": "lib2 MSC"}
    stated = {"GSM1": "lib2 MSC", "GSM2": "lib1_MSC_TPM", "iPSC-derived MSC, batch 3": "lib3 MSC"}
    found = columns_of(found, SWAPPED, stated=stated)
    assert [column.name for column in found.values()] == [f"lib{i}_MSC_TPM" for i in (2, 1, 3)]


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ({"GSM9": "lot 1"}, "contains 'GSM9', which is not one of the chosen samples"),
        ({"GSM1": "lot 1"}, "deposited.columns has no column for GSM2 'lot 2'"),
        ({"GSM1": "lot 1", "GSM2": "lot 9"}, "0 columns are named 'lot 9'"),
    ],
)
def test_columns_of__stated_wrongly(stated, words, tmp_path):
    found = read_table(table(tmp_path, {"lot 1": tpm(1), "lot 2": tpm(2)}))
    with pytest.raises(InputError, match=words):
        columns_of(found, CHOSEN, stated=stated)


def test_columns_of__the_description_names_the_column(tmp_path):
    described = [
        Chosen(
            Candidate(
                f"GSM{i}", f"MSC {i}", fields=(("description", f"processed column: lib{j}"),)
            ),
            f"B{i}",
        )
        for i, j in ((1, 2), (2, 1))
    ]
    found = columns_of(read_table(table(tmp_path, {"lib1": tpm(1), "lib2": tpm(2)})), described)
    assert {key: column.name for key, column in found.items()} == {"GSM1": "lib2", "GSM2": "lib1"}


def test_columns_of__kinds_side_by_side(tmp_path):
    columns = {}
    for i in (1, 2):
        columns |= {f"lot {i} count": np.arange(N) + i, f"lot {i} TPM": tpm(i) * 0.8}
    found = read_table(table(tmp_path, columns))
    taken = columns_of(found, CHOSEN, kind="tpm")
    assert [(column.name, column.kind) for column in taken.values()] == [
        ("lot 1 TPM", "tpm"),
        ("lot 2 TPM", "tpm"),
    ]


def test_column_part__fpkm_to_tpm_is_exact(tmp_path):
    found, [column] = judged(table(tmp_path, {"lot 1 FPKM": tpm(1) * 0.37}))
    part = column_part(found, column)
    assert part.origin == "column lot 1 FPKM of GSE7_matrix.txt, TPM computed from fpkm"
    path = write_quantification([part], "L1", tmp_path / "out")
    assert path.name == "L1.genes.results"
    written = pd.read_csv(path, sep="\t")
    np.testing.assert_allclose(written["TPM"], tpm(1), rtol=1e-12)
    np.testing.assert_allclose(written["FPKM"], tpm(1) * 0.37, rtol=1e-12)
    assert written["expected_count"].isna().all()
    assert written["effective_length"].isna().all()


def test_write_quantification__other_content_has_another_place(tmp_path):
    """Two runs of one series by other tables must not overwrite each other."""
    found, columns = judged(table(tmp_path, {"lot 1": tpm(1), "lot 2": tpm(2)}))
    first, second = (
        write_quantification([column_part(found, column)], "L1", tmp_path) for column in columns
    )
    assert first != second
    before = first.read_bytes(), first.stat().st_mtime_ns
    again = write_quantification([column_part(found, columns[0])], "L1", tmp_path)
    assert (again.read_bytes(), again.stat().st_mtime_ns) == before
    # What somebody changed by hand is written anew.
    first.write_bytes(b"x")
    assert write_quantification([column_part(found, columns[0])], "L1", tmp_path) == first
    assert first.read_bytes() == before[0]


def test_tpm_from__counts_with_lengths_by_hand(tmp_path):
    found = read_table(table(tmp_path, {"length": np.full(N, 100), "lot 1": np.arange(N)}))
    assert found.length == "length"
    lengths = np.array([100.0, 200.0, 0.0])
    counts = np.array([10.0, 20.0, 0.0])
    result = tpm_from(counts, "counts", lengths=lengths, table=found)
    np.testing.assert_allclose(result, [5e5, 5e5, 0])
    with pytest.raises(InputError, match="1 features have counts, but their length is not above 0"):
        tpm_from(np.array([1.0, 1.0, 1.0]), "counts", lengths=lengths, table=found)
    with pytest.raises(InputError, match="all values of a sample are zero"):
        tpm_from(np.zeros(3), "fpkm", lengths=lengths, table=found)


@pytest.mark.parametrize(
    "name", ["GSM1_a_{}.results.gz", "GSM1_a.{}.results.txt.gz", "GSM1_a_{}_results.tsv"]
)
def test_rsem_part__other_names_are_put_under_those_of_rsem(name, tmp_path):
    assert looks_like(name.format("genes")) == "RSEM genes results"
    files = [tmp_path / name.format(kind) for kind in ("genes", "isoforms")]
    for file in files:
        file.write_text(file.name)
    found = write_quantification([rsem_part(file) for file in files], "L1", tmp_path / "out")
    ending = ".gz" if name.endswith(".gz") else ""
    assert found.name == f"L1.genes.results{ending}"
    beside = found.with_name(f"L1.isoforms.results{ending}")
    assert [found.read_text(), beside.read_text()] == [file.name for file in files]
