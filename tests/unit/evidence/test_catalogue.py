"""The catalogue: every declared name exists, and an external declaration is found."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

from lotwise.config import CorrelationConfig, EvidenceConfig, tables_of
from lotwise.evidence import catalogue
from lotwise.evidence.catalogue import optional, register, row_names, statistics, tables
from lotwise.evidence.columns import FEATURE_SETS
from lotwise.files.records import columns, declared
from lotwise.keys import LEVELS
from lotwise.metrics import feature_sets

ROOT = Path(__file__).parents[3]
PLACES = {"evidence": EvidenceConfig(), "correlation": CorrelationConfig()}
CALLS = [
    pytest.param(one, levels, id=f"{statistic.name} {one.function}")
    for statistic in statistics()
    for one, levels in [
        (statistic.compute, statistic),
        *((figure.draw, statistic) for figure in statistic.figures),
    ]
    if one is not None
]


@pytest.mark.parametrize(("call", "statistic"), CALLS)
def test_calls__name_functions_and_options_that_there_are(call, statistic):
    module, _, name = call.function.partition(":")
    function = getattr(importlib.import_module(module), name)
    inspect.signature(function).bind(None, **call.options)
    own = {shown.name or shown.record.table for shown in statistic.tables}
    for place in (call.of, *call.options.values()):
        first, _, rest = place.partition(".")
        if first == "tables":
            assert not rest or rest in own
        elif rest:
            assert rest in type(PLACES[first]).model_fields
        else:
            assert first in {"expression", "each", "unit", "features", "with_scanpy", *PLACES}


@pytest.mark.parametrize("statistic", statistics(), ids=lambda one: one.name)
def test_statistics__options_and_pages_are_there(statistic):
    for given in statistic.inputs:
        assert given.option in EvidenceConfig.model_fields
    for figure in statistic.figures:
        assert not figure.each or figure.each in EvidenceConfig.model_fields
    assert (ROOT / "docs" / statistic.page).is_file()


@pytest.mark.parametrize("table", tables().values(), ids=lambda table: table.name)
def test_tables__columns_refer_to_columns_that_there_are(table):
    names = columns(table.record)
    for one in declared(table.record).values():
        assert {*(one.limits or ()), *filter(None, [one.known_with])} <= {*names}
    assert {*table.shown.by} <= {*names}
    assert not table.of_features or "reason" in names


@pytest.mark.parametrize("table", tables().values(), ids=lambda table: table.name)
def test_tables__every_row_can_be_named(table):
    # A table with a single row for all batches together needs no columns to identify rows.
    assert table.name == "batch_equivalence" or {*columns(table.record)} & {*row_names()}


@pytest.mark.parametrize("table", tables().values(), ids=lambda table: table.name)
def test_tables__whole_numbers_and_switches_say_when_they_are_known(table):
    """Whole numbers have no NaN, so only a reason in the row can mark a missing one."""
    kinds = columns(table.record)
    blind = [
        name
        for name, one in declared(table.record).items()
        if kinds[name] in {int, bool} and "reason" not in kinds and not one.known_with
    ]
    # A rank, and the note of a panel on its marker, are always known.
    assert blind in ([], ["rank"], ["specific"])


def test_tables__are_those_that_the_configuration_names():
    config = EvidenceConfig(genotypes=Path("alleles.npz"))
    made = {level: {*tables_of(config, level)} for level in LEVELS}
    for name, table in tables().items():
        if table.folder == "evidence":
            assert {level for level in LEVELS if name in made[level]} == {*table.levels}
    assert made["gene"] | made["isoform"] == {
        name for name, table in tables().items() if table.folder == "evidence"
    }


def test_choices__are_those_of_the_statistics():
    from lotwise.tl.ceilings import CeilingMethod

    assert FEATURE_SETS == feature_sets.FEATURE_SETS
    assert {*tables()["ceilings"].declared("method").choices} == {*CeilingMethod.__args__}


@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [
        ("pairs", "pearson", "number"),
        ("pairs", "n_features", "number"),
        ("libraries", "shallow", "switch"),
        ("identity", "holds", "answer"),
        ("pairs", "reason", None),
        ("pairs", "sample_a", None),
        ("pairs", "person", None),
    ],
)
def test_kind_of__says_how_a_column_is_judged(table, column, kind):
    assert tables()[table].kind_of(column) == kind


def test_register__refuses_a_name_twice(monkeypatch):
    monkeypatch.setattr(catalogue, "_REGISTERED", dict(catalogue._REGISTERED))
    with pytest.raises(ValueError, match="there is already a statistic 'batches'"):
        register(next(one for one in optional() if one.name == "batches"))
