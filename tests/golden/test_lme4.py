"""Variance components against REML by R's lme4."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from lotwise.metrics.variance import variance_components

SCRIPT = Path(__file__).with_name("lme4.R")
N_GENES = 200
DONOR = np.repeat(np.arange(6), 8)
BATCH = np.repeat(np.arange(12), 4)
CONDITION = np.tile([0, 0, 1, 1], 12)


def simulate(seed):
    rng = np.random.default_rng(seed)
    parts = [(2, 1.0, CONDITION), (6, 1.0, DONOR), (12, 0.5, BATCH), (48, 0.4, np.arange(48))]
    return sum(rng.normal(0, sd, (n, N_GENES))[at] for n, sd, at in parts)


def by_lme4(values, factors, folder):
    np.savetxt(folder / "values.tsv", values, delimiter="\t")
    rows = np.column_stack(list(factors.values()))
    header = "\t".join(factors)
    np.savetxt(folder / "factors.tsv", rows, fmt="%d", delimiter="\t", header=header, comments="")
    files = [folder / name for name in ("values.tsv", "factors.tsv", "out.tsv")]
    subprocess.run(["Rscript", str(SCRIPT), *map(str, files)], check=True, capture_output=True)
    return np.loadtxt(files[2], delimiter="\t").T


def test_variance_components__equal_lme4_where_balanced(require_r, tmp_path):
    require_r("lme4")
    values = simulate(0)
    factors = {"condition": CONDITION, "donor": DONOR, "batch": BATCH}
    reml = by_lme4(values, factors, tmp_path)
    ours = variance_components(values, factors=factors).shares()
    assert ours == pytest.approx(reml / reml.sum(axis=0), abs=0.02)


def test_variance_components__medians_are_those_of_lme4_where_samples_are_missing(
    require_r, tmp_path
):
    require_r("lme4")
    kept = np.random.default_rng(1).random(48) > 0.2
    values = simulate(2)[kept]
    factors = {"condition": CONDITION[kept], "donor": DONOR[kept], "batch": BATCH[kept]}
    reml = by_lme4(values, factors, tmp_path)
    ours = variance_components(values, factors=factors).shares()
    medians = np.median(reml / reml.sum(axis=0), axis=1)
    assert np.median(ours, axis=1) == pytest.approx(medians, abs=0.02)
