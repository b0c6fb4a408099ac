"""The page as text: what it refuses, what it reports as missing, and how it escapes."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import asdict
from types import SimpleNamespace

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.sparse import csr_matrix

from lotwise import keys
from lotwise.acquire.published import Verification
from lotwise.errors import InputError
from lotwise.report import columns
from lotwise.report.batches import _equivalence
from lotwise.report.page import write_report
from lotwise.report.pair_explorer import bin_of, cloud_of, n_bins_of, pack_pairs
from lotwise.report.run_tables import read_findings
from lotwise.report.sections import criteria_table, published_section
from lotwise.report.tables import MOST_ROWS, Column, cell_of, table_of


def page_of(tree, **options):
    return write_report(tree.root, **options).read_text(encoding="utf-8")


def test_write_report__needs_correlations(tmp_path):
    with pytest.raises(InputError, match=r"has no correlation/gene\.pairs\.tsv"):
        write_report(tmp_path)


def test_write_report__names_a_table_of_another_version(tree):
    tree.write_all()
    path = tree.root / "correlation/gene.pairs.tsv"
    path.write_text(path.read_text().replace("spearman", "rho", 1))
    with pytest.raises(InputError, match=r"gene\.pairs\.tsv, row 1: has the columns .* rho"):
        write_report(tree.root)


def test_write_report__names_json_that_is_none(tree):
    tree.write_all()
    (tree.root / "provenance.json").write_text("[1")
    with pytest.raises(InputError, match=r"provenance\.json: cannot be read as JSON"):
        write_report(tree.root)


@pytest.mark.parametrize("text", ["[1", '{"outcome": "pass", "criteria": [{"outcome": "pass"}]}'])
def test_write_report__what_is_no_verdict_of_lotwise_is_no_pass(tree, text):
    tree.write_all()
    (tree.root / "verdict.json").write_text(text)
    page = page_of(tree)
    assert "Not assessable" in page
    assert "is not a verdict of lotwise" in page
    assert "criterion is met" not in page


def test_write_report__an_invalid_comparison_is_said_before_anything_else(tree):
    tree.write_all()
    assert "Invalid comparison" not in page_of(tree)
    h5ad = tree.root / "expression/gene.h5ad"
    made = anndata.read_h5ad(h5ad)
    table = pd.DataFrame(
        {"code": ["copies"], "sentence": ["S1 and S2 are <one> sample"]}, dtype=object
    )
    made.uns[keys.LOTWISE] = {keys.INVALID: table}
    made.write_h5ad(h5ad)
    page = page_of(tree)
    told = "<strong>Invalid comparison:</strong> S1 and S2 are &lt;one&gt; sample."
    assert page.index('id="answer"') < page.index(told) < page.index('class="verdict"')


def test_write_report__counts_outcomes_of_a_parquet_table_and_says_what_was_not_tested(tree):
    tree.write_all()
    tested = {"batch_a": "A", "batch_b": "B"}
    rows = [
        tested | {"feature": "g1", "outcome": "equivalent"},
        tested | {"feature": "g2", "outcome": "not expressed", "reason": "below 1 TPM in both"},
        {
            "batch_a": "A",
            "batch_b": "C",
            "feature": "*",
            "outcome": "inconclusive",
            "reason": "one",
        },
    ]
    tree.write("gene", "equivalence", rows)
    found = _equivalence(read_findings(tree.root).levels[0])
    shown = [[cell.text for cell in row] for row in found.rows]
    assert shown == [
        ["A", "B", "1", "0", "0", "1", "0", ""],
        ["A", "C", *["not tested"] * 5, "one"],
    ]
    assert '<th scope="col" title="why' in page_of(tree)


def test_write_report__says_why_gene_sets_were_not_tested(tree):
    tree.write_all()
    tree.write("gene", "gene_sets", [{"reason": "no gene sets were given"}])
    assert "Gene sets were not tested: no gene sets were given." in page_of(tree)


def test_write_report__says_what_is_missing(tree):
    tree.write_all()
    (tree.root / "expression/gene.h5ad").unlink()
    page = page_of(tree)
    for words in (
        "No acceptance criteria were given.",
        '<code class="command">lotwise verdict --criteria FILE --out FOLDER</code>',
        "These results have no provenance.json",
        "Date and version of the run are not on record: there is no provenance.json.",
        "the statistic ceilings is switched off",
        "Not shown: the run did not draw it.",
        "expression/gene.h5ad is missing from the results",
    ):
        assert words in page, words


def test_write_report__without_a_sheet_has_no_table_and_no_link_of_samples(tree):
    tree.write_all()
    (tree.root / "samples.tsv").unlink()
    page = page_of(tree)
    assert "Run `lotwise compare` again to write it." in page
    assert "Samples compared" not in page
    assert 'href="samples.tsv"' not in page


def test_write_report__shows_the_accepted_batches_where_there_is_one(tree):
    tree.write_all()
    tree.write("gene", "reference", [{"reason": "no reference set was given (reference_set)"}])
    assert "New batches compared with the accepted batches" not in page_of(tree)
    tree.write("gene", "reference", [{"batch": "A", "inside_prediction": "no", "n_reference": 4}])
    assert "New batches compared with the accepted batches" in page_of(tree)


def test_write_report__note_of_the_call_comes_before_that_of_the_provenance(tree):
    tree.write_all()
    noted = {"configuration": {"figures": {"note": "of the run"}}}
    (tree.root / "provenance.json").write_text(json.dumps(noted))
    assert "<strong>Note of this run:</strong> of the run." in page_of(tree)
    assert "<strong>Note of this run:</strong> of the call." in page_of(tree, note="of the call")


def test_write_report__is_the_same_twice(tree):
    tree.write_all()
    assert page_of(tree) == page_of(tree)


def test_write_report__names_cannot_end_a_script_or_a_cell(tree):
    name = "</script><script>alert(1)</script>"
    tree.names[0] = tree.batches[0] = name
    tree.r = {(name, "S2"): 0.9, (name, "S3"): 0.8, ("S2", "S3"): 0.7}
    tree.write_all()
    page = page_of(tree)
    assert "alert(1)" in page
    assert "<script>alert" not in page
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    assert len(scripts) == 2
    assert not any("alert(1)" in script for script in scripts)


def test_write_report__of_many_samples_stays_small(tree):
    n = 60
    tree.names = [f"S{i}" for i in range(n)]
    tree.batches = tree.names
    tree.r = {(a, b): 0.9 for i, a in enumerate(tree.names) for b in tree.names[i + 1 :]}
    tree.write_all()
    page = page_of(tree)
    assert f"The first {MOST_ROWS} of {len(tree.r):,} rows" in page
    assert "The list contains 300 of the" in page
    assert "Genes, sorted by the number of pairs in which they lower R most" in page
    assert len(page) < 3_000_000


def test_write_report__names_what_is_of_chosen_pairs_only(tree):
    """Pairs without details have no features on file and are not in the list."""
    tree.write_all()
    path = tree.root / "correlation" / "gene.pairs.tsv"
    rows = path.read_text().splitlines(keepends=True)
    # S1 and S3 are the least similar pair.
    of_pair = [row.startswith("S1\tS3\t") for row in rows]
    path.write_text(
        "".join(
            row.replace("True", "False") if named else row
            for row, named in zip(rows, of_pair, strict=True)
        )
    )
    page = page_of(tree)
    assert "The list contains 2 of the 3 pairs" in page
    assert page.count("These are 2 of the 3 pairs of samples") == 3


def test_write_report__own_panel_is_shown_under_the_name_of_its_file(tree):
    tree.write_all()
    tree.write("gene", "identity", [{"panel": "Liver cells", "sample": "S1", "holds": "yes"}])
    figure = tree.root / "figures" / "gene_identity_liver.png"
    figure.parent.mkdir()
    Image.new("RGB", (4, 4)).save(figure)
    page = page_of(tree)
    assert "Markers of the panel liver." in page
    assert "Markers of the panel Liver cells." not in page


def test_write_report__shows_replicate_qc_signal_and_strata(tree):
    tree.write_all(levels=("gene", "isoform"))
    pair = {"sample_a": "S1", "sample_b": "S2", "relation": "between"}
    values = {"unit": "FPKM", "mad": 0.463, "sd": 0.634, "pearson": 0.9522, "n_features": 9}
    tree.write("gene", "replicate_qc", [pair | values])
    tree.write("gene", "signal", [{"grouping": "condition", "n_groups": 2, "snr_db": 13.25}])
    strata = [{"stratum": "high", "infrv_to": 2.75, "pearson": 0.8125}]
    tree.write("isoform", "uncertainty_strata", [pair | strata[0]])
    page = page_of(tree)
    for words in ("ENCODE&#39;s replicate QC", "0.463", "0.634", "0.9522", "Signal-to-noise ratio"):
        assert words in page, words
    for words in ("13.25", "R by uncertainty of quantification", "2.75", "0.8125"):
        assert words in page, words


def test_write_report__unpublished_coefficient_is_not_on_file(tree):
    nan = float("nan")
    row = Verification(
        level="gene", batch_a="A", batch_b="B", published=nan, decimals=nan, computed=0.99,
        difference=nan, status="not on file", rule="agrees within a digit", source="Fig. 1",
        reason="",
    )  # fmt: skip
    section = published_section(SimpleNamespace(verification=[asdict(row)]), 4)
    cells = dict(zip(columns.columns_of(Verification), section.blocks[0].rows[0], strict=True))
    printed = {column.key: cell.text for column, cell in cells.items()}
    assert (printed["published"], printed["decimals"]) == ("not on file", "not on file")
    assert printed["difference"] == "not known"


def test_pack_pairs__holds_every_feature_and_those_that_pull_r_down(tree):
    level = read_findings(tree.write_all()).levels[0]
    packed = json.loads(
        gzip.decompress(base64.b64decode(pack_pairs(level, level.pairs, decimals=4)))
    )
    assert [pair["r"] for pair in packed["pairs"]] == ["0.9700", "0.9800", "0.9900"]
    first = packed["pairs"][0]
    assert sum(first["cloud"][1]) == 6
    assert [packed["features"][one[0]][0] for one in first["named"]] == ["g0", "g1"]
    assert [one[1:] for one in first["named"]] == [[4.0, 1.0, 1.0, 0.5], [8.0, 1.0, 2.0, 0.25]]


def test_pack_pairs__a_pair_without_contributions_names_none(tree):
    level = read_findings(tree.write_all()).levels[0]
    pair = {end: level.pairs[0][end] for end in ("sample_a", "sample_b")}
    tree.write("gene", "contributions", [pair | {"rank": 0, "feature": "*", "reason": "R is 1"}])
    packed = json.loads(
        gzip.decompress(base64.b64decode(pack_pairs(level, level.pairs, decimals=4)))
    )
    assert packed["features"] == []
    assert "R is 1" in page_of(tree)


@pytest.mark.parametrize(("decimals", "word"), [(4, ">0.9999"), (2, ">0.99")])
def test_pack_pairs__nothing_but_1_reads_as_1(tree, decimals, word):
    tree.r = {("S1", "S2"): 0.99999}
    level = read_findings(tree.write_all()).levels[0]
    packed = pack_pairs(level, level.pairs, decimals=decimals)
    found = json.loads(gzip.decompress(base64.b64decode(packed)))
    assert [pair["r"] for pair in found["pairs"]] == [word]


def test_cloud_of__can_be_undone():
    rng = np.random.default_rng(0)
    a, b = (bin_of(rng.lognormal(1, 2, 500), 1.0) for _ in range(2))
    steps, counts = cloud_of(a, b, n_bins=90)
    undone = np.repeat(np.cumsum(steps), counts)
    np.testing.assert_array_equal(undone, np.sort(a * 90 + b))


def test_bin_of__zero_is_the_first_bin_with_any_pseudocount():
    assert bin_of([0.0, 0.0001], pseudocount=0.01).tolist() == [0, 0]
    assert bin_of([0.01], pseudocount=0.01).tolist() == [4]


@pytest.mark.parametrize("pseudocount", [1e-9, 0.01, 0.1, 1.0, 10.0])
def test_n_bins_of__the_largest_tpm_lies_in_the_last_bin_and_is_not_cut(pseudocount):
    last = n_bins_of(pseudocount) - 1
    start = np.log2(pseudocount)
    from_, to = (2 ** (start + 0.25 * place) - pseudocount for place in (last, last + 1))
    assert from_ <= 1e6 < to
    assert bin_of([1e6], pseudocount).tolist() == [last]
    assert bin_of([from_ * (1 - 1e-6)], pseudocount).tolist() == [last - 1]


@pytest.mark.parametrize("pseudocount", [0.01, 1.0])
def test_pack_pairs__a_cloud_gives_the_tpm_back(tree, pseudocount):
    tree.pseudocount = pseudocount
    level = read_findings(tree.write_all()).levels[0]
    packed = json.loads(
        gzip.decompress(base64.b64decode(pack_pairs(level, level.pairs, decimals=4)))
    )
    steps, counts = packed["pairs"][0]["cloud"]
    assert sum(counts) == 6
    highest = sum(steps) % packed["bins"]  # S3, whose highest TPM is 110
    low, high = (
        2 ** (packed["start"] + packed["width"] * place) - pseudocount
        for place in (highest, highest + 1)
    )
    assert low <= 110 < high


def test_table_of__leaves_out_columns_of_text_that_are_empty():
    columns = [Column("a", "A"), Column("b", "B"), Column("n", "n", "number")]
    rows = [{"a": "", "b": "", "n": float("nan")}, {"a": "", "b": "x", "n": float("nan")}]
    found = table_of(rows, columns, name="t", caption="t")
    assert [label for label, _ in found.headings] == ["B", "n"]
    assert [len(row) for row in found.rows] == [2, 2]
    assert len(table_of([], columns, name="t", caption="t").headings) == 3


def test_table_of__keeps_the_number_behind_what_does_not_read_as_one():
    rows = [{"r": 0.99999, "n": 1234, "p": 0.5}, {"r": float("nan"), "n": 5, "p": 0.25}]
    columns = [Column("r", "R", "r"), Column("n", "n", "number"), Column("p", "p", "percent")]
    table = table_of(rows, columns, name="t", caption="c")
    assert [[cell.order for cell in row] for row in table.rows] == [
        ["0.99999", "1234", "0.5"],
        ["-9e99", "5", "0.25"],
    ]
    assert table.rows[1][0].text == "not defined"


def test_table_of__plain_numbers_are_printed_once():
    table = table_of([{"r": 0.5}], [Column("r", "R", "r")], name="t", caption="c")
    assert (table.rows[0][0].text, table.rows[0][0].order) == ("0.5000", "")


@pytest.mark.parametrize(
    ("value", "kind", "order"),
    [
        (0.98765432101, "r", "0.98765432101"),
        (1 / 3, "number", "0.3333333333333333"),
        (0.1, "percent", "0.1"),
        (2e6 + 0.5, "number", "2000000.5"),
        (2e6, "number", "2000000"),
        (3, "number", "3"),
        (1e300, "number", "1e+300"),
    ],
)
def test_table_of__downloads_and_sorting_have_all_digits(value, kind, order):
    table = table_of([{"x": value}], [Column("x", "x", kind)], name="t", caption="c")
    (cell,) = table.rows[0]
    assert (cell.order or cell.text) == order
    assert float(cell.order or cell.text) == value


def test_table_of__one_rounded_print_keeps_the_numbers_of_its_column():
    """DataTables decides by the first row whether a column has an order behind its text."""
    rows = [{"r": 0.5}, {"r": 0.98765432101}]
    table = table_of(rows, [Column("r", "R", "r")], name="t", caption="c")
    assert [row[0].order for row in table.rows] == ["0.5", "0.98765432101"]


def found_in(value, bound, **given):
    """Return the cells of value and interval of a criterion, and its table."""
    item = {"id": "r", "outcome": "fail", "value": value, "bound": bound, **given}
    table = criteria_table({"criteria": [item]}, decimals=4)
    cells = dict(zip([label for label, _ in table.headings], table.rows[0], strict=True))
    return cells["found"], cells.get("interval")


@pytest.mark.parametrize(
    ("value", "bound", "text", "order"),
    [
        (0.94996, ">= 0.95", "0.94996", ""),
        (0.98765432101, ">= 0.95", "0.9877", "0.98765432101"),
        (1, ">= 3", "1", ""),
        (3.2e-5, ">= 0.1", "3.2e\N{MINUS SIGN}05", "3.2e-05"),
        (20_000_000, "<= 1000", "20,000,000", "20000000"),
        (None, ">= 0.95", "not known", "-9e99"),
        ("odd", ">= 0.95", "odd", "odd"),
    ],
)
def test_criteria_table__prints_what_was_found_apart_from_the_bound(value, bound, text, order):
    cell, interval = found_in(value, bound)
    assert (cell.text, cell.order) == (text, order)
    assert interval is None


def test_criteria_table__ends_of_an_interval_stand_apart_from_the_bound():
    _, interval = found_in(0.96, ">= 0.95 (whole interval)", interval=[0.94996, 0.97])
    assert interval.text == "0.94996 to 0.97"


def test_cell_of__missing_text_is_empty():
    assert cell_of(None, "text").text == ""


@pytest.mark.parametrize("chunks", [None, (1, 50), (3, 7), (7, 1), "sparse"])
def test_pack_pairs__the_cloud_is_that_of_the_samples_however_they_are_stored(tree, chunks):
    level = read_findings(tree.write_all()).levels[0]
    expected = pack_pairs(level, level.pairs, decimals=4)
    stored = anndata.read_h5ad(level.h5ad)
    tpm = np.asarray(stored.layers["tpm"])
    # Other samples and another order than the pairs have.
    order = [2, 0, 1]
    stored = stored[order].copy()
    if chunks == "sparse":
        stored.layers["tpm"] = csr_matrix(tpm[order])
    stored.write_h5ad(level.h5ad)
    if chunks not in ("sparse", None):
        with h5py.File(level.h5ad, "a") as file:
            del file["layers"]["tpm"]
            size = tuple(map(min, chunks, tpm.shape))
            made = file["layers"].create_dataset(
                "tpm", data=tpm[order], chunks=size, compression="gzip"
            )
            made.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    assert pack_pairs(level, level.pairs, decimals=4) == expected
