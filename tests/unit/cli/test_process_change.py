"""A change of the process from the sample sheet to the page: `lotwise compare` on nine lots."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from lotwise.acceptance.verdict import CriterionRecord
from lotwise.evidence.process_change import ProcessChangeRecord, QualityRangeRecord
from lotwise.files.tables import read_table
from lotwise.tree import ResultTree

LOTS = tuple(f"L{number}" for number in range(1, 10))
N_PRE = 6
GENE = "gene3"
MARGINS = {GENE: 1.0, "gene4": 1.0}
ATTRIBUTES = {
    "lots": {"pre": N_PRE, "post": len(LOTS) - N_PRE},
    "k": 3,
    "attributes": [
        {"name": gene, "gene": gene, "margin": margin, "sd": 0.2, "rationale": "a test"}
        for gene, margin in MARGINS.items()
    ],
}
CRITERIA = {
    "title": "change of the process",
    "criteria": [
        *(
            {
                "id": f"{gene}-equivalent",
                "tier": 1,
                "rationale": "a test",
                "level": "gene",
                "table": "process_change",
                "rows": {"attribute": gene, "margin": margin},
                "statistic": "equivalent",
                "is": True,
            }
            for gene, margin in MARGINS.items()
        ),
        {
            "id": "range",
            "tier": 2,
            "rationale": "a test",
            "level": "gene",
            "table": "quality_range",
            "rows": {"attribute": GENE, "phase": "post", "k": 3},
            "statistic": "inside",
            "is": True,
            "reduce": "share",
            "share": 0.9,
        },
    ],
}


@pytest.fixture
def compared(study, run):
    """Compare six lots before and three after, in which one gene has shifted."""

    def compare(shift: float, *, n_post: int = 3):
        rng = np.random.default_rng(8)
        log = rng.normal(8, 1.5, 40) + 0.1 * rng.normal(size=(len(LOTS), 40))
        log[N_PRE:, 6:8] += shift  # the two isoforms of gene3
        tpm = np.exp2(log)
        lots = LOTS[: N_PRE + n_post]
        for lot, row in zip(lots, tpm, strict=False):
            study.write_quant(lot, 1e6 * row / row.sum())
        rows = [
            f"{lot}\t{lot}\t{'pre' if at < N_PRE else 'post'}\t{lot}.sf"
            for at, lot in enumerate(lots)
        ]
        study.sheet.write_text("\n".join(["sample\tbatch\tphase\tquant", *rows]) + "\n")
        files = {"attributes": ATTRIBUTES, "criteria": CRITERIA}
        for name, content in files.items():
            (study.folder / f"{name}.yaml").write_text(yaml.safe_dump(content))
        ended = study.call(
            run, "--level", "gene", "--statistic", "process_change", "--attributes",
            study.folder / "attributes.yaml", "--criteria", study.folder / "criteria.yaml",
            "--format", "png", command="compare",
        )  # fmt: skip
        return ended, ResultTree(study.out)

    return compare


def judged(tree: ResultTree) -> dict[str, str]:
    """Return the outcome of each criterion."""
    return dict(read_table(tree.criteria, CriterionRecord)[["criterion", "outcome"]].to_numpy())


def test_process_change__lots_alike_pass_and_the_page_says_so(compared):
    ended, tree = compared(0.0)
    assert ended.code == 0, ended.err
    assert set(judged(tree).values()) == {"pass"}
    changes = read_table(tree.table("gene", "process_change"), ProcessChangeRecord)
    assert changes["equivalent"].tolist() == ["yes", "yes"]
    assert (changes["power"] > 0.9).all()
    inside = read_table(tree.table("gene", "quality_range"), QualityRangeRecord)["inside"]
    assert inside.tolist() == ["yes"] * len(LOTS) * len(MARGINS)
    page = tree.report.read_text(encoding="utf-8")
    assert "within the margins, in 2 of 2 declared attributes" in page
    assert tree.figure("gene", "process_change").with_suffix(".png").exists()


def test_process_change__a_gene_that_shifted_fails_both_tiers_and_is_named(compared):
    ended, tree = compared(2.0)
    assert ended.code == 1
    assert judged(tree) == {
        f"{GENE}-equivalent": "fail",
        "gene4-equivalent": "pass",
        "range": "fail",
        "overall": "fail",
    }
    page = tree.report.read_text(encoding="utf-8")
    assert f"Equivalence was not shown for {GENE}. This does not prove a difference." in page


def test_process_change__fewer_lots_than_planned_are_not_assessable(compared):
    ended, tree = compared(0.0, n_post=2)
    assert ended.code == 1
    outcomes = judged(tree)
    assert outcomes[f"{GENE}-equivalent"] == outcomes["gene4-equivalent"] == "not assessable"
    assert "2 post lots of 3 planned" in tree.report.read_text(encoding="utf-8")
