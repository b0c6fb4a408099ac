"""What all tests share: the real data, and foreign programs that may be absent."""

from __future__ import annotations

import csv
import html
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

# How long an example takes is for benchmarks, not for tests.
settings.register_profile("lotwise", deadline=None)
settings.load_profile("lotwise")

ROOT = Path(__file__).resolve().parents[1]
# Real data: beside the checkout, or where `make test-real` has put what it fetched.
SHARED = Path(os.environ.get("LOTWISE_REAL_DATA") or ROOT.parent / "shared" / "data")

# Tests that `make check` leaves out because they take long; `make long-tests` measures them.
LONG = frozenset((ROOT / "tests" / "long_tests.txt").read_text().split())


def pytest_collection_modifyitems(config, items):
    note_requirements(items)
    for item in items:
        if {item.nodeid.split("[")[0], item.nodeid.split("::")[0]} & LONG:
            item.add_marker(pytest.mark.long)
    if "network" not in (config.option.markexpr or ""):
        deselected = [item for item in items if item.get_closest_marker("network")]
        if deselected:
            config.hook.pytest_deselected(items=deselected)
            items[:] = [item for item in items if item not in deselected]


def pytest_terminal_summary(terminalreporter):
    """Count the faults that were injected; a test of many tells how many by a property."""
    counts = {
        outcome: sum(
            dict(report.user_properties).get("faults", 1)
            for report in terminalreporter.stats.get(outcome, [])
            if report.when == "call" and "fault" in report.keywords
        )
        for outcome in ("passed", "failed")
    }
    if sum(counts.values()):
        tried = sum(counts.values())
        terminalreporter.write_line(f"faults: {tried} tried, {counts['passed']} survived")


def skip(words: str) -> NoReturn:
    """Skip for want of something; fail instead where the run must have it all."""
    if os.environ.get("LOTWISE_REQUIRE_TOOLS") == "1":
        pytest.fail(f"{words}, and LOTWISE_REQUIRE_TOOLS=1 forbids to skip")
    pytest.skip(words)


def needs_program(*names: str) -> None:
    """Skip without one of ``names``; fail instead where the run must have them all."""
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        skip(f"needs {', '.join(missing)} on PATH")


@pytest.fixture(autouse=True)
def _signals():
    """The command line, called inside a test, ignores signals when it has ended."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    hook = sys.unraisablehook
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)
    sys.unraisablehook = hook


@pytest.fixture(scope="session")
def lack():
    """The function ``lack("needs ...")``: skip, or fail in CI."""
    return skip


@pytest.fixture(scope="session")
def require():
    """The function ``require("Rscript")``: skip, or fail in CI, without the program."""
    return needs_program


@pytest.fixture(scope="session")
def require_r():
    """The function ``require_r("lme4")``: skip, or fail in CI, without R and these packages."""

    def needs_packages(*names: str) -> None:
        needs_program("Rscript")
        for name in names:
            asked = f'quit(status = !requireNamespace("{name}", quietly = TRUE))'
            if subprocess.run(
                ["Rscript", "-e", asked], check=False, capture_output=True
            ).returncode:
                skip(f"needs the R package {name}")

    return needs_packages


@pytest.fixture(scope="session")
def tool():
    """The function ``tool("multiqc")``: a program of the environment that `make tools` makes."""

    def find(name: str) -> Path:
        found = ROOT / ".venv-tools" / "bin" / name
        if not found.exists():
            skip(f"needs {name} in .venv-tools, which `make tools` makes")
        return found

    return find


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the real data in {os.path.relpath(SHARED, ROOT)}")
    return SHARED


HOSTILE = (
    "SEPT2",
    "MARCH1",
    "2310009E13",
    "=1+1",
    '=HYPERLINK("https://example.org";"click")',
    "+A1",
    "-A1",
    "@SUM(A1)",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "quo'te\"s",
    "\u202egnp.exe",
    "{{ 7 * 7 }}",
    "n" * 10_000,
)


@pytest.fixture(scope="session")
def hostile() -> tuple[str, ...]:
    """Names that spreadsheets, browsers and templates would take for more than names."""
    return HOSTILE


@pytest.fixture(scope="session")
def recorded_run(tmp_path_factory) -> Path:
    """Results of three small batches without figures, and their record: copy before changing.

    Genes, batches and a column of titles have hostile names. ``input`` lies beside ``results``.
    """
    import csv

    import numpy as np

    from lotwise.config import Config, EvidenceConfig, ExpressionConfig
    from lotwise.record.build import record_run
    from lotwise.run.steps import write_correlation, write_evidence_tables, write_expression
    from lotwise.tree import ResultTree

    folder = tmp_path_factory.mktemp("recorded")
    rng = np.random.default_rng(6)
    n = 120
    genes = [HOSTILE[i // 2] if i // 2 < len(HOSTILE) else f"gene{i // 2}" for i in range(n)]
    (folder / "input").mkdir()
    with (folder / "input" / "tx2gene.tsv").open("w", encoding="utf-8", newline="") as table:
        rows = csv.writer(table, delimiter="\t", lineterminator="\n")
        rows.writerows(
            [("transcript", "gene"), *((f"tx{i}", gene) for i, gene in enumerate(genes))]
        )
    base = rng.lognormal(3, 1.5, n)
    samples = [("A_1", "=1+1"), ("A_2", "=1+1"), ("B_1", "<b>B</b>"), ("C_1", "C")]
    sheet = [("sample", "batch", "quant", "title")]
    for (name, batch), title in zip(samples, HOSTILE[3:], strict=False):
        tpm = base * rng.lognormal(0, 0.3, n)
        tpm *= 1e6 / tpm.sum()
        lines = ["Name\tLength\tEffectiveLength\tTPM\tNumReads"]
        lines += [f"tx{i}\t1000\t800\t{t!r}\t{3 * t!r}" for i, t in enumerate(tpm.tolist())]
        (folder / "input" / f"{name}.sf").write_text("\n".join(lines) + "\n")
        sheet.append((name, batch, f"{name}.sf", title))
    with (folder / "input" / "samples.tsv").open("w", encoding="utf-8", newline="") as table:
        csv.writer(table, delimiter="\t", lineterminator="\n").writerows(sheet)
    config = Config(
        results=folder / "results",
        samples=folder / "input" / "samples.tsv",
        expression=ExpressionConfig(tx2gene=folder / "input" / "tx2gene.tsv"),
        evidence=EvidenceConfig(
            statistics=("libraries", "identity", "batches", "intervals", "isoform_usage"),
            n_resamples=50,
        ),
    )
    tree = ResultTree(config.results)
    for level in write_expression(config.samples, tree, config.expression):
        write_correlation(tree, level, config.correlation)
        write_evidence_tables(tree, level, config.evidence, config.correlation)
    record_run(config, config.samples, tree.root)
    return folder


@pytest.fixture
def own_run(recorded_run, tmp_path) -> Path:
    """A copy of ``recorded_run`` that a test may change; its record names the copy."""
    import shutil

    copy = tmp_path / "run"
    shutil.copytree(recorded_run, copy)
    record = copy / "results" / "provenance.json"
    record.write_text(record.read_text("utf-8").replace(str(recorded_run), str(copy)), "utf-8")
    record_anew(copy / "results")
    return copy


def record_anew(root: Path) -> None:
    """Make the record that lies below ``root`` the first of its chain, whatever was before."""
    import shutil

    from lotwise.record.provenance import read_provenance
    from lotwise.record.revisions import write_revision

    shutil.rmtree(root / "revisions", ignore_errors=True)
    (root / "verdict_history.jsonl").unlink(missing_ok=True)
    told = read_provenance(root)
    (root / "provenance.json").unlink()
    write_revision(root, told)


@pytest.fixture
def anew():
    """The function ``anew(root)``: a record that a test has edited becomes the first one."""
    return record_anew


# --- which test covers which requirement (docs/requirements.md) ---


class Traceability:
    """Collect the outcome of every test that carries a requirement, and write it as a table."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        text = (ROOT / "docs" / "requirements.md").read_text("utf-8")
        rows = re.findall(r"^\| ([A-Z]+-\d{3}) \| (.+?) \| .+ \|$", text, re.MULTILINE)
        self.requirements = dict(rows)
        self.found: list[tuple[str, str, str]] = []

    def pytest_runtest_logreport(self, report):
        if report.when != "call" and report.outcome == "passed":
            return
        for name, requirement in report.user_properties:
            if name == "requirement":
                self.found.append((requirement, report.nodeid, report.outcome))

    def pytest_sessionfinish(self, session):
        covered = {one for one, _, outcome in self.found if outcome != "skipped"}
        faults = [f"{one} has no test" for one in self.requirements if one not in covered]
        faults += [
            f"{one} is no requirement ({test})"
            for one, test, _ in self.found
            if one not in self.requirements
        ]
        self._write()
        for fault in faults:
            sys.stderr.write(f"traceability: {fault}\n")
        if faults and session.exitstatus == 0:
            session.exitstatus = 1

    def _write(self) -> None:
        rows = sorted(
            (one, self.requirements.get(one, ""), test, outcome)
            for one, test, outcome in self.found
        )
        missing = self.requirements.keys() - {row[0] for row in rows}
        rows += [(one, self.requirements[one], "", "not covered") for one in sorted(missing)]
        head = ("requirement", "text", "test", "result")
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "traceability.csv").open("w", encoding="utf-8", newline="") as text:
            writer = csv.writer(text)
            writer.writerows([head, *rows])
        cells = "\n".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in rows
        )
        heads = "".join(f"<th>{name}</th>" for name in head)
        (self.folder / "traceability.html").write_text(
            "<!doctype html><html lang='en'><meta charset='utf-8'><title>Traceability</title>"
            "<style>body{font:10pt sans-serif}table{border-collapse:collapse}"
            "td,th{border:1px solid #aaa;padding:2px 6px;text-align:left}</style>"
            "<h1>Requirements and tests</h1>"
            f"<table><thead><tr>{heads}</tr></thead><tbody>{cells}</tbody></table></html>\n",
            "utf-8",
        )


def pytest_configure(config):
    folder = os.environ.get("LOTWISE_TRACEABILITY")
    # With xdist the outcomes come together in the process that has no worker's input.
    if folder and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Traceability(Path(folder)), "traceability")


def note_requirements(items) -> None:
    """Add to the report of each test the requirements that it covers."""
    for item in items:
        for mark in item.iter_markers("requirement"):
            item.user_properties.extend(("requirement", one) for one in mark.args)
