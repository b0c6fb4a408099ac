"""The outside values of real quantifications, to the digits that are known.

Pearson's R of log2(TPM + 1) over all features, least, median and greatest over the pairs, and
ENCODE's replicate QC of one pair: computed outside lotwise, by NumPy and by the published
definition, when the data were collected. The library and `lotwise compare` must both give them.
"""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

import lotwise
from lotwise.errors import LotwiseWarning

pytestmark = pytest.mark.shared

R = {
    "refseq_rsem": {"gene": (0.97635, 0.98419, 0.99016)},
    "refseq_kallisto": {
        "isoform": (0.93620, 0.96086, 0.97453),
        "gene": (0.97314, 0.97942, 0.98751),
    },
    "gencode_rsem": {
        "gene": (0.97335, 0.97744, 0.98005),
        "isoform": (0.89567, 0.91569, 0.94067),
    },
    "macrophage_salmon": {
        "isoform": (0.8801, 0.9242, 0.9396),
        "gene": (0.9414, 0.9742, 0.9824),
    },
}
DECIMALS = dict.fromkeys(R, 5) | {"macrophage_salmon": 4}
QC = {  # of ERR188088 and ERR188288, of FPKM: MAD, Pearson, Spearman, SD
    "refseq_rsem": (0.463, 0.9522117, 0.9530613, 0.634),
    "gencode_rsem": (0.506, 0.9251998, 0.9345608, 0.849),
}
FILES = {
    "refseq_rsem": ("geuvadis_refseq/rsem/*", ""),
    "refseq_kallisto": ("geuvadis_refseq/kallisto/*", "geuvadis_refseq/tx2gene.csv"),
    "refseq_salmon": ("geuvadis_refseq/salmon/*", "geuvadis_refseq/tx2gene.csv"),
    "gencode_rsem": ("geuvadis_gencode27_rsem/*.genes.results.gz", ""),
    "macrophage_salmon": (
        "macrophage_naive/quants/*",
        "macrophage_naive/tx2gene_from_gencode27.csv.gz",
    ),
}


def files_of(shared, name):
    """The quantification of each sample, by its name, and the map of transcripts or None."""
    pattern, tx2gene = FILES[name]
    found = {path.name.split(".")[0]: path for path in sorted(shared.glob(pattern))}
    if not found or (tx2gene and not (shared / tx2gene).is_file()):
        pytest.skip(f"needs {pattern} and {tx2gene or 'no map'}, which were not fetched")
    return found, shared / tx2gene if tx2gene else None


def read(shared, name):
    found, tx2gene = files_of(shared, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LotwiseWarning)
        return lotwise.read_quant(found, tx2gene=tx2gene)


def assert_r(pairs, values, *, decimals):
    r = pairs.query("feature_set == 'all'")["pearson"]
    np.testing.assert_allclose(
        (r.min(), r.median(), r.max()), values, rtol=0, atol=0.5001 * 10**-decimals
    )


def assert_qc(table, published):
    mad, pearson, spearman, sd = published
    row = table.query("sample_a == 'ERR188088' and sample_b == 'ERR188288' and unit == 'FPKM'")
    (row,) = row.to_dict("records")
    assert (row["mad"], row["sd"]) == (mad, sd)
    assert round(row["pearson"], 7) == pearson
    assert round(row["spearman"], 7) == spearman


@pytest.mark.parametrize("name", R)
def test_read_quant__r_of_real_samples(shared, name):
    found = read(shared, name)
    assert {level for level in ("gene", "isoform") if getattr(found, level) is not None} == {
        *R[name]
    }
    for level, values in R[name].items():
        expression = getattr(found, level)
        lotwise.tl.correlate(expression, sets=("all",))
        assert_r(lotwise.get.pairs(expression), values, decimals=DECIMALS[name])
    if name == "refseq_kallisto":
        assert found.gene.obs["n_unmapped_transcripts"].tolist() == [3] * 6


@pytest.mark.parametrize("name", QC)
def test_replicate_qc__encode_on_fpkm(shared, name):
    gene = read(shared, name).gene
    lotwise.tl.replicate_qc(gene)
    assert_qc(lotwise.get.replicate_qc(gene), QC[name])


@pytest.mark.parametrize("name", FILES)
def test_compare__writes_the_outside_values(shared, tmp_path, name):
    found, tx2gene = files_of(shared, name)
    sheet = tmp_path / "samples.tsv"
    rows = [f"{sample}\t{sample}\t{path}" for sample, path in found.items()]
    sheet.write_text("\n".join(["sample\tbatch\tquant", *rows]) + "\n")
    plain = ("--no-evidence", "--no-report", "--style", "density", "--format", "png")
    mapped = ("--tx2gene", tx2gene) if tx2gene else ()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "lotwise", "compare", sheet, "--out", tmp_path / "out"),
            *(*mapped, *plain),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

    def table(level, kind):
        return pd.read_csv(tmp_path / "out" / "correlation" / f"{level}.{kind}.tsv", sep="\t")

    for level, values in R.get(name, {}).items():
        assert_r(table(level, "pairs"), values, decimals=DECIMALS[name])
    if name in QC:
        assert_qc(table("gene", "replicate_qc"), QC[name])
    if name == "refseq_salmon":  # no value is on file: NumPy on the files themselves
        r = np.corrcoef(
            [
                np.log2(1 + pd.read_csv(path / "quant.sf.gz", sep="\t")["TPM"])
                for path in found.values()
            ]
        )[np.triu_indices(len(found), 1)]
        assert_r(table("isoform", "pairs"), (r.min(), np.median(r), r.max()), decimals=9)
