"""The outside values of real quantifications, to the digits that are known.

Pearson's R of log2(TPM + 1) over all features, least, median and greatest over the pairs, and
ENCODE's replicate QC of one pair: computed outside lotwise, by NumPy and by the published
definition, when the data were collected.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import lotwise
from lotwise.errors import LotwiseWarning

pytestmark = pytest.mark.shared


def read(files, **keywords):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LotwiseWarning)
        return lotwise.read_quant({path.name.split(".")[0]: path for path in files}, **keywords)


def least_median_greatest(expression):
    lotwise.tl.correlate(expression, sets=("all",))
    r = lotwise.get.pairs(expression, feature_set="all")["pearson"]
    return r.min(), r.median(), r.max()


def assert_r(expression, values):
    decimals = max(len(f"{value}".split(".")[1]) for value in values)
    np.testing.assert_allclose(
        least_median_greatest(expression), values, rtol=0, atol=0.5001 * 10**-decimals
    )


def test_read_quant__geuvadis_refseq_rsem(shared):
    found = read(sorted((shared / "geuvadis_refseq/rsem").iterdir()))
    assert_r(found.gene, (0.97635, 0.98419, 0.99016))
    assert found.isoform is None


def test_read_quant__geuvadis_refseq_kallisto(shared):
    found = read(
        sorted((shared / "geuvadis_refseq/kallisto").iterdir()),
        tx2gene=shared / "geuvadis_refseq/tx2gene.csv",
    )
    assert_r(found.isoform, (0.93620, 0.96086, 0.97453))
    assert_r(found.gene, (0.97314, 0.97942, 0.98751))
    assert found.gene.obs["n_unmapped_transcripts"].tolist() == [3] * 6


def test_read_quant__geuvadis_gencode_rsem(shared):
    found = read(sorted((shared / "geuvadis_gencode27_rsem").glob("*.genes.results.gz")))
    assert_r(found.gene, (0.97335, 0.97744, 0.98005))
    assert_r(found.isoform, (0.89567, 0.91569, 0.94067))


def test_read_quant__macrophage_salmon(shared):
    found = read(
        sorted((shared / "macrophage_naive/quants").iterdir()),
        tx2gene=shared / "macrophage_naive/tx2gene_from_gencode27.csv.gz",
    )
    assert_r(found.isoform, (0.8801, 0.9242, 0.9396))
    assert_r(found.gene, (0.9414, 0.9742, 0.9824))


@pytest.mark.parametrize(
    ("pattern", "published"),
    [
        ("geuvadis_refseq/rsem/*/{}.genes.results.gz", (0.463, 0.9522117, 0.9530613, 0.634)),
        ("geuvadis_gencode27_rsem/{}.genes.results.gz", (0.506, 0.9251998, 0.9345608, 0.849)),
    ],
)
def test_replicate_qc__encode_on_fpkm(shared, pattern, published):
    mad, pearson, spearman, sd = published
    files = [next(shared.glob(pattern.format(run))) for run in ("ERR188088", "ERR188288")]
    gene = read(files).gene
    lotwise.tl.replicate_qc(gene)
    table = lotwise.get.replicate_qc(gene).set_index("unit").loc["FPKM"]
    assert (table["mad"], table["sd"]) == (mad, sd)
    assert round(table["pearson"], 7) == pearson
    assert round(table["spearman"], 7) == spearman
