"""A sound installation qualifies; one with a patched formula or a broken BLAS does not."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pytest

from lotwise.errors import InputError
from lotwise.record.provenance import read_provenance
from lotwise.run.qualify import Qualification, write_qualification
from lotwise.run.qualify.batches import planted_cases, recorded_cases
from lotwise.run.qualify.case import Case
from lotwise.run.qualify.formulas import formula_cases
from lotwise.run.qualify.installation import PLACES_OF_LOCK, installation_cases
from lotwise.run.qualify.protocol import protocol_cases, read_protocol


def failed(cases):
    return [case.name for case in cases if not case.passed]


@pytest.mark.requirement("COR-001", "COR-002", "COR-003", "STA-001", "STA-002", "STA-003")
def test_formula_cases__pass_here():
    assert failed(formula_cases()) == []


@pytest.mark.requirement("IQ-001", "IQ-002", "IQ-003", "IQ-004")
def test_installation_cases__are_those_of_the_requirements():
    found = {case.requirement: case for case in installation_cases()}
    assert [*found] == ["IQ-001", "IQ-002", "IQ-003", "IQ-004"]
    assert found["IQ-002"].passed, found["IQ-002"].found
    assert found["IQ-003"].passed, found["IQ-003"].found


@pytest.mark.requirement("IQ-001")
def test_places_of_the_lock__the_wheel_ships_it_where_it_is_looked_for():
    shipped, checkout = PLACES_OF_LOCK
    root = checkout.parent
    told = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    included = told["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included["requirements.lock"] == shipped.relative_to(root / "src").as_posix()


@pytest.mark.requirement("QUA-001")
@pytest.mark.parametrize(
    ("place", "double", "named"),
    [
        ("correlation.pearson", lambda *_: 0.8000001, "Pearson's R"),
        ("rates.benjamini_hochberg", np.asarray, "Benjamini-Hochberg"),
    ],
)
def test_formula_cases__a_patched_formula_is_named(monkeypatch, place, double, named):
    monkeypatch.setattr(f"lotwise.metrics.{place}", double)
    # Everything that uses a formula fails with it: rho is R of ranks.
    assert failed(formula_cases())[0] == named


@pytest.mark.requirement("QUA-001")
def test_installation_cases__a_broken_blas_is_named(monkeypatch):
    class Broken(np.ndarray):
        def __matmul__(self, other):
            return np.asarray(self) @ np.asarray(other) + 1e-6

    real = np.random.default_rng

    class Generator:
        def normal(self, size):
            return real(11).normal(size=size).view(Broken)

    monkeypatch.setattr("numpy.random.default_rng", lambda _: Generator())
    assert "linear algebra" in failed(installation_cases())


@pytest.mark.requirement(
    "VER-001", "VER-002", "VER-003", "VER-004", "VER-005", "VER-006", "ISO-001", "EXP-001"
)
@pytest.mark.filterwarnings("ignore::lotwise.errors.LotwiseWarning")
def test_planted_cases__pass_here(tmp_path):
    assert failed(planted_cases(tmp_path)) == []


@pytest.mark.slow
@pytest.mark.requirement("REC-001", "REC-002")
@pytest.mark.filterwarnings("ignore::lotwise.errors.LotwiseWarning")
def test_recorded_cases__pass_here(tmp_path):
    assert failed(recorded_cases(tmp_path)) == []


def test_write_qualification__has_each_case_and_lines_for_signatures(tmp_path):
    cases = tuple(
        Case(
            part="operation",
            requirement="COR-001",
            name=f"<case {passed}>",
            expected="1",
            found="2",
            passed=passed,
        )
        for passed in (True, False)
    )
    found = Qualification(started="2026-01-01", ended="2026-01-02", cases=cases)
    told, page = write_qualification(found, tmp_path)
    assert json.loads(told.read_text("utf-8"))["outcome"] == "fail"
    text = page.read_text("utf-8")
    assert "&lt;case False&gt;" in text
    assert "Approved by" in text


def test_protocol_cases__stored_results_must_come_out_again(own_run):
    protocol = own_run / "protocol.yaml"
    protocol.write_text("title: PQ\nruns:\n- {id: lots, results: results, inputs_from: input}\n")
    (case,) = protocol_cases(read_protocol(protocol))
    assert case.passed, case.found
    assert read_provenance(own_run / "results").revision == 1
    table = own_run / "results" / "correlation" / "gene.pairs.tsv"
    table.write_text(table.read_text().replace("between", "within", 1))
    (case,) = protocol_cases(read_protocol(protocol))
    assert not case.passed
    assert "correlation/gene.pairs.tsv" in case.found


def test_read_protocol__names_the_key_that_is_wrong(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text("title: t\nruns:\n- {id: a, folder: b}\n")
    with pytest.raises(InputError, match=r"is not a protocol \(runs\.0\.(results|folder)"):
        read_protocol(path)
