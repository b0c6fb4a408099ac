"""Bad input: one line with the place and the remedy, exit code 2, nothing written."""

from __future__ import annotations

import gzip

import numpy as np
import pytest


def refuse(outcome, study, *words: str, code: int = 2) -> None:
    """Check that the error is one line with ``words``, and that nothing was written."""
    assert outcome.code == code, outcome.err
    assert outcome.out == ""
    errors = [line for line in outcome.err.splitlines() if line.startswith("lotwise: error: ")]
    others = [line for line in outcome.err.splitlines() if not line.startswith("lotwise: ")]
    assert len(errors) == 1, outcome.err
    assert others == []
    for word in words:
        assert word in errors[0], errors[0]
    assert study.written() == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--panel", "sex", "--panel", "sex"], "Error: --panel is ('sex', 'sex'); "),
        (["--format", "png", "--format", "gif"], "'--format': 'gif' is not one of"),
        (
            ["--panel", "none", "--panel", "sex"],
            "'--panel': 'none' cannot be combined with other values, got none, sex",
        ),
    ],
)
def test_options__are_told_by_their_own_names(run, study, options, words):
    outcome = run("evidence", "gene", "--out", study.out, *options)
    assert outcome.code == 2
    assert words in outcome.err
    assert study.written() == []


def test_sheet__missing(run, study):
    study.sheet.unlink()
    refuse(study.call(run), study, str(study.sheet), "no such sample sheet", "lotwise init")


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_sheet__empty(run, study, text):
    study.sheet.write_text(text, encoding="utf-8")
    refuse(study.call(run), study, "samples.tsv: is empty", "write a header")


def test_sheet__is_a_directory(run, study):
    study.sheet.unlink()
    study.sheet.mkdir()
    refuse(study.call(run), study, "samples.tsv: cannot be read (Is a directory)")


@pytest.mark.parametrize(
    ("separator", "word"), [(";", "has semicolons"), (" ", "has one column"), ("|", "one column")]
)
def test_sheet__wrong_separator(run, study, separator, word):
    study.sheet.write_text(study.sheet.read_text().replace("\t", separator))
    refuse(study.call(run), study, "samples.tsv, row 1", word, "tabs or commas", "TSV or CSV")


@pytest.mark.parametrize("column", ["sample", "batch", "quant"])
def test_sheet__column_missing(run, study, column):
    text = study.sheet.read_text().replace(column, "thing", 1)
    study.sheet.write_text(text)
    refuse(
        study.call(run), study, "samples.tsv, row 1", f"has no column {column}", "the columns are"
    )


@pytest.mark.parametrize(
    ("column", "renamed"), [("sample", "Sample"), ("batch", "batches"), ("quant", "quants")]
)
def test_sheet__column_named_otherwise(run, study, column, renamed):
    study.sheet.write_text(study.sheet.read_text().replace(column, renamed, 1))
    refuse(study.call(run), study, f"row 1, column '{renamed}'", f"did you mean '{column}'?")


def test_sheet__column_twice(run, study):
    study.sheet.write_text("sample\tbatch\tquant\tbatch\nA1\tA\tA1.sf\tA\n")
    refuse(study.call(run), study, "row 1, column 'batch'", "occurs twice")


def test_sheet__header_alone(run, study):
    study.write_sheet([])
    refuse(study.call(run), study, "samples.tsv, row 2", "no samples")


def test_sheet__duplicate_sample(run, study):
    study.write_sheet([("A1", "A"), ("B1", "B"), ("A1", "C")])
    refuse(study.call(run), study, "row 4, column 'sample'", "'A1' is also in row 2")


def test_sheet__one_batch(run, study):
    study.write_sheet([("A1", "A"), ("B1", "A")])
    refuse(
        study.call(run, command="compare"),
        study,
        "column 'batch'",
        "all 2 samples belong to batch 'A'",
        "at least 2",
    )


def test_sheet__one_sample(run, study):
    study.write_sheet([("A1", "A")])
    refuse(study.call(run, command="compare"), study, "column 'sample'", "1 sample", "at least 2")


@pytest.mark.parametrize(
    ("names", "column", "word"),
    [
        (("", "A"), "sample", "is blank"),
        (("A1", " "), "batch", "is blank"),
        (("Ä1", "A"), "sample", "write the name, for example, as 'A1'"),
        (("A 1", "A"), "sample", "write the name, for example, as 'A_1'"),
        (("../A1", "A"), "sample", "becomes a file name"),
        (("A1", "Lot 3 μ"), "batch", "printable ASCII"),
        (("A1", "A\x07"), "batch", "printable ASCII"),
        (("A" * 201, "A"), "sample", "201 characters"),
    ],
)
def test_sheet__names(run, study, names, column, word):
    study.write_sheet([("B1", "B"), names])
    refuse(study.call(run), study, f"samples.tsv, row 3, column '{column}'", word)


def test_sheet__not_utf8(run, study):
    study.sheet.write_bytes(b"sample\tbatch\tquant\nA1\tL\xf6t\tA1.sf\n")
    refuse(study.call(run), study, "row 2", "0xf6 is not UTF-8", "save the sheet")


def test_sheet__is_a_workbook(run, study):
    study.sheet.write_bytes(b"PK\x03\x04\x14\x00\x06\x00\x08\x00\xff\xfe")
    refuse(study.call(run), study, "samples.tsv, row 1", "is not UTF-8", "not as a workbook")


def test_sheet__ragged_row(run, study):
    study.sheet.write_text("sample\tbatch\tquant\nA1\tA\n")
    refuse(
        study.call(run),
        study,
        "row 2",
        "has 2 cells, but the header has 3 cells",
        "write all cells",
    )


def test_sheet__open_quote_does_not_swallow_samples(run, study):
    study.sheet.write_text(
        'sample\tbatch\tquant\tnote\nA1\tA\tA1.sf\tfine\nB1\tB\tB1.sf\t"5 inch\nC1\tC\tC1.sf\tx\n'
    )
    refuse(study.call(run), study, "samples.tsv, row 3", "quotation mark")


def test_sheet__row_without_quantification(run, study):
    study.sheet.write_text("sample\tbatch\tquant\nA1\tA\tA1.sf\nB1\tB\t\n")
    refuse(study.call(run), study, "row 3", "neither a quantification nor reads", "fill in 'quant'")


def test_sheet__windows_line_ends_and_byte_order_mark_are_read(run, study):
    plain = study.call(run)
    table = (study.out / "expression" / "gene.tpm.tsv.gz").read_bytes()
    for path in (study.sheet, study.tx2gene, *(study.quant(name) for name in ("A1", "B1", "C1"))):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    marked = study.call(run)
    assert plain.code == marked.code == 0
    assert marked.err == plain.err
    assert (study.out / "expression" / "gene.tpm.tsv.gz").read_bytes() == table


def test_quant__missing(run, study):
    study.quant("B1").unlink()
    refuse(study.call(run), study, str(study.quant("B1")), "no such file", "column quant")


@pytest.mark.parametrize("text", ["", "\n", "  \n \n"])
def test_quant__empty(run, study, text):
    study.write_text("B1", text)
    refuse(study.call(run), study, str(study.quant("B1")), "is empty", "again")


def test_quant__header_alone(run, study):
    study.write_text("B1", "Name\tLength\tEffectiveLength\tTPM\tNumReads\n")
    refuse(study.call(run), study, "B1.sf, row 2", "has a header but no row")


def test_quant__directory_without_quantification(run, study):
    (study.folder / "empty").mkdir()
    study.sheet.write_text(study.sheet.read_text().replace("B1.sf", "empty"))
    refuse(study.call(run), study, "empty: contains none of quant.sf", "give the folder")


@pytest.mark.parametrize("separator", [",", ";", " "])
def test_quant__another_separator_is_another_sound_spelling(run, study, separator):
    study.write_text("B1", study.quant("B1").read_text().replace("\t", separator))
    assert study.call(run).code == 0


def test_quant__wrong_separator(run, study):
    study.write_text("B1", study.quant("B1").read_text().replace("\t", "|"))
    refuse(study.call(run), study, "B1.sf, row 1", "has only one column", "separated by tabs")


def test_quant__column_missing(run, study):
    study.edit_quant("B1", "\tNumReads", "\treads")
    refuse(study.call(run), study, "B1.sf, row 1", "has no column 'NumReads'", "'reads'")


def test_quant__row_cut_off(run, study):
    text = study.quant("B1").read_text()
    study.write_text("B1", text[: text.rindex("\t")] + "\n")
    refuse(
        study.call(run),
        study,
        "B1.sf, row 41",
        "has 4 cells, but the header has 5 cells",
        "truncated",
    )


def test_quant__row_too_long(run, study):
    study.set_cell("B1", 7, 4, "5\t6")
    refuse(study.call(run), study, "B1.sf, row 7", "has 6 cells, but the header has 5")


def test_quant__word_in_the_place_of_a_number(run, study):
    study.set_cell("B1", 9, 3, "many")
    refuse(study.call(run), study, "B1.sf, row 9, column 'TPM'", "'many'", "must be a number")


def test_quant__duplicate_feature(run, study):
    study.set_cell("B1", 7, 0, "tx1.1")
    refuse(study.call(run), study, "B1.sf, row 7", "'tx1.1' also occurs in row 3", "'B1'")


def test_quant__feature_without_a_name(run, study):
    study.set_cell("B1", 7, 0, "")
    refuse(study.call(run), study, "B1.sf, row 7", "a feature has no name")


@pytest.mark.parametrize(
    ("cell", "came"),
    [
        ("-3.5", "-3.5"),
        ("inf", "inf"),
        ("-inf", "-inf"),
        ("nan", "nan"),
        ("-nan", "nan"),
        ("NA", "nan"),
    ],
)
def test_quant__tpm_is_no_abundance(run, study, cell, came):
    study.set_cell("C1", 12, 3, cell)
    outcome = study.call(run)
    refuse(
        outcome, study, "C1.sf, row 12, column 'TPM'", f"'tx10.1' is {came} (1 such value)", ">= 0"
    )


@pytest.mark.parametrize("cell", ["-1", "inf", "nan"])
def test_quant__counts_are_no_counts(run, study, cell):
    study.set_cell("C1", 12, 4, cell)
    refuse(study.call(run), study, "C1.sf, row 12, column 'NumReads'", "'tx10.1'", ">= 0")


def test_quant__nothing_quantified(run, study):
    study.write_quant("C1", np.zeros(40))
    refuse(study.call(run), study, "C1.sf", "every TPM is 0", "quantifier's log")


def test_sum__a_little_off_warns_with_the_sum(run, study):
    study.write_quant("C1", study.tpm("C1") * 0.95)
    outcome = study.call(run)
    assert outcome.code == 0
    assert outcome.err.count("\n") == 1
    assert "lotwise: warning" in outcome.err
    assert "'C1': TPM sum to 950,000, not 1,000,000" in outcome.err


@pytest.mark.parametrize("total", [0.5e6, 5e6])
def test_sum__far_off_is_refused(run, study, total):
    study.write_quant("C1", study.tpm("C1") / 1e6 * total)
    outcome = study.call(run)
    refuse(outcome, study, "C1.sf", f"TPM sum to {total:,.0f}", "FPKM", "TPM = FPKM / sum(FPKM)")


@pytest.mark.parametrize("pseudocount", [1, 0.001])
def test_sum__log_scaled_is_refused(run, study, pseudocount):
    study.write_quant("C1", np.log2(study.tpm("C1") * 1e-3 + pseudocount))
    for options in ((), ("--tpm-sum", "any")):
        outcome = study.call(run, *options)
        refuse(outcome, study, "C1.sf", "already on log scale", "give TPM without log transform")


def test_sum__counts_as_tpm_are_refused(run, study):
    study.write_quant("C1", np.round(study.tpm("C1") * 12))
    refuse(study.call(run), study, "C1.sf", "these are counts, not TPM", "effective lengths")


def test_sum__a_part_of_the_features_is_taken_when_told(run, study):
    study.write_quant("C1", study.tpm("C1") * 0.5)
    outcome = study.call(run, "--tpm-sum", "any")
    assert outcome.code == 0
    assert "TPM sum to 500,000" in outcome.err


def other_annotation(study, n_renamed: int) -> None:
    names = [f"new{i}.1" if i < n_renamed else f"tx{i}.1" for i in range(40)]
    study.write_quant("B1", study.tpm("B1"), features=names)


def test_annotations__few_shared_features_are_refused(run, study):
    other_annotation(study, 8)
    refuse(
        study.call(run),
        study,
        "B1.sf",
        "32 of 48 features (66.7 %) are common to all 3 samples",
        "the features of 'B1' differ from those of 'A1'",
        "at least 90 % are required",
        "--min-shared",
    )


def test_annotations__few_shared_features_are_taken_when_told(run, study):
    other_annotation(study, 8)
    outcome = study.call(run, "--min-shared", "0.6", "--level", "isoform")
    assert outcome.code == 0
    assert "32 of 48 features" in outcome.err
    table = gzip.decompress((study.out / "expression" / "isoform.tpm.tsv.gz").read_bytes())
    assert len(table.splitlines()) == 33


def test_annotations__nothing_shared_is_refused_at_any_share(run, study):
    other_annotation(study, 40)
    refuse(study.call(run, "--min-shared", "0"), study, "B1.sf", "0 of 80 features")


def test_constant_sample__is_nan_with_a_reason_and_the_rest_goes_on(run, study):
    study.write_quant("C1", np.full(40, 25_000.0))
    assert study.call(run).code == 0
    outcome = run("correlate", "isoform", "--out", study.out)
    assert outcome.code == 0
    assert "R is not defined for 2 of 3 pairs" in outcome.err
    rows = (study.out / "correlation" / "isoform.pairs.tsv").read_text().splitlines()
    header = rows[0].split("\t")
    over_all = [dict(zip(header, row.split("\t"), strict=True)) for row in rows[1:]]
    over_all = [row for row in over_all if row["feature_set"] == "all"]
    by_pair = {row["sample_a"] + row["sample_b"]: row for row in over_all}
    assert by_pair["A1C1"]["pearson"] == by_pair["B1C1"]["spearman"] == "NaN"
    assert by_pair["A1C1"]["reason"] == by_pair["B1C1"]["reason"] == "C1 is constant"
    assert float(by_pair["A1B1"]["pearson"]) > 0.9
    assert by_pair["A1B1"]["reason"] == ""
    drawn = run("figures", "isoform", "--out", study.out, "--format", "png")
    assert drawn.code == 0
    assert len(study.written()) == 1 + 4 + 6 + 3


def pack(study, name: str) -> bytes:
    """Write incompressible rows, so that a cut stream is cut within the rows."""
    packed = gzip.compress(study.quant(name).read_bytes())
    study.sheet.write_text(study.sheet.read_text().replace(f"{name}.sf", f"{name}.sf.gz"))
    return packed


@pytest.mark.parametrize("kept", [0.3, 0.9, -8, -1])
def test_gzip__truncated(run, study, kept):
    packed = pack(study, "B1")
    cut = packed[: int(len(packed) * kept)] if kept > 0 else packed[:kept]
    (study.folder / "B1.sf.gz").write_bytes(cut)
    refuse(study.call(run), study, "B1.sf.gz", "gzip file that is truncated", "again")


@pytest.mark.parametrize("at", [12, 200, -6])
def test_gzip__corrupt(run, study, at):
    packed = bytearray(pack(study, "B1"))
    packed[at] ^= 0xFF
    (study.folder / "B1.sf.gz").write_bytes(bytes(packed))
    outcome = study.call(run)
    refuse(outcome, study, "B1.sf.gz", "gzip file", "download or copy it again")


def test_gzip__truncated_map(run, study):
    packed = gzip.compress(study.tx2gene.read_bytes())
    study.tx2gene.write_bytes(packed[:-9])
    refuse(study.call(run), study, "tx2gene.tsv", "is truncated")


def test_tx2gene__missing(run, study):
    study.tx2gene.unlink()
    refuse(study.call(run), study, "tx2gene.tsv: no such file", "correct the path")


def test_tx2gene__matches_nothing(run, study):
    rows = "".join(f"ENST{i:04d}.1\tENSG{i:04d}\n" for i in range(30))
    study.tx2gene.write_text("transcript\tgene\n" + rows)
    refuse(
        study.call(run), study, "tx2gene.tsv", "none of the 40 quantified transcripts",
        "the map contains, for example, ENST0000.1, ENST0001.1, ENST0002.1",
        "the quantification contains tx0.1, tx1.1, tx2.1", "annotation used for quantification",
    )  # fmt: skip


def test_tx2gene__gtf_matches_nothing(run, study):
    row = '1\tx\ttranscript\t1\t9\t.\t+\t.\tgene_id "G{0}"; transcript_id "T{0}";\n'
    study.tx2gene.write_text("".join(row.format(i) for i in range(5)))
    refuse(
        study.call(run), study, "tx2gene.tsv", "for example, T0, T1, T2", "contains tx0.1, tx1.1"
    )


def test_tx2gene__one_column(run, study):
    study.tx2gene.write_text("tx0.1|gene0\ntx1.1|gene0\n")
    refuse(study.call(run), study, "tx2gene.tsv, row 1", "only one column", "a tab or a comma")


def test_tx2gene__two_genes_of_one_transcript(run, study):
    study.tx2gene.write_text(study.tx2gene.read_text() + "tx3.1\tgene9\n")
    refuse(study.call(run), study, "tx2gene.tsv", "'tx3.1' belongs to 'gene1' and to 'gene9'")


def test_tx2gene__transcripts_without_a_gene_are_counted(run, study):
    rows = study.tx2gene.read_text().splitlines()
    study.tx2gene.write_text("\n".join(rows[:-3]) + "\n")
    outcome = study.call(run)
    assert outcome.code == 0
    assert "3 of 40 transcripts have no gene in tx2gene.tsv; they account for" in outcome.err


def test_levels__without_a_map_there_are_no_genes(run, study):
    outcome = run("expression", study.sheet, "--out", study.out, "--level", "gene")
    refuse(outcome, study, "samples.tsv", "have no gene level", "tx2gene")


def test_out__parent_is_a_file(run, study):
    study.out = study.folder / "A1.sf" / "results"
    refuse(study.call(run), study, "A1.sf/results", "cannot be written", "can write")


def test_out__is_a_file(run, study):
    study.out.write_text("mine")
    refuse(study.call(run), study, str(study.out), "cannot be written")
    assert study.out.read_text() == "mine"


def test_refusal__leaves_an_older_result_as_it_was(run, study):
    assert study.call(run).code == 0
    before = {name: (study.out / name).read_bytes() for name in study.written()}
    assert len(before) == 5
    faults = [
        lambda: study.set_cell("C1", 12, 3, "-1"),
        lambda: study.write_sheet([("A1", "A"), ("A1", "B")]),
        study.tx2gene.unlink,
    ]
    for fault in faults:
        fault()
        assert study.call(run).code == 2
        assert {name: (study.out / name).read_bytes() for name in study.written()} == before


def test_out__beside_the_sheet_leaves_the_sheet_alone(run, study):
    study.out = study.folder
    before = study.sheet.read_text()
    assert study.call(run).code == 0
    assert study.sheet.read_text() == before


def test_refused_level__leaves_an_older_result_as_it_was(run, study):
    assert study.call(run).code == 0
    before = (study.out / "samples.tsv").read_bytes()
    study.write_sheet([("A1", "A"), ("B1", "B")])
    outcome = run("expression", study.sheet, "--out", study.out, "--level", "gene")
    assert outcome.code == 2
    assert (study.out / "samples.tsv").read_bytes() == before


def test_same_file_for_two_samples__is_said(run, study):
    study.sheet.write_text("sample\tbatch\tquant\nA1\tA\tA1.sf\nB1\tB\tA1.sf\n")
    outcome = study.call(run)
    assert outcome.code == 0
    assert "'A1' and 'B1' (batches 'A' and 'B') are read from the same file" in outcome.err


@pytest.mark.parametrize(
    ("option", "value", "word"),
    [
        ("--min-shared", "1.5", "--min-shared"),
        ("--min-shared", "nan", "--min-shared"),
        ("--tpm-sum", "some", "--tpm-sum"),
        ("--min-shard", "1", "--min-shared"),
    ],
)
def test_options__out_of_bounds(run, study, option, value, word):
    outcome = study.call(run, option, value)
    assert outcome.code == 2
    assert word in outcome.err
    assert "Traceback" not in outcome.err
    assert study.written() == []


@pytest.mark.parametrize(("command", "level"), [("correlate", "gene"), ("figures", "isoform")])
def test_step__without_the_one_before(run, study, command, level):
    outcome = run(command, level, "--out", study.out)
    refuse(outcome, study, f"{level}.h5ad: no such file", "`lotwise expression` writes it")


def test_step__on_a_damaged_h5ad(run, study):
    assert study.call(run).code == 0
    stored = study.out / "expression" / "gene.h5ad"
    stored.write_bytes(stored.read_bytes()[:1000])
    outcome = run("correlate", "gene", "--out", study.out)
    assert outcome.code == 2
    assert outcome.err.startswith(f"lotwise: error: {stored}: is not an h5ad file")
    assert outcome.err.count("\n") == 1
    assert not (study.out / "correlation").exists()


def test_sheet__one_new_lot_is_read_but_not_correlated(run, study):
    study.write_sheet([("A1", "A")])
    assert study.call(run).code == 0
    done = run("correlate", "gene", "--out", study.out)
    assert done.code == 2
    assert "has samples of only one batch (samples: 1)" in done.err
    assert not (study.out / "correlation").exists()
