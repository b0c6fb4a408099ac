"""What profiles/slurm makes of the workflow: entries in the queue, needs, and where steps run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROFILE = ROOT / "profiles" / "slurm"
BIN = Path(sys.executable).parent
N_SAMPLES = 500
SAMPLES_A_JOB = {"check": 10, "count_bases": 10, "quantify": 5}


def dry_run(folder, *arguments):
    done = subprocess.run(
        [
            *(BIN / "snakemake", "--snakefile", ROOT / "Snakefile", "--dry-run"),
            *("--profile", PROFILE, *map(str, arguments)),
        ],
        cwd=folder,
        env=os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def needs_of(said, rule):
    """Return the resources of the first job of a rule."""
    block = said.split(f"rule {rule}:")[1]
    fields = re.search(r"resources: (.*)", block).group(1).split(", ")
    return dict(field.split("=") for field in fields)


def write_study(folder, n_samples, **reads):
    fastq = folder / "input" / "fastq"
    fastq.mkdir(parents=True)
    rows = ["sample\tbatch\tfastq_1"]
    for number in range(n_samples):
        (fastq / f"s{number}.fastq.gz").touch()
        rows.append(f"s{number}\tlot{number % 3}\tfastq/s{number}.fastq.gz")
    (folder / "input" / "samples.tsv").write_text("\n".join(rows) + "\n")
    (folder / "transcripts.fa").write_text(">a|b\nACGT\n")
    config = {
        "source": "reads",
        "samples": "input/samples.tsv",
        "results": "out",
        "reads": {"transcripts": "transcripts.fa", **reads},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """A study of three samples."""
    return write_study(tmp_path_factory.mktemp("three"), 3)


@pytest.fixture(scope="module")
def said_of_three(three):
    return dry_run(three)


def test_profile__five_hundred_samples_are_two_hundred_jobs(tmp_path, said_of_three):
    said = dry_run(write_study(tmp_path, N_SAMPLES))
    for rule, n_together in SAMPLES_A_JOB.items():
        n_groups = len(re.findall(rf"Group job {rule} \(", said))
        n_jobs = len(re.findall(rf"^ +rule {rule}:", said, re.MULTILINE))
        assert (n_jobs, n_groups) == (N_SAMPLES, N_SAMPLES // n_together)
    # Halves of a sample's reads follow in the job that quantified it.
    assert len(re.findall(r"^ +rule quantify_halves:", said, re.MULTILINE)) == N_SAMPLES
    # Every other step is one job for all samples.
    alone = r"^rule \w+:"
    assert len(re.findall(alone, said, re.MULTILINE)) == len(
        re.findall(alone, said_of_three, re.MULTILINE)
    )


def test_profile__one_sample_of_a_group_after_another(said_of_three):
    for rule in SAMPLES_A_JOB:
        assert needs_of(said_of_three, rule)["one_at_a_time"] == "1"
    said = yaml.safe_load((PROFILE / "config.yaml").read_text())
    assert said["resources"] == ["one_at_a_time=1"]
    assert said["set-resource-scopes"] == ["one_at_a_time=local"]


RULES = (
    "check", "intake", "index", "quantify", "judge", "expression", "correlation", "figures_gene",
    "evidence_gene", "record", "write_report",
)  # fmt: skip


def test_profile__every_further_attempt_asks_for_more(three, said_of_three):
    third = dry_run(three, "--attempt", "3")
    for rule in RULES:
        before, after = needs_of(said_of_three, rule), needs_of(third, rule)
        for need in ("mem_mb", "runtime"):
            assert int(after[need]) == 3 * int(before[need]), (rule, need)


def test_profile__a_quantifier_asks_for_its_own_needs(tmp_path, said_of_three):
    def asked(said):
        needs = needs_of(said, "quantify")
        return int(needs["mem_mb"]), int(needs["runtime"])

    for name in ("genome.fa", "genes.gtf"):
        (tmp_path / name).touch()
    needed = {"aligner": "star", "genome": "genome.fa", "gtf": "genes.gtf"}
    star = write_study(tmp_path, 2, quantifier="rsem", **needed)
    assert asked(said_of_three) == (8000, 60)
    assert asked(dry_run(star)) == (40000, 240)


# What Snakemake itself takes for local, by the names that rules have in the workflow.
LOCAL_RULES = """
import sys
from pathlib import Path
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ResourceSettings
with SnakemakeApi() as api:
    workflow = api.workflow(ResourceSettings(cores=1), snakefile=Path(sys.argv[1]))
    print(" ".join(sorted(workflow._workflow._localrules)), file=sys.stderr)
"""
FOREIGN = """
configfile: "config.yaml"
module batches:
    snakefile: "{snakefile}"
    config: config
use rule * from batches as batches_*
"""


def test_profile__downloads_stay_on_the_head_node(tmp_path):
    """Also in a workflow that uses this one as a module, where rules have other names."""
    (tmp_path / "config.yaml").write_text((ROOT / "config.yaml").read_text())
    foreign = tmp_path / "Snakefile"
    foreign.write_text(FOREIGN.format(snakefile=ROOT / "workflow" / "Snakefile"))
    for snakefile, prefix in ((ROOT / "Snakefile", ""), (foreign, "batches_")):
        done = subprocess.run(
            [sys.executable, "-c", LOCAL_RULES, snakefile],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        local = done.stderr.splitlines()[-1].split()
        names = ("fetch_reference", "fetch_samples")
        assert local == [f"{prefix}{name}" for name in names]
