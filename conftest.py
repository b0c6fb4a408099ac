"""Fixtures that the examples in docstrings use."""

from __future__ import annotations

import numpy as np
import pytest

# MultiQC, which is not installed beside lotwise, imports it.
collect_ignore = ["src/lotwise/multiqc_plugin/module.py"]


@pytest.fixture
def three_batches(tmp_path):
    """Three batches of one sample each, 300 genes of two isoforms, as read by read_quant."""
    import lotwise

    rng = np.random.default_rng(20)
    base = rng.lognormal(3, 2, 600) * (rng.random(600) > 0.3)
    map_rows = [f"t{i}\tg{i // 2}" for i in range(600)]
    (tmp_path / "tx2gene.tsv").write_text("\n".join(["transcript\tgene", *map_rows]) + "\n")
    quants = {}
    for name in ("S1", "S2", "S3"):
        tpm = base * rng.lognormal(0, 0.3, 600)
        tpm *= 1e6 / tpm.sum()
        rows = [
            f"t{i}\t1000\t800\t{value!r}\t{value * 2!r}" for i, value in enumerate(tpm.tolist())
        ]
        quants[name] = tmp_path / f"{name}.sf"
        header = "Name\tLength\tEffectiveLength\tTPM\tNumReads"
        quants[name].write_text("\n".join([header, *rows]) + "\n")
    return lotwise.read_quant(quants, tx2gene=tmp_path / "tx2gene.tsv")


@pytest.fixture
def atlas(tmp_path):
    """Write a zarr store of six samples x 200 genes, of which each two are alike."""
    import anndata
    import pandas as pd
    import zarr

    rng = np.random.default_rng(21)
    base = rng.lognormal(3, 2, (3, 200)) * (rng.random((3, 200)) > 0.3)
    tpm = np.repeat(base, 2, axis=0) * rng.lognormal(0, 0.2, (6, 200))
    made = anndata.AnnData(
        tpm.astype(np.float32),
        obs=pd.DataFrame(index=[f"S{i}" for i in range(6)]),
        var=pd.DataFrame(index=[f"G{i}" for i in range(200)]),
    )
    group = zarr.open_group(tmp_path / "atlas.zarr", mode="w", zarr_format=2)
    anndata.io.write_elem(group, "/", made)
    return tmp_path / "atlas.zarr"


@pytest.fixture
def sheet_of_three(three_batches, tmp_path):
    """Write the sample sheet of ``three_batches``; the genes are in tx2gene.tsv beside it."""
    sheet = tmp_path / "samples.tsv"
    rows = [f"{name}\t{name}\t{name}.sf" for name in three_batches.gene.obs_names]
    sheet.write_text("\n".join(["sample\tbatch\tquant", *rows]) + "\n")
    return sheet
