"""The statistics on real samples, compared with independent facts if available."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import pytest

import lotwise
from lotwise.files.panels import SHIPPED, read_panel

RUNS = ("ERR188088", "ERR188288", "ERR188297", "ERR188329", "ERR188356")


@pytest.fixture(scope="module")
def macrophages(shared):
    folder = shared / "macrophage_naive"
    with (folder / "coldata.csv").open() as handle:
        lines = {row["names"]: row["line_id"] for row in csv.DictReader(handle)}
    with pytest.warns(lotwise.errors.UnmappedTranscriptsWarning):
        return lotwise.read_quant(
            {lines[path.name]: path / "quant.sf.gz" for path in (folder / "quants").iterdir()},
            tx2gene=folder / "tx2gene_from_gencode27.csv.gz",
        )


def tpm_of(path):
    with gzip.open(path, "rt") as handle:
        return {row["gene_id"]: float(row["TPM"]) for row in csv.DictReader(handle, delimiter="\t")}


@pytest.mark.shared
def test_panels__symbols_and_ensembl_ids_name_the_same_genes(shared):
    # The same runs on RefSeq (symbols) and on GENCODE (ids): each marker is the same gene in both.
    markers = [marker for name in SHIPPED for marker in read_panel(name).markers]
    symbols, ids = [], []
    for run in RUNS:
        by_symbol = tpm_of(shared / f"geuvadis_refseq/rsem/{run}/{run}.genes.results.gz")
        by_id = {
            name.split(".")[0]: tpm
            for name, tpm in tpm_of(
                shared / f"geuvadis_gencode27_rsem/{run}.genes.results.gz"
            ).items()
        }
        symbols.append([by_symbol[marker.symbol] for marker in markers])
        ids.append([by_id[marker.ensembl] for marker in markers])
    one, other = np.log2(np.array(symbols) + 1), np.log2(np.array(ids) + 1)
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.95
    silent_in_one = (one.max(axis=0) > 3) & (other.max(axis=0) < 0.5)
    silent_in_other = (other.max(axis=0) > 3) & (one.max(axis=0) < 0.5)
    assert not silent_in_one.any()
    assert not silent_in_other.any()


@pytest.mark.shared
def test_identity__one_male_line_and_macrophages_are_no_stromal_cells(macrophages):
    lotwise.tl.identity(macrophages.gene, panels=("sex", "msc_identity"))
    sex = lotwise.get.evidence(macrophages.gene, "sex").set_index("sample")
    assert list(sex.index[sex["sex"] == "male"]) == ["fikt_3"]
    markers = lotwise.get.evidence(macrophages.gene, "identity").set_index(["marker", "sample"])
    assert set(markers.loc["CD14", "holds"]) == {"no"}
    assert set(markers.loc["PTPRC", "holds"]) == {"no"}


@pytest.mark.shared
def test_batches_and_libraries__the_line_apart_is_named_by_both(macrophages):
    lotwise.tl.batches(macrophages.gene)
    lotwise.tl.libraries(macrophages.gene)
    table = lotwise.get.evidence(macrophages.gene, "batches").set_index("batch")
    below = table["median_to_others"] < table["prediction_lower"]
    assert list(table.index[below]) == ["qaqx_1"]
    libraries = lotwise.get.evidence(macrophages.gene, "libraries").set_index("sample")
    assert list(libraries.index[libraries["outlier"]]) == ["qaqx_1"]
    assert not libraries["shallow"].any()
