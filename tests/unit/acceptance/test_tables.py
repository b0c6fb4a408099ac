"""What can be judged is what the result tables have."""

from __future__ import annotations

import pytest

from lotwise.acceptance.tables import (
    ANSWERS,
    CHOICES,
    KNOWN_WITH,
    LIMITS,
    OF_FEATURES,
    TABLES,
    TO_CHOOSE,
    UNITS,
)
from lotwise.config import EvidenceConfig, tables_of
from lotwise.files.tables import columns
from lotwise.metrics.feature_sets import FEATURE_SETS


def test_tables__are_those_that_the_evidence_makes():
    made = {name for level in ("gene", "isoform") for name in tables_of(EvidenceConfig(), level)}
    assert {name for name, table in TABLES.items() if table.folder == "evidence"} == made
    for name, table in TABLES.items():
        if table.folder == "evidence":
            levels = {
                level for level in ("gene", "isoform") if name in tables_of(EvidenceConfig(), level)
            }
            assert set(table.levels) == levels


def test_tables__registries_name_columns_that_there_are():
    pairs = [
        *((table, name) for table, name in ANSWERS),
        *((table, name) for table, name in KNOWN_WITH),
        *((table, other) for (table, _), other in KNOWN_WITH.items()),
        *((table, name) for table, name in LIMITS),
        *((table, limit) for (table, _), limits in LIMITS.items() for limit in limits),
        *((table, name) for table, names in TO_CHOOSE.items() for name in names),
        *((table, "reason") for table in OF_FEATURES),
    ]
    for table, name in pairs:
        assert name in columns(TABLES[table].record), (table, name)


def test_tables__choices_are_those_of_the_statistics():
    from lotwise.tl.ceilings import CeilingMethod

    assert CHOICES["feature_set"] == FEATURE_SETS
    assert CHOICES["method"] == CeilingMethod.__args__


def test_tables__every_row_can_be_named():
    for table in TABLES.values():
        named = set(columns(table.record)) & set(UNITS)
        assert named, table.name


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
    assert TABLES[table].kind_of(column) == kind


def test_tables__whole_numbers_and_switches_say_when_they_are_known():
    """A whole number has no NaN: without a reason in its row nothing would say that it is none."""
    for table in TABLES.values():
        kinds = columns(table.record)
        blind = [
            name
            for name, kind in kinds.items()
            if kind in {int, bool}
            and "reason" not in kinds
            and (table.name, name) not in KNOWN_WITH
        ]
        assert blind in ([], ["rank"]), table.name
