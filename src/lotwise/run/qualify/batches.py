"""Simulated batches with planted truth: some must pass, some fail, some faults be identified."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from lotwise.acceptance import (
    CriteriaFile,
    Verdict,
    parse_criteria,
    register_criteria,
    write_verdict,
)
from lotwise.config import CorrelationConfig, EvidenceConfig, ExpressionConfig
from lotwise.files.rows import text_of_rows
from lotwise.run.qualify.case import Case, run_case
from lotwise.run.qualify.falsified import falsified_cases
from lotwise.run.steps import (
    compare,
    write_correlation,
    write_evidence_tables,
    write_expression,
)
from lotwise.simulate import Plan, simulate_experiment
from lotwise.tree import ResultTree

SEED: Final = 20
_GENES: Final = 800
_CHANGED: Final = 200
_STATISTICS: Final = ("libraries", "identity", "agreement")
CRITERIA: Final = """
title: Operational qualification of lotwise
source: built into lotwise; the bounds are for simulated batches only
criteria:
- {id: depth, rationale: a failed library says nothing, level: gene, table: libraries,
   statistic: share_of_median, at_least: 0.25}
- {id: gene-r, rationale: simulated batches of one process have R above this, level: gene,
   table: pairs, rows: {relation: between, feature_set: detected_both}, statistic: pearson,
   at_least: 0.95}
- {id: donor, rationale: samples of one donor agree in sex, level: gene, table: sex,
   statistic: agrees, is: "yes"}
"""


@dataclass(frozen=True, slots=True)
class _Run:
    root: Path
    verdict: Verdict
    truth: list[dict[str, str]]


def batch_cases(folder: Path) -> Iterator[Case]:
    """Run the cases of simulated batches below ``folder``."""
    yield from planted_cases(folder)
    yield from recorded_cases(folder / "recorded")


def planted_cases(folder: Path) -> Iterator[Case]:
    """Run the cases of sound batches and of planted faults below ``folder``."""
    # With two donors, genes of X and Y would lower R as well.
    of_one_donor = {"n_de_genes": _CHANGED, "female": ()}
    expectations: tuple[tuple[str, str, dict[str, Any], str, str], ...] = (
        ("VER-001", "sound batches", {}, "pass", ""),
        ("VER-002", f"{_CHANGED} changed genes", of_one_donor, "fail", "gene-r"),
        ("VER-003", "donor swap", {"swapped": ("lot1_rep1", "lot3_rep1")}, "fail", "donor"),
        ("VER-004", "failed library", {"faults": {"lot2_rep1": "failed"}}, "fail", "depth"),
        ("VER-005", "shallow library", {"faults": {"lot2_rep1": "shallow"}}, "fail", "depth"),
    )
    kept: dict[str, _Run] = {}
    for requirement, name, planted, outcome, criterion in expectations:

        def look(
            name: str = name,
            planted: dict[str, Any] = planted,
            outcome: str = outcome,
            criterion: str = criterion,
        ) -> tuple[str, bool]:
            run = _run(folder / name.replace(" ", "_"), planted)
            kept[name] = run
            failed = run.verdict.named("fail")
            told = " ".join([run.verdict.outcome, *failed])
            right = run.verdict.outcome == outcome and (not criterion or criterion in failed)
            return told, right

        expected = f"{outcome}, {criterion} among what failed" if criterion else outcome
        yield run_case("operation", requirement, name, expected, look)
    yield run_case(
        "operation",
        "VER-002",
        "changed genes are named",
        "at least 18 of the 20 genes that lower R most were changed in the simulation",
        lambda: _named(kept[f"{_CHANGED} changed genes"]),
    )
    yield run_case(
        "operation",
        "ISO-001",
        "isoform switch",
        "at least 18 of the 20 genes whose usage changes most have a simulated switch",
        lambda: _switches(folder / "switches"),
    )
    yield run_case(
        "operation",
        "EXP-001",
        "gene sums",
        "TPM of a gene is the sum of its isoforms (tolerance 1e-9)",
        lambda: _gene_sums(kept["sound batches"]),
    )
    yield run_case(
        "operation",
        "VER-006",
        "missing table",
        "not assessable",
        lambda: _without_a_table(kept["sound batches"], folder / "missing"),
    )


def recorded_cases(folder: Path) -> Iterator[Case]:
    """Run the cases of a recorded run: its replay, and copies that were falsified."""
    from lotwise.run.replay import replay

    made = _simulate(folder, {"n_de_genes": _CHANGED})
    criteria = folder / "criteria.yaml"
    criteria.write_text(CRITERIA, encoding="utf-8")
    tree = ResultTree(folder / "results")

    def again() -> tuple[str, bool]:
        compare(
            made.samples,
            tree,
            levels=("gene",),
            expression=ExpressionConfig(tx2gene=made.tx2gene),
            evidence=EvidenceConfig(statistics=_STATISTICS),
            acceptance=criteria,
        )
        found = replay(tree.root)
        told = f"{found.n_identical} tables identical, {len(found.all_differences)} differences"
        return told, not found.all_differences and found.n_identical > 0

    yield run_case(
        "operation",
        "REC-001",
        "replay",
        "every table is identical to the recorded table, byte by byte",
        again,
    )
    yield from falsified_cases(tree.root, folder)


def _simulate(folder: Path, planted: dict[str, Any]) -> Any:
    sound: dict[str, Any] = {
        "n_genes": _GENES,
        "n_replicates": 2,
        "n_fragments": 20_000_000,
        "sd_batch": 0.1,
        "female": ("lot3",),
    }
    plan = Plan(**(sound | planted))
    made = simulate_experiment(folder / "input", rng=np.random.default_rng(SEED), plan=plan)
    with made.samples.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text, delimiter="\t"))
    for row in rows:
        row["donor"] = "second" if row["batch"] == "lot3" else "first"
    made.samples.write_bytes(text_of_rows(rows).encode())
    return made


def _run(folder: Path, planted: dict[str, Any]) -> _Run:
    made = _simulate(folder, planted)
    tree = ResultTree(folder / "results")
    criteria = CriteriaFile(
        name="built in", criteria=parse_criteria(CRITERIA, source="built in"), text=CRITERIA
    )
    register_criteria(tree.root, criteria)
    write_expression(made.samples, tree, ExpressionConfig(tx2gene=made.tx2gene))
    write_correlation(tree, "gene", CorrelationConfig())
    write_evidence_tables(tree, "gene", EvidenceConfig(statistics=_STATISTICS), CorrelationConfig())
    with (made.truth / "genes.tsv").open(encoding="utf-8", newline="") as text:
        truth = list(csv.DictReader(text, delimiter="\t"))
    return _Run(tree.root, write_verdict(tree.root, criteria), truth)


def _named(run: _Run) -> tuple[str, bool]:
    planted = {row["gene_id"] for row in run.truth if float(row["log2_fold"] or 0)}
    rows = _rows(ResultTree(run.root).table("gene", "contributions"))
    named = [
        row["feature"]
        for row in rows
        if {row["sample_a"], row["sample_b"]} == {"lot1_rep1", "lot3_rep1"}
    ][:20]
    n_right = sum(name in planted for name in named)
    return f"{n_right} of {len(named)}", n_right >= 18


def _switches(folder: Path) -> tuple[str, bool]:
    made = _simulate(folder, {"n_switches": 100})
    tree = ResultTree(folder / "results")
    write_expression(made.samples, tree, ExpressionConfig(tx2gene=made.tx2gene))
    write_correlation(tree, "isoform", CorrelationConfig())
    _, tables = write_evidence_tables(
        tree, "isoform", EvidenceConfig(statistics=("isoform_usage",)), CorrelationConfig()
    )
    with (made.truth / "genes.tsv").open(encoding="utf-8", newline="") as text:
        planted = {
            row["gene_id"]
            for row in csv.DictReader(text, delimiter="\t")
            if row["isoform_switch"] == "True"
        }
    from lotwise.expression import read_level

    gene = read_level(tree.h5ad("gene"), "gene")
    high = set(gene.var_names[(gene.layers["tpm"] >= 50).all(axis=0)])
    usage = tables["isoform_usage"]
    pair = usage[(usage["sample_a"] == "lot1_rep1") & (usage["sample_b"] == "lot3_rep1")]
    expressed = pair[pair["gene_id"].isin(high)]
    named = expressed.sort_values("distance", ascending=False)["gene_id"].head(20).tolist()
    n_right = sum(name in planted for name in named)
    return f"{n_right} of {len(named)}", len(named) == 20 and n_right >= 18


def _gene_sums(run: _Run) -> tuple[str, bool]:
    from lotwise.expression import read_level

    tree = ResultTree(run.root)
    gene, isoform = (read_level(tree.h5ad(level), level) for level in ("gene", "isoform"))
    place = {str(name): i for i, name in enumerate(gene.var_names)}
    owners = np.array([place[str(name)] for name in isoform.var["gene_id"]])
    sums = np.zeros(gene.shape)
    for i, sample in enumerate(np.asarray(isoform.layers["tpm"])):
        sums[i] = np.bincount(owners, weights=sample, minlength=gene.n_vars)
    worst = float(np.abs(sums - gene.layers["tpm"]).max())
    return f"largest deviation {worst:.1e} TPM", worst <= 1e-9


def _without_a_table(run: _Run, copy: Path) -> tuple[str, bool]:
    shutil.copytree(run.root, copy)
    ResultTree(copy).table("gene", "libraries").unlink()
    verdict = write_verdict(copy, run.verdict.criteria)
    return verdict.outcome, verdict.outcome == "not assessable"


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text, delimiter="\t"))
