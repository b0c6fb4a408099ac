"""Names that spreadsheets, browsers and templates would take for more come through every table."""

from __future__ import annotations

import csv
import gzip

import anndata

from lotwise.evidence.contributions import ContributionRecord
from lotwise.files.tables import read_table


def test_tables__hold_every_name_as_it_was_given(recorded_run, hostile):
    results = recorded_run / "results"
    contributions = read_table(
        results / "correlation" / "gene.contributions.tsv", ContributionRecord
    )
    with gzip.open(results / "expression" / "gene.tpm.tsv.gz", "rt", encoding="utf-8") as text:
        in_tpm = {row["feature"] for row in csv.DictReader(text, delimiter="\t")}
    stored = anndata.read_h5ad(results / "expression" / "gene.h5ad")
    assert set(hostile) <= in_tpm
    assert set(hostile) <= set(stored.var_names)
    # Fewer features are listed as contributions than there are; those that are keep their names.
    assert set(contributions["feature"]) <= in_tpm
    assert set(contributions["feature"]) & set(hostile)
    assert set(contributions["feature"].str.len()) >= {10_000}


def test_tables__have_no_row_or_column_too_many(recorded_run):
    """A mark or a line end in a name would move cells; every row has the header's length."""
    for path in (recorded_run / "results").rglob("*.tsv"):
        with path.open(encoding="utf-8", newline="") as text:
            header, *rows = csv.reader(text, delimiter="\t")
        assert rows, path
        assert {len(row) for row in rows} == {len(header)}, path
