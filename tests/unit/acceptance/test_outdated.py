"""Results of other expression than the folder has now, by the notes of record and steps."""

from __future__ import annotations

import hashlib
import json

import pytest

import lotwise
from lotwise.acceptance.outdated import outdated_results
from lotwise.expression.identity import read_identities
from lotwise.expression.store import write_level
from lotwise.tree import ResultTree

WHY = "expression/gene.h5ad was changed since"


@pytest.fixture
def gene():
    return lotwise.datasets.three_batches().gene


@pytest.fixture
def tree(gene, tmp_path):
    """Expression of both levels in a folder of results."""
    made = ResultTree(tmp_path)
    write_level(gene, made.expression)
    write_level(lotwise.datasets.three_batches().isoform, made.expression)
    return made


def note(tree, name, *results, ended="2026-01-01", broken=False):
    """Write results and the note of the step that wrote them."""
    wrote = {}
    for result in results:
        path = tree.root / result
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{name} {ended}")
        wrote[result] = hashlib.sha256(path.read_bytes()).hexdigest()
    step = {"ended": ended, "wrote": wrote, "expression": read_identities(tree.root)}
    tree.steps.mkdir(parents=True, exist_ok=True)
    (tree.steps / f"{name}.json").write_text("{" if broken else json.dumps(step))


def change(tree, gene, layer="counts"):
    gene.layers[layer][0, 0] += 1
    write_level(gene, tree.expression)


def test_outdated_results__are_of_the_level_that_changed(tree, gene):
    results = (
        "correlation/gene.pairs.tsv",
        "evidence/isoform.ceilings.tsv",
        "figures/extended_data_fig1_gene.pdf",
        "figures/isoform_isoform_switches.pdf",
    )
    note(tree, "compare", *results)
    assert outdated_results(tree.root) == {}
    change(tree, gene)
    assert outdated_results(tree.root) == {results[0]: WHY, results[2]: WHY}


def test_outdated_results__a_repeated_step_is_of_the_new_expression(tree, gene):
    note(tree, "correlate", "correlation/gene.pairs.tsv")
    note(tree, "evidence", "evidence/gene.ceilings.tsv")
    change(tree, gene)
    note(tree, "correlate", "correlation/gene.pairs.tsv", ended="2026-01-02")
    assert outdated_results(tree.root) == {"evidence/gene.ceilings.tsv": WHY}


def test_outdated_results__the_record_counts_as_a_step(tree, gene):
    note(tree, "compare", "evidence/gene.ceilings.tsv")
    step = json.loads((tree.steps / "compare.json").read_text())
    (tree.steps / "compare.json").unlink()
    outputs = [{"path": path, "sha256": sha256} for path, sha256 in step["wrote"].items()]
    record = {"recorded": "2026", "outputs": outputs, "expression": step["expression"]}
    tree.provenance.write_text(json.dumps(record))
    assert outdated_results(tree.root) == {}
    change(tree, gene)
    assert outdated_results(tree.root) == {"evidence/gene.ceilings.tsv": WHY}


def test_outdated_results__what_is_unknown_is_left_out(tree, gene):
    note(tree, "evidence", "evidence/gene.ceilings.tsv", "evidence/gene.depth.tsv")
    note(tree, "figures", "figures/gene_depth.pdf", broken=True)
    change(tree, gene)
    # Another program, or the library, wrote this file since.
    (tree.evidence / "gene.ceilings.tsv").write_text("other")
    assert outdated_results(tree.root) == {"evidence/gene.depth.tsv": WHY}
    tree.h5ad("gene").unlink()
    assert outdated_results(tree.root) == {}
