"""A change of the process through the workflow: phases, declared attributes, tiers, outcome."""

from __future__ import annotations

import json

import numpy as np
import pytest
import yaml
from snakemake_run import run, snakemake

N_PRE, N_POST, N_GENES, SHIFTED = 6, 3, 40, "gene3"
LOTS = tuple(f"L{number}" for number in range(1, N_PRE + N_POST + 1))
ATTRIBUTES = {
    "lots": {"pre": N_PRE, "post": N_POST},
    "k": 3,
    "attributes": [
        {"name": gene, "gene": gene, "margin": 1.0, "sd": 0.2, "rationale": "a test"}
        for gene in (SHIFTED, "gene4")
    ],
}
CRITERION = {"rationale": "a test", "level": "gene"}
CRITERIA = {
    "title": "change of the process",
    "protocol": "P-7",
    "version": "2",
    "approved_by": "QA",
    "criteria": [
        *(
            CRITERION
            | {
                "id": f"{gene}-equivalent",
                "tier": 1,
                "table": "process_change",
                "rows": {"attribute": gene, "margin": 1.0},
                "statistic": "equivalent",
                "is": True,
            }
            for gene in (SHIFTED, "gene4")
        ),
        CRITERION
        | {
            "id": "range",
            "tier": 2,
            "table": "quality_range",
            "rows": {"attribute": "gene4", "phase": "post", "k": 3},
            "statistic": "inside",
            "is": True,
            "reduce": "share",
            "share": 0.9,
        },
        CRITERION
        | {
            "id": "r",
            "tier": 3,
            "table": "pairs",
            "rows": {"relation": "between", "feature_set": "all"},
            "statistic": "pearson",
            "at_least": 0.9999,
        },
    ],
}


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """Six lots before a change that shifts one gene, and three after it, run by the workflow."""
    folder = tmp_path_factory.mktemp("process")
    rng = np.random.default_rng(8)
    log = rng.normal(8, 1.5, N_GENES) + 0.1 * rng.normal(size=(len(LOTS), N_GENES))
    log[N_PRE:, 3] += 2
    tpm = np.exp2(log)
    names = [f"gene{number}" for number in range(N_GENES)]
    lines = ["gene_id\t" + "\t".join(LOTS)]
    lines += [
        "\t".join([name, *(f"{value:.6f}" for value in row)])
        for name, row in zip(names, (1e6 * tpm / tpm.sum(axis=1, keepdims=True)).T, strict=True)
    ]
    (folder / "tpm.tsv").write_text("\n".join(lines) + "\n")
    rows = [
        f"{lot}\t{lot}\t{'pre' if at < N_PRE else 'post'}\ttpm.tsv" for at, lot in enumerate(LOTS)
    ]
    (folder / "samples.tsv").write_text("\n".join(["sample\tbatch\tphase\tquant", *rows]) + "\n")
    (folder / "attributes.yaml").write_text(yaml.safe_dump(ATTRIBUTES))
    (folder / "criteria.yaml").write_text(yaml.safe_dump(CRITERIA))
    config = {
        "source": "quant",
        "samples": "samples.tsv",
        "results": "workflow",
        "levels": ["gene"],
        "expression": {"matrix_level": "gene"},
        "evidence": {"statistics": ["process_change"], "attributes": "attributes.yaml"},
        "figures": {"formats": ["png"]},
        "acceptance": "criteria.yaml",
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    said = snakemake(cwd=folder)
    compared = run(
        "lotwise", "compare", "samples.tsv", "--matrix-level", "gene", "--level", "gene",
        "--statistic", "process_change", "--attributes", "attributes.yaml",
        "--criteria", "criteria.yaml", "--format", "png", "--out", "compare",
        cwd=folder, check=False,
    )  # fmt: skip
    assert compared.returncode == 1, compared.stderr
    return folder, said.stdout + said.stderr


def test_workflow__a_shifted_gene_fails_tier_1_alone_and_tier_3_decides_nothing(changed):
    folder, said = changed
    verdict = json.loads((folder / "workflow/verdict.json").read_text())
    assert verdict["outcome"] == "fail"
    assert {one["id"]: (one["tier"], one["outcome"]) for one in verdict["criteria"]} == {
        f"{SHIFTED}-equivalent": (1, "fail"),
        "gene4-equivalent": (1, "pass"),
        "range": (2, "pass"),
        "r": (3, "descriptive"),
    }
    assert verdict["protocol"] == "P-7"
    assert "Verdict: fail: the acceptance criteria are not met" in said
    assert "Nothing to be done" in snakemake("--dry-run", cwd=folder).stdout


def test_workflow__a_process_change_has_all_that_compare_gives(changed):
    folder, _ = changed
    by_workflow, by_compare = folder / "workflow", folder / "compare"

    def kept(root):
        return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}

    assert kept(by_compare) <= kept(by_workflow)
    for name in sorted(kept(by_compare)):
        if name.endswith(".tsv"):
            assert (by_workflow / name).read_bytes() == (by_compare / name).read_bytes(), name
    verdicts = [
        json.loads((root / "verdict.json").read_text()) for root in (by_workflow, by_compare)
    ]
    assert verdicts[0]["criteria"] == verdicts[1]["criteria"]
    page = (by_workflow / "report.html").read_text(encoding="utf-8")
    assert f"Equivalence was not shown for {SHIFTED}. This does not prove a difference." in page


def test_workflow__other_attributes_are_computed_again(changed):
    folder, _ = changed
    declared = ATTRIBUTES | {"lots": {"pre": N_PRE, "post": N_POST + 1}}
    (folder / "attributes.yaml").write_text(yaml.safe_dump(declared))
    snakemake(cwd=folder)
    verdict = json.loads((folder / "workflow/verdict.json").read_text())
    outcomes = {one["id"]: one["outcome"] for one in verdict["criteria"]}
    assert outcomes[f"{SHIFTED}-equivalent"] == "not assessable"
    (reason,) = {
        one["reason"] for one in verdict["criteria"] if one["id"] == f"{SHIFTED}-equivalent"
    }
    assert "3 post lots of 4 planned" in reason
