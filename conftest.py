"""Fixtures of tests and of the examples in docstrings."""

from __future__ import annotations

import numpy as np
import pytest

# pytest puts a module that it imports first over the function of the same name in its package.
import lotwise.pl
import lotwise.tl  # noqa: F401

# MultiQC, which is not installed beside lotwise, imports it.
collect_ignore = ["src/lotwise/multiqc_plugin/module.py"]


@pytest.fixture(autouse=True)
def _examples_write_here(request, tmp_path, monkeypatch):
    """Examples in docstrings call ``mkdtemp``, which leaves its folder behind."""
    if isinstance(request.node, pytest.DoctestItem):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


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
def sheet_of_three(three_batches, tmp_path):
    """Write the sample sheet of ``three_batches``; the genes are in tx2gene.tsv beside it."""
    sheet = tmp_path / "samples.tsv"
    rows = [f"{name}\t{name}\t{name}.sf" for name in three_batches.gene.obs_names]
    sheet.write_text("\n".join(["sample\tbatch\tquant", *rows]) + "\n")
    return sheet
