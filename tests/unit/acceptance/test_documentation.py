"""docs/verdict.md lists every key, and the examples of criteria are valid."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lotwise
from lotwise.acceptance import SHIPPED, Criteria, CriteriaFile, Criterion, Need, parse_criteria
from lotwise.acceptance.verdict import judge
from lotwise.files.tables import write_table
from lotwise.tl.accepted import LEAST_BATCHES
from lotwise.tree import ResultTree

DOCS = Path(__file__).resolve().parents[3] / "docs"
TEXT = (DOCS / "verdict.md").read_text(encoding="utf-8")
MORE = (DOCS / "formats" / "verdict-files.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT + MORE, flags=re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_documentation__examples_are_criteria(example):
    assert parse_criteria(example, source="docs").criteria


def test_documentation__has_every_key():
    cells = "".join(re.findall(r"^\| (`.*?) \|", TEXT, flags=re.MULTILINE))
    for model in (Criteria, Criterion, Need):
        for name, field in model.model_fields.items():
            assert f"`{field.alias or name}`" in cells, name
    assert all(name in TEXT for name in SHIPPED)


IDENTITY = next(one for one in EXAMPLES if "title: identity" in one)
LIMITS = next(one for one in EXAMPLES if "id: within-limits" in one)


@pytest.mark.parametrize(("share", "outcome"), [(0.0, "pass"), (0.5, "fail")])
def test_documentation__composition_fails_where_a_few_genes_take_over_a_library(
    tree, share, outcome
):
    rng = np.random.default_rng(1)
    amount = rng.lognormal(3, 1.5, 2_000) * rng.lognormal(0, 0.1, (2, 2_000))
    amount[1, :5] += share * amount[1].sum()
    tpm = pd.DataFrame((1e6 * amount.T / amount.sum(axis=1)), columns=["A1", "B1"])
    tpm.index = pd.Index([f"G{i}" for i in range(2_000)])
    gene, _ = lotwise.from_frame(tpm, batches={"A1": "A", "B1": "B"}, level="gene")
    lotwise.tl.agreement(gene)
    table = lotwise.get.evidence(gene, "agreement")
    write_table(ResultTree(tree.root).table("gene", "agreement"), table)
    criteria = parse_criteria(IDENTITY, source="docs/verdict.md")
    verdict = judge(CriteriaFile(name="c", criteria=criteria, text=""), tree.root)
    outcomes = {one["id"]: one["outcome"] for one in verdict.as_json()["criteria"]}
    assert outcomes["composition"] == outcome


def test_documentation__limits_are_from_as_many_other_batches_as_it_says():
    criteria = parse_criteria(LIMITS, source="docs/verdict.md").criteria
    (need,) = next(one for one in criteria if one.id == "within-limits").needs
    # A batch is compared with the others: of seven batches, with six.
    assert need.at_least == LEAST_BATCHES + 1
