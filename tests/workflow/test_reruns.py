"""What reruns after a change: one dry run per change, and the table of docs/reruns.md.

With LOTWISE_WRITE_RERUNS=1 the table is written; else it must be what was found.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from snakemake_run import ROOT, jobs_of, run, snakemake

PAGE = ROOT / "docs" / "reruns.md"
ROW = re.compile(r"^\| (?P<change>.+?) \| (?P<reruns>.+?) \|$", re.MULTILINE)
SAMPLES = ("check", "quantify", "quantify_halves")
# After expression everything follows, save what the change does not touch.
DOWNSTREAM = (
    "expression", "correlation", "figures", "evidence", "evidence_figures", "register_criteria",
    "verify", "verdict", "workbook", "record", "write_report",
)  # fmt: skip


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """A finished run from reads, by a quantifier whose version can be changed."""
    folder = tmp_path_factory.mktemp("reruns")
    run(
        "lotwise", "simulate", "input", "--as", "reads", "--genes", "20", "--fragments", "2000",
        "--batches", "4", cwd=folder,
    )  # fmt: skip
    sheet = folder / "input" / "samples.tsv"
    (folder / "whole.tsv").write_text(sheet.read_text())
    sheet.write_text("".join(sheet.read_text().splitlines(keepends=True)[:4]))
    from lotwise.quantify.kallisto import Kallisto

    write_program(folder, Kallisto().find(), "0.51.1")
    shutil.copy(ROOT / "config" / "acceptance" / "example.yaml", folder / "criteria.yaml")
    panel = yaml.safe_load((ROOT / "config" / "panels" / "sex.yaml").read_text())
    (folder / "own_panel.yaml").write_text(yaml.safe_dump(panel | {"name": "own"}))
    expected = {"level": "gene", "batch_a": "lot1", "batch_b": "lot2", "source": "Fig. 1"}
    config = {
        "source": "reads",
        "samples": "input/samples.tsv",
        "results": "out",
        "acquire": {"expected": [expected | {"r": 0.98, "decimals": 2}]},
        "reads": {
            "transcripts": "input/reference/transcripts.fa", "threads": 1, "program": "./program",
        },
        "evidence": {
            "statistics": ["libraries", "identity", "intervals"],
            "n_resamples": 50,
            "panels": ["own_panel.yaml"],
        },
        "figures": {"formats": ["png"]},
        "acceptance": "criteria.yaml",
    }  # fmt: skip
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    snakemake(cwd=folder)
    return folder


def write_program(folder: Path, kallisto: Path, version: str) -> None:
    """Write a program that is kallisto and says that it is of some version."""
    program = folder / "program"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = version ] && echo "kallisto, version {version}" && exit 0\n'
        f'exec "{kallisto}" "$@"\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def configured(section: str, **changes: object) -> Callable[[Path], None]:
    """Change keys of the configuration."""

    def change(folder: Path) -> None:
        document = yaml.safe_load((folder / "config.yaml").read_text())
        target = document
        for part in filter(None, section.split(".")):
            target = target.setdefault(part, {})
        target.update(changes)
        (folder / "config.yaml").write_text(yaml.safe_dump(document))

    return change


def removed(*names: str) -> Callable[[Path], None]:
    """Remove files or folders of the results."""

    def change(folder: Path) -> None:
        for name in names:
            for path in (folder / "out").glob(name):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    return change


def edited(name: str, edit: Callable[[str], str]) -> Callable[[Path], None]:
    """Change the text of a file."""

    def change(folder: Path) -> None:
        path = folder / name
        path.write_text(edit(path.read_text()))

    return change


def repacked(folder: Path) -> None:
    reads = folder / "input" / "fastq" / "lot1_rep1_R1.fastq.gz"
    reads.write_bytes(gzip.compress(gzip.decompress(reads.read_bytes()), 1))


def touched(folder: Path) -> None:
    os.utime(folder / "input" / "fastq" / "lot1_rep1_R1.fastq.gz")


def newer_program(folder: Path) -> None:
    path = folder / "program"
    path.write_text(path.read_text().replace("0.51.1", "0.52.0"))


def with_a_sample_more(folder: Path) -> None:
    (folder / "input" / "samples.tsv").write_text((folder / "whole.tsv").read_text())


def other_release(folder: Path) -> None:
    """A lotwise of another version: its rules with another VERSION, run by ``snakemake``."""
    for name in ("workflow", "profiles"):
        shutil.copytree(ROOT / name, folder / "release" / name)
    shutil.copy(ROOT / "Snakefile", folder / "release")
    common = folder / "release" / "workflow" / "rules" / "common.smk"
    text = common.read_text()
    assert 'VERSION = version("lotwise")' in text
    common.write_text(text.replace('VERSION = version("lotwise")', 'VERSION = "9.9.9"'))


TITLE = "title: another\n"
CHANGES: dict[str, Callable[[Path], None]] = {
    "nothing": lambda _: None,
    "another release of lotwise": other_release,
    "another version of the quantifier": newer_program,
    "reads of one sample, other content": repacked,
    "reads of one sample, other modification time": touched,
    "one more sample in the sheet": with_a_sample_more,
    "the batch of one sample": edited(
        "input/samples.tsv", lambda text: text.replace("\tlot1\t", "\trenamed\t", 1)
    ),
    "`reads.exclude`: one sample": configured("reads", exclude=["lot3_rep1"]),
    "`reads.extra`": configured("reads", extra="--bias"),
    "`reads.k`": configured("reads", k=21),
    "`reads.bootstraps`": configured("reads", bootstraps=2),
    "`reads.halves`: false": configured("reads", halves=False),
    "`reads.threads`": configured("reads", threads=2),
    "`reads.limits`": configured("reads.limits", noted_depth_ratio=0.3),
    "the FASTA of transcripts": edited(
        "input/reference/transcripts.fa", lambda text: f"{text}>ERCC\n{'ACGT' * 100}\n"
    ),
    "`expression.min_shared`": configured("expression", min_shared=0.8),
    "`expression.tx2gene`": configured("expression", tx2gene="input/reference/tx2gene.tsv"),
    "`correlation.pseudocount`": configured("correlation", pseudocount=0.5),
    "`correlation.n_contributions`": configured("correlation", n_contributions=10),
    "`evidence.seed`": configured("evidence", seed=1),
    "`evidence.statistics`: one less": configured("evidence", statistics=["libraries"]),
    "a panel of your own, other content": edited("own_panel.yaml", lambda text: f"{text}\n# x\n"),
    "`figures.note`": configured("figures", note="draft"),
    "`figures.decimals`": configured("figures", decimals=3),
    "`figures.style`": configured("figures", style="density"),
    "`figures.formats`": configured("figures", formats=["png", "svg"]),
    "`levels`: only gene": configured("", levels=["gene"]),
    "acceptance criteria, other content": edited(
        "criteria.yaml", lambda text: re.sub(r"^title:.*\n", TITLE, text, flags=re.MULTILINE)
    ),
    "`acceptance`: none": configured("", acceptance=None),
    "`report`: false": configured("", report=False),
    "`acquire.expected`": configured("acquire", expected=[]),
    "`acquire.network`": configured("acquire.network", workers=2),
    "`expression/gene.h5ad` is removed": removed("expression/gene.h5ad"),
    "`yield.tsv` is removed": removed("yield.tsv"),
    "`intake.tsv` is removed": removed("intake.tsv"),
    "`strandedness.tsv` is removed": removed("strandedness.tsv"),
    "a table of correlations is removed": removed("correlation/gene.pairs.tsv"),
    "a figure is removed": removed("figures/extended_data_fig1_gene.png"),
    "`provenance.json` is removed": removed("provenance.json"),
    "`report.html` is removed": removed("report.html"),
    "the folder of one quantification is removed": removed("quant/kallisto/lot1_rep1"),
    "the halves of one sample are removed": removed("quant/kallisto/lot1_rep1.halves.parquet"),
    "logs and benchmarks are removed": removed("logs", "benchmarks"),
}  # fmt: skip


def in_words(jobs: dict[str, int]) -> str:
    """Return the rules that rerun, with the number of samples for rules of one sample."""
    jobs = {rule: n for rule, n in jobs.items() if rule not in {"total", "all"}}
    if not jobs:
        return "nothing"
    counted = [f"{rule} of {n} samples" if n > 1 else f"{rule} of 1 sample"
               for rule, n in jobs.items() if rule in SAMPLES]  # fmt: skip
    rest = sorted({re.sub(r"_(gene|isoform)$", "", rule) for rule in jobs if rule not in SAMPLES})
    after = [rule for rule in DOWNSTREAM if rule in rest]
    before = [rule for rule in rest if rule not in DOWNSTREAM]
    return ", ".join((*sorted(counted), *before, *after)).replace("write_report", "report")


def write_page(found: dict[str, str]) -> None:
    rows = "".join(f"| {change} | {words} |\n" for change, words in found.items())
    head, _, _ = PAGE.read_text(encoding="utf-8").partition("| change | what reruns |")
    PAGE.write_text(f"{head}| change | what reruns |\n|---|---|\n{rows}", encoding="utf-8")


def test_reruns__as_the_page_says(run_folder, tmp_path):
    found = {}
    for change, apply in CHANGES.items():
        folder = tmp_path / "run"
        # As it was, times and Snakemake's own notes included.
        shutil.copytree(run_folder, folder, symlinks=True)
        apply(folder)
        if (folder / "release").exists():
            done = run(
                "snakemake", "--snakefile", "release/Snakefile", "--cores", "2", "--dry-run",
                cwd=folder,
            )  # fmt: skip
        else:
            done = snakemake("--dry-run", cwd=folder)
        idle = "Nothing to be done" in done.stdout + done.stderr
        found[change] = "nothing" if idle else in_words(jobs_of(done))
        shutil.rmtree(folder)
        if os.environ.get("LOTWISE_WRITE_RERUNS") == "1":
            write_page(found)
    assert len(found) >= 30
    told = {m["change"]: m["reruns"] for m in ROW.finditer(PAGE.read_text(encoding="utf-8"))}
    assert {change: told.get(change) for change in found} == found
    drawing = {"`figures.note`", "`figures.formats`", "`figures.decimals`", "`figures.style`"}
    assert not [change for change in drawing if re.search(r"\bevidence,", found[change])]
    reading = {change for change, words in found.items() if "check of" in words}
    assert reading == {"reads of one sample, other content", "one more sample in the sheet"}
    quantifying = {change for change, words in found.items() if "quantify of" in words}
    assert not quantifying & {"`levels`: only gene", "`reads.halves`: false", "`reads.limits`"}
