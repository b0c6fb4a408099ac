"""The built-in example criteria are tested on simulated lots with known truth."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).resolve().parents[3] / "benchmarks" / "criteria_rates.py"
# A tenth of the genes and reads of the benchmark.
N_GENES, SCALE = 6_000, 0.1


@pytest.fixture(scope="module")
def lots():
    spec = importlib.util.spec_from_file_location("criteria_rates", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.N_GENES = N_GENES

    def judge(case, *, depth=20e6, share=0.0, tissue="", seed=0):
        found = module.judge_lots(
            "example", case, SCALE * depth, share=share, tissue=tissue, seed=seed
        )
        return found.outcome

    return judge


@pytest.mark.slow
@pytest.mark.parametrize("tissue", ["near", "middle", "far"])
def test_example__a_quarter_of_another_tissue_does_not_pass(lots, tissue):
    assert {lots("mixed", share=0.25, tissue=tissue, seed=seed) for seed in range(2)} == {"fail"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("depth", "allowed"),
    [(0.2e6, {"not assessable"}), (1e6, {"pass", "not assessable"}), (20e6, {"pass"})],
)
def test_example__two_libraries_of_one_rna_do_not_fail(lots, depth, allowed):
    assert {lots("two libraries", depth=depth, seed=seed) for seed in range(2)} <= allowed


@pytest.mark.slow
def test_example__lots_of_one_process_pass(lots):
    assert {lots("three lots", seed=seed) for seed in range(2)} == {"pass"}
