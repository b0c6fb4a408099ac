"""A finished run is falsified as an auditor would try; each way is noticed by what the docs say.

docs/falsification.md lists every manipulation with the commands that notice it. The page is the
expectation: a row that is missing, or that says something else than what happens, fails.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from lotwise.acceptance import CriteriaFile, parse_criteria, register_criteria, write_verdict
from lotwise.config import CorrelationConfig, EvidenceConfig, ExpressionConfig, FiguresConfig
from lotwise.errors import InputError
from lotwise.record.build import configuration_of, record_run, refresh_outputs
from lotwise.record.crate import write_crate
from lotwise.record.provenance import read_provenance
from lotwise.record.seal import check_seal, write_seal
from lotwise.report.page import write_report
from lotwise.report.run_tables import read_findings
from lotwise.run.replay import replay
from lotwise.run.steps import compare
from lotwise.tree import HISTORY, ResultTree

pytestmark = pytest.mark.requirement("REC-002", "REC-003")

DOCUMENTED = Path(__file__).parents[2] / "docs" / "falsification.md"
COMMANDS = ("report", "replay", "verdict", "crate", "check-seal")
CRITERIA = """
title: release
source: protocol 7.2
criteria:
  - id: gene-r
    rationale: from earlier lots
    statement: R of every pair is high
    level: gene
    table: pairs
    rows: {relation: between, feature_set: all}
    statistic: pearson
    at_least: %s
"""


def criteria(bound: float) -> CriteriaFile:
    text = CRITERIA % bound
    return CriteriaFile(name="c.yaml", criteria=parse_criteria(text, source="c"), text=text)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A run that fails its criteria, with page, crate and seal; inputs beside the results."""
    folder = tmp_path_factory.mktemp("falsified")
    rng = np.random.default_rng(3)
    (folder / "in").mkdir()
    base = rng.lognormal(3, 2, 200) * (rng.random(200) > 0.3)
    rows = ["sample\tbatch\tquant"]
    for batch in "ABC":
        for replicate in (1, 2):
            tpm = base * rng.lognormal(0, 0.2, 200)
            tpm *= 1e6 / tpm.sum()
            lines = [f"t{i}\t1000\t800\t{x!r}\t{x * 2!r}" for i, x in enumerate(tpm.tolist())]
            (folder / "in" / f"{batch}{replicate}.sf").write_text(
                "\n".join(["Name\tLength\tEffectiveLength\tTPM\tNumReads", *lines]) + "\n"
            )
            rows.append(f"{batch}{replicate}\t{batch}\t{batch}{replicate}.sf")
    (folder / "in" / "samples.tsv").write_text("\n".join(rows) + "\n")
    genes = [f"t{i}\tg{i // 2}" for i in range(200)]
    (folder / "in" / "tx2gene.tsv").write_text("\n".join(["transcript\tgene", *genes]) + "\n")
    strict = folder / "in" / "c.yaml"
    strict.write_text(CRITERIA % 0.99999)
    root = folder / "results"
    verdict = compare(
        folder / "in" / "samples.tsv",
        ResultTree(root),
        levels=("gene",),
        expression=ExpressionConfig(tx2gene=folder / "in" / "tx2gene.tsv"),
        correlation=CorrelationConfig(),
        figures=FiguresConfig(formats=("png",)),
        evidence=EvidenceConfig(statistics=("libraries",)),
        acceptance=strict,
    )
    assert verdict is not None
    assert verdict.outcome == "fail"
    write_crate(root)
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    kind, public, *_ = key.with_suffix(".pub").read_text().split()
    (folder / "signers").write_text(f"jane {kind} {public}\n")
    write_seal(root, key=key, name="Jane Doe", identity="jane", meaning="approved")
    return folder


def edit(path: Path, change: Callable[[dict], object]) -> None:
    told = json.loads(path.read_text("utf-8"))
    change(told)
    path.write_text(json.dumps(told, indent=2), "utf-8")


def criterion(root: Path, **changed: object) -> None:
    edit(root / "verdict.json", lambda told: told["criteria"][0].update(changed))


def replace_text(path: Path, was: str, now: str) -> None:
    text = path.read_text("utf-8")
    assert was in text
    path.write_text(text.replace(was, now), "utf-8")


def set_r(path: Path, value: str) -> None:
    lines = path.read_text().splitlines(keepends=True)
    place = lines[0].split("\t").index("pearson")
    cells = lines[1].split("\t")
    cells[place] = value
    path.write_text("".join([lines[0], "\t".join(cells), *lines[2:]]))


def claim_a_pass(root: Path) -> None:
    """Write the verdict that someone wants, consistent in itself."""
    edit(root / "verdict.json", lambda told: told.update(outcome="pass", notices=[]))
    criterion(root, outcome="pass", value=0.99999)


def swap_criteria(root: Path) -> None:
    write_verdict(root, criteria(0.5))
    edit(root / "verdict.json", lambda told: told.update(notices=[]))


def move_results_away(root: Path) -> None:
    """Register lax criteria in an empty folder, bring the results back, and let lotwise go on."""
    config = configuration_of(read_provenance(root), root).model_copy(update={"results": root})
    for name in (
        "provenance.json",
        "verdict.json",
        "verdict.tsv",
        "verdict_criteria.yaml",
        HISTORY,
        "report.html",
        "ro-crate-metadata.json",
    ):
        (root / name).unlink()
    shutil.rmtree(root / "revisions")
    away = root.with_name("away")
    root.rename(away)
    register_criteria(root, criteria(0.5), now=datetime(2999, 1, 1, tzinfo=UTC))
    shutil.copytree(away, root, dirs_exist_ok=True)
    write_verdict(root, criteria(0.5))
    record_run(config, config.samples, root)


def replace_a_figure(root: Path) -> None:
    one, other = sorted((root / "figures").glob("*.png"))[:2]
    shutil.copy(other, one)


def replace_a_figure_and_record(root: Path) -> None:
    replace_a_figure(root)
    with pytest.raises(InputError, match=r"changed, but not by a step of lotwise.*--amend REASON"):
        refresh_outputs(root)


def edit_a_table_and_record_a_new_run(root: Path) -> None:
    set_r(root / "correlation" / "gene.pairs.tsv", "0.999999")
    config = configuration_of(read_provenance(root), root)
    with pytest.raises(InputError, match="changed, but not by a step of lotwise"):
        record_run(config.model_copy(update={"results": root}), config.samples, root)


def overwrite_a_row(root: Path) -> None:
    import anndata

    path = root / "expression" / "gene.h5ad"
    stored = anndata.read_h5ad(path)
    stored.layers["tpm"][0] = stored.layers["tpm"][1]
    stored.write_h5ad(path)


def overwrite_a_row_and_amend(root: Path) -> None:
    overwrite_a_row(root)
    refresh_outputs(root, amend="file was damaged")


def other_record(root: Path) -> None:
    edit(
        root / "provenance.json",
        lambda told: told.update(started="2020-01-01", seeds={"evidence": 7}),
    )


def forge_history(root: Path) -> None:
    """Write the history anew from its first line, with another time and right checksums."""
    import hashlib

    lines, previous = [], ""
    for line in (root / HISTORY).read_text().splitlines():
        told = json.loads(line) | {"previous": previous}
        if told["event"] == "registered":
            told["time"] = "2020-01-01T00:00:00Z"
        lines.append(json.dumps(told, sort_keys=True))
        previous = hashlib.sha256(lines[-1].encode()).hexdigest()
    (root / HISTORY).write_text("\n".join(lines) + "\n")


def edit_gzip(root: Path) -> None:
    path = root / "expression" / "gene.tpm.tsv.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    path.write_bytes(gzip.compress(text.replace("1", "2", 5).encode()))


def history_lines(root: Path, keep: slice) -> None:
    lines = (root / HISTORY).read_text().splitlines(keepends=True)
    (root / HISTORY).write_text("".join(lines[keep]))


MANIPULATIONS: dict[str, Callable[[Path], object]] = {
    "outcome in verdict.json, with its value": claim_a_pass,
    "criteria swapped, notices emptied": swap_criteria,
    "bound in verdict.json": lambda root: criterion(root, bound=">= 0.5"),
    "statement in verdict.json": lambda root: criterion(root, statement="R of every pair is known"),
    "rationale in verdict.json": lambda root: criterion(root, rationale="agreed with the agency"),
    "value in verdict.json": lambda root: criterion(root, value=0.9999999),
    "required in verdict.json": lambda root: criterion(root, required="at least 0.5"),
    "source in verdict.json": lambda root: edit(
        root / "verdict.json", lambda told: told.update(source="approved by the agency")
    ),
    "verdict.tsv": lambda root: replace_text(root / "verdict.tsv", "fail", "pass"),
    "verdict.json and verdict.tsv deleted, criteria kept": lambda root: [
        (root / name).unlink() for name in ("verdict.json", "verdict.tsv")
    ],
    "results moved away, lax criteria registered, results moved back": move_results_away,
    "bound in verdict_criteria.yaml": lambda root: replace_text(
        root / "verdict_criteria.yaml", "0.99999", "0.5"
    ),
    "comment in verdict_criteria.yaml": lambda root: replace_text(
        root / "verdict_criteria.yaml", "title: release", "title: release  # approved"
    ),
    "figure replaced": replace_a_figure,
    "figure replaced, then `lotwise record --out`": replace_a_figure_and_record,
    "figure deleted": lambda root: next((root / "figures").glob("*.png")).unlink(),
    "row of gene.h5ad overwritten": overwrite_a_row,
    "row of gene.h5ad overwritten, recorded with --amend": overwrite_a_row_and_amend,
    "number in gene.tpm.tsv.gz": edit_gzip,
    "R in gene.pairs.tsv": lambda root: set_r(root / "correlation" / "gene.pairs.tsv", "0.999999"),
    "R in gene.pairs.tsv, then `lotwise record SAMPLES`": edit_a_table_and_record_a_new_run,
    "R in gene.batch_pairs.tsv": lambda root: set_r(
        root / "correlation" / "gene.batch_pairs.tsv", "0.999999"
    ),
    "table deleted": lambda root: (root / "evidence" / "gene.libraries.tsv").unlink(),
    "table added": lambda root: shutil.copy(
        root / "evidence" / "gene.libraries.tsv", root / "evidence" / "gene.batches.tsv"
    ),
    "batch in samples.tsv": lambda root: replace_text(root / "samples.tsv", "A1\tA", "A1\tB"),
    "workbook replaced": lambda root: (root / "tables.xlsx").write_bytes(b"PK"),
    ">Fail< to >Pass< in report.html": lambda root: replace_text(
        root / "report.html", ">Fail<", ">Pass<"
    ),
    "page of another run": lambda root: (root / "report.html").write_text("<h1>Pass</h1>"),
    "manifest in report.html": lambda root: replace_text(
        root / "report.html", "gene.pairs.tsv", "gene.peers.tsv"
    ),
    "record of another run": other_record,
    "checksum of an input in provenance.json": lambda root: edit(
        root / "provenance.json", lambda told: told["inputs"][0].update(note="checked twice")
    ),
    "configuration in provenance.json": lambda root: edit(
        root / "provenance.json",
        lambda told: told["configuration"]["correlation"].update(pseudocount=2.0),
    ),
    "revision of the record edited": lambda root: replace_text(
        root / "revisions" / "1.json", '"lotwise"', '"lotwise "'
    ),
    "revisions deleted": lambda root: shutil.rmtree(root / "revisions"),
    "line of the history edited": lambda root: replace_text(
        root / HISTORY, '"outcome": "fail"', '"outcome": "pass"'
    ),
    "last lines of the history removed": lambda root: history_lines(root, slice(1)),
    "first line of the history removed": lambda root: history_lines(root, slice(1, None)),
    "history deleted": lambda root: (root / HISTORY).unlink(),
    "history written anew with right checksums": forge_history,
    "ro-crate-metadata.json": lambda root: replace_text(
        root / "ro-crate-metadata.json", "gene.pairs.tsv", "gene.peers.tsv"
    ),
    "quantification that was read": lambda root: replace_text(
        root.parent / "in" / "A1.sf", "t5\t", "t500\t"
    ),
}


def noticed_by(root: Path, signers: Path) -> tuple[str, ...]:
    """Return the names of the commands that detect the change."""
    found = []
    try:
        checked = check_seal(root, signers=signers)
    except InputError:
        found.append("check-seal")
    else:
        found += [] if checked.holds else ["check-seal"]
    for name, notices in (("replay", _replay), ("crate", _crate), ("report", _report),
                          ("verdict", _verdict)):  # fmt: skip
        copy = root.with_name(f"{root.name}-{name}")
        shutil.copytree(root, copy)
        try:
            found += [name] if notices(copy) else []
        except InputError:
            found.append(name)
        shutil.rmtree(copy)
    return tuple(name for name in COMMANDS if name in found)


def _replay(root: Path) -> bool:
    done = replay(root)
    return bool(done.all_differences or [one for one in done.notes if "amended" in one])


def _crate(root: Path) -> bool:
    write_crate(root)
    return False


def _report(root: Path) -> bool:
    findings = read_findings(root)
    write_report(root)
    page = (root / "report.html").read_text("utf-8")
    told = bool(findings.faults or findings.amendments or findings.verdict.get("notices"))
    # What is noticed stands on the page, in front.
    assert told == bool(re.search(r'<aside class="fault"|<p class="notice">', page))
    return told


def _verdict(root: Path) -> bool:
    from lotwise.acceptance import check_verdict, recorded_criteria

    before = check_verdict(root)
    faults = () if before is None else before.faults
    return bool(faults or write_verdict(root, recorded_criteria(root)).notices)


@pytest.fixture
def run(finished, tmp_path) -> Path:
    """A copy of the finished run that a test may falsify."""
    shutil.copytree(finished / "results", tmp_path / "run" / "results")
    shutil.copytree(finished / "in", tmp_path / "run" / "in")
    return tmp_path / "run"


def documented() -> dict[str, tuple[str, ...]]:
    rows = re.findall(r"^\| ([^|]+?) \| ([^|]*?) \|$", DOCUMENTED.read_text("utf-8"), re.MULTILINE)
    return {name: tuple(word for word in COMMANDS if f"`{word}`" in cell) for name, cell in rows}


def test_falsification__an_untouched_run_is_noticed_by_nothing(finished, run):
    assert noticed_by(run / "results", finished / "signers") == ()


@pytest.mark.parametrize("name", MANIPULATIONS)
def test_falsification__every_manipulation_is_noticed(finished, run, name, monkeypatch):
    root = run / "results"
    if name == "quantification that was read":
        # The record names the inputs of the finished run.
        original = finished / "in" / "A1.sf"
        text = original.read_text()
        original.write_text(text.replace("t5\t", "t500\t"))
        try:
            found = noticed_by(root, finished / "signers")
        finally:
            original.write_text(text)
    else:
        MANIPULATIONS[name](root)
        found = noticed_by(root, finished / "signers")
    assert found
    assert documented().get(name) == found


def test_falsification__the_documentation_lists_no_other(finished):
    assert documented().keys() - {"manipulation", "---"} == MANIPULATIONS.keys()
