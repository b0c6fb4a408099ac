"""Gene sums, lengths and correlations of real quantifications against R's tximport and cor."""

from __future__ import annotations

import subprocess
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lotwise
from lotwise.errors import LotwiseWarning

SCRIPT = Path(__file__).with_name("tximport.R")
LAYERS = {"abundance": "tpm", "counts": "counts", "length": "length"}

REFSEQ = "geuvadis_refseq/tx2gene.csv"
GENCODE_27 = "macrophage_naive/tx2gene_from_gencode27.csv.gz"

CASES = {
    "geuvadis kallisto": ("kallisto", "geuvadis_refseq/kallisto/*/abundance.tsv.gz", REFSEQ),
    "geuvadis salmon": ("salmon", "geuvadis_refseq/salmon/*/quant.sf.gz", REFSEQ),
    "geuvadis rsem": ("rsem", "geuvadis_refseq/rsem/*/*.genes.results.gz", None),
    "gencode rsem": ("rsem", "geuvadis_gencode27_rsem/*.genes.results.gz", None),
    "macrophage salmon": ("salmon", "macrophage_naive/quants/*/quant.sf.gz", GENCODE_27),
}


def read_golden(path: Path) -> tuple[list[str], np.ndarray]:
    table = pl.read_csv(path, separator="\t", has_header=False, infer_schema=False)
    names = table.to_series(0).to_list()
    columns = [table.to_series(at) for at in range(1, table.width)]
    return names, np.column_stack(
        [column.str.strip_chars().cast(pl.Float64).to_numpy() for column in columns]
    )


@pytest.mark.shared
@pytest.mark.parametrize("case", CASES)
def test_read_quant__equals_tximport(case, shared, require_r, tmp_path, record_property):
    require_r("tximport")
    kind, pattern, tx2gene = CASES[case]
    files = sorted(shared.glob(pattern))
    if not files or (tx2gene and not (shared / tx2gene).is_file()):
        pytest.skip(f"needs {pattern} and {tx2gene or 'no map'}, which were not fetched")
    assert len(files) >= 5
    mapped = str(shared / tx2gene) if tx2gene else "-"
    command = ["Rscript", str(SCRIPT), kind, str(tmp_path), mapped, *map(str, files)]
    subprocess.run(command, check=True, capture_output=True)
    # The versions compared are added to the result (pytest --junit-xml).
    record_property("versions", (tmp_path / "versions.txt").read_text("utf-8").strip())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LotwiseWarning)
        read = lotwise.read_quant(
            {f"s{number}": path for number, path in enumerate(files)},
            tx2gene=shared / tx2gene if tx2gene else None,
        )
    compared = 0
    for level, ours in (("gene", read.gene), ("isoform", read.isoform)):
        if not (tmp_path / f"{level}.abundance.tsv").exists():
            continue
        names, _ = read_golden(tmp_path / f"{level}.abundance.tsv")
        order = ours.var_names.get_indexer(names)
        assert (order >= 0).all()
        assert len(names) == ours.n_vars
        for theirs, layer in LAYERS.items():
            _, golden = read_golden(tmp_path / f"{level}.{theirs}.tsv")
            found = ours.layers[layer][:, order].T
            if kind == "rsem" and (level, layer) == ("isoform", "length"):
                found = np.maximum(found, 1)  # tximport takes no effective length below 1
            np.testing.assert_allclose(found, golden, rtol=1e-9, atol=1e-9)
        lotwise.tl.correlate(ours, sets=("all",))
        for statistic in ("pearson", "spearman"):
            _, golden = read_golden(tmp_path / f"{level}.{statistic}.tsv")
            np.testing.assert_allclose(ours.obsp[statistic], golden, rtol=0, atol=1e-9)
        compared += 1
    assert compared == (1 if read.isoform is None else 2)
