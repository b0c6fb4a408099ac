"""Paths of the result tree, and what a run removes that it does not make."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import lotwise
from lotwise.tree import ResultTree, drawn_as

SOURCE = Path(lotwise.__file__).parent


@pytest.fixture
def tree(tmp_path):
    """Results of an earlier run in every format."""
    tree = ResultTree(tmp_path)
    for folder, names in {
        tree.figures: [
            *(f"gene_{name}.{suffix}" for name in ("batches", "heatmap_given", "old_figure")
              for suffix in ("pdf", "png", "svg")),
            "extended_data_fig1_gene.png", "extended_data_fig1_gene.pdf", "isoform_batches.png",
        ],
        tree.evidence: ["gene.batches.tsv", "gene.signal.tsv", "gene.batches.parquet",
                        "isoform.batches.tsv"],
        tree.correlation: ["gene.pairs.tsv", "gene.culprits.tsv", "gene.pearson.tsv"],
    }.items():  # fmt: skip
        folder.mkdir()
        for name in names:
            (folder / name).touch()
    return tree


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_forget_figures__of_another_format_are_removed(tree):
    tree.forget_figures("gene", ("pdf",))
    left = names_in(tree.figures)
    assert [name for name in left if "heatmap" in name] == ["gene_heatmap_given.pdf"]
    assert [name for name in left if "data_fig" in name] == ["extended_data_fig1_gene.pdf"]
    assert {"gene_batches.png", "isoform_batches.png"} <= {*left}


def test_forget_evidence__what_this_run_does_not_make_is_removed_whatever_its_format(tree):
    tree.forget_evidence("gene", ("batches",))
    tree.forget_figures_of_evidence("gene", ("batches",), ("pdf",))
    assert names_in(tree.evidence) == ["gene.batches.tsv", "isoform.batches.tsv"]
    assert names_in(tree.figures) == [
        "extended_data_fig1_gene.pdf",
        "extended_data_fig1_gene.png",
        "gene_batches.pdf",
        *(f"gene_heatmap_given.{suffix}" for suffix in ("pdf", "png", "svg")),
        "isoform_batches.png",
    ]


def test_forget_correlation__tables_under_earlier_names_are_removed(tree):
    tree.forget_correlation("gene")
    assert names_in(tree.correlation) == ["gene.pairs.tsv", "gene.pearson.tsv"]


def test_forget__a_level_that_the_run_does_not_have_is_removed(tree):
    tree.forget("gene")
    assert names_in(tree.figures) == ["isoform_batches.png"]
    assert names_in(tree.evidence) == ["isoform.batches.tsv"]
    assert names_in(tree.correlation) == []


def test_drawn_as__names_with_dots_keep_them():
    stem = Path("gene_identity_v1.2")
    assert [path.name for path in drawn_as([stem], ("png",))] == ["gene_identity_v1.2.png"]


def _literals(module):
    """The texts of a module that are no docstrings."""
    parsed = ast.parse(module.read_text(encoding="utf-8"))
    for node in ast.walk(parsed):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""
    for node in ast.walk(parsed):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_tree__paths_of_results_are_written_nowhere_else():
    folders = ("expression/", "correlation/", "evidence/", "figures/")
    found = {
        f"{module.relative_to(SOURCE)}: {text!r}"
        for module in SOURCE.rglob("*.py")
        if module.name != "tree.py"
        for text in _literals(module)
        if text.startswith(folders)
    }
    assert found == set()
