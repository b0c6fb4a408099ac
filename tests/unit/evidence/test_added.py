"""A statistic from outside is available everywhere, without a change in lotwise."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import anndata
import numpy as np
import openpyxl
import pandas as pd
import pytest

import lotwise
from lotwise.acceptance import Criterion
from lotwise.config import (
    CorrelationConfig,
    EvidenceConfig,
    figures_of,
    inputs_of,
    parse_config,
    tables_of,
    write_template,
)
from lotwise.errors import InputError
from lotwise.evidence import catalogue
from lotwise.files.tables import write_table
from lotwise.report.run_tables import read_findings
from lotwise.report.sections import sections_of
from lotwise.report.workbook import write_workbook
from lotwise.run.evidence import draw_evidence, gather_evidence
from lotwise.tree import ResultTree

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[3]
ALONE = EvidenceConfig(statistics=("batches",)).model_copy(update={"statistics": ("halves",)})


@pytest.fixture
def halves(monkeypatch):
    """The statistic, registered for one test."""
    monkeypatch.syspath_prepend(str(HERE))
    module = importlib.import_module("halves")
    monkeypatch.setattr(catalogue, "_REGISTERED", dict(catalogue._REGISTERED))
    catalogue.register(module.STATISTIC)
    return module


@pytest.fixture
def expression():
    names = ["S1", "S2", "S3"]
    tpm = np.array([[1.0, 3.0], [3.0, 5.0], [10.0, 20.0]])
    return anndata.AnnData(
        X=np.log2(tpm + 1),
        obs=pd.DataFrame({"batch": pd.Categorical(["A", "B", "C"])}, index=names),
        var=pd.DataFrame(index=["g1", "g2"]),
        layers={"tpm": tpm},
        uns={"lotwise": {"level": "gene"}},
    )


def test_added__configuration_offers_it(halves):
    assert EvidenceConfig().statistics[-1] == "halves"
    config = parse_config({"evidence": {"statistics": ["halves"]}}).evidence
    assert tables_of(config, "gene") == figures_of(config, "isoform") == ("halves",)
    assert "halves]" in write_template(parse_config({}))


def test_added__unknown_before_it_is_registered():
    with pytest.raises(InputError, match=r"evidence.statistics.0' is 'halves'; input should be '"):
        parse_config({"evidence": {"statistics": ["halves"]}})


def test_added__is_computed_drawn_and_given(halves, expression):
    made = gather_evidence(expression, ALONE, CorrelationConfig(threshold=3.0))
    assert made["halves"]["half"].tolist() == [2.0, 4.0, 15.0]
    assert lotwise.get.evidence(expression, "halves")["size"].tolist() == [
        "small",
        "large",
        "large",
    ]
    drawn = dict(draw_evidence(expression, made, ALONE, CorrelationConfig()))
    assert [bar.get_height() for bar in drawn["halves"].axes[0].patches] == [2.0, 4.0, 15.0]


def test_added__get_names_its_tool(halves, expression):
    with pytest.raises(InputError, match=r"has no table 'halves'; call halves.halves first"):
        lotwise.get.evidence(expression, "halves")


def test_added__criteria_can_judge_it(halves):
    known = {"id": "one", "level": "gene", "table": "halves", "rationale": "an example"}
    assert Criterion(**known, statistic="half", at_least=1).source.record is halves.HalfRecord
    Criterion(**known, statistic="size", **{"is": "large"})
    with pytest.raises(ValueError, match=r"is: unknown answer 'huge'"):
        Criterion(**known, statistic="size", **{"is": "huge"})


def test_added__report_and_workbook_show_it(halves, expression, tmp_path):
    tables = gather_evidence(expression, ALONE, CorrelationConfig(threshold=3.0))
    lotwise.tl.correlate(expression)
    tree = ResultTree(tmp_path)
    write_table(tree.table("gene", "pairs"), lotwise.get.pairs(expression))
    write_table(tree.table("gene", "halves"), tables["halves"])
    section = next(
        one for one in sections_of(read_findings(tmp_path), decimals=4) if one.name == "halves"
    )
    picture, table = section.levels["gene"]
    assert (section.title, picture.caption) == ("Halves", "Half of each sample.")
    assert [heading for heading, _ in table.headings] == ["sample", "half of TPM", "size"]
    assert [row[0].text for row in table.rows] == ["S1", "S2", "S3"]
    book = openpyxl.load_workbook(write_workbook(tmp_path))
    assert [cell.value for cell in book["gene.halves"][4]] == ["S3", 15, "large", None]


def test_added__record_lists_what_it_reads(halves):
    config = ALONE.model_copy(update={"blocks": Path("halves.txt")})
    assert [(path.name, given.role) for path, given in inputs_of(config)] == [
        ("halves.txt", "file of halves")
    ]
    assert "file of halves" in catalogue.input_roles()


def test_added__documentation_lists_it(halves):
    found = importlib.util.spec_from_file_location("declared", ROOT / "docs/_ext/declared.py")
    declared = importlib.util.module_from_spec(found)
    found.loader.exec_module(declared)
    page = "\n".join(declared.lines_of_statistics("evidence"))
    assert "| [`halves`](../methods/halves.md) | half of the TPM of each sample |" in page
    assert "| `half` | float | half of the sum of TPM |" in page


IN_A_PROCESS_OF_ITS_OWN = """
import sys
import halves
from lotwise.evidence.catalogue import register
register(halves.STATISTIC)
from lotwise.cli.evidence import command as evidence
from lotwise.record.provenance import ANALYSED
assert "file of halves" in ANALYSED
option = next(one for one in evidence.params if one.name == "statistics")
assert "halves" in option.type.choices
from snakemake.cli import main
main(["--snakefile", sys.argv[1], "--directory", sys.argv[2], "--cores", "1", "--dry-run"])
"""


def test_added__command_line_and_workflow_have_it(tmp_path):
    sheet = "sample\tbatch\tquant\n" + "".join(f"S{i}\tB{i}\tS{i}.sf\n" for i in range(3))
    (tmp_path / "samples.tsv").write_text(sheet)
    for i in range(3):
        (tmp_path / f"S{i}.sf").touch()
    (tmp_path / "config.yaml").write_text(
        "samples: samples.tsv\nlevels: [isoform]\nevidence: {statistics: [halves]}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN, str(ROOT / "Snakefile"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for path in ("evidence/isoform.halves.tsv", "figures/isoform_halves.png"):
        assert f"results/{path}" in done.stdout + done.stderr
