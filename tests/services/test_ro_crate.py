"""The crate, judged by the real RO-Crate validator, without network."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from lotwise.record.build import configuration_of, record_run
from lotwise.record.calls import Call, lotwise_call, workflow_call
from lotwise.record.crate import write_crate
from lotwise.record.provenance import read_provenance
from lotwise.record.revisions import write_revision

# What a run cannot say of itself: who it was made by, where on the web a program is, and what only
# those who publish a workflow can (a README, and what Bioschemas asks).
NOT_SAID = {
    "agent", "author", "publisher", "url", "SoftwareApplication id", "README.md", "Bioschemas",
}  # fmt: skip


WORKFLOW = Path(__file__).parents[2] / "workflow" / "Snakefile"


@pytest.mark.parametrize("profile", ["process-run-crate-0.5", "workflow-run-crate-0.5"])
def test_crate__is_valid_after_the_profile_of_its_run(profile, own_run, tool, tmp_path):
    root = own_run / "results"
    if profile.startswith("workflow"):
        config = configuration_of(read_provenance(root), root)
        record_run(config, own_run / "input" / "samples.tsv", root, workflow=WORKFLOW)
    provenance = read_provenance(root)
    words = Call(
        command=("lotwise", "compare", "s.tsv"), step="compare", options={"samples": "s.tsv"}
    )
    call = lotwise_call(words, started="2026-01-01", ended="2026-01-02")
    calls = (call,)
    if profile.startswith("workflow"):
        calls = (workflow_call("snakemake --cores 2 --configfile config.yaml"), call)
    write_revision(root, provenance.model_copy(update={"programs": calls}))
    write_crate(root)
    if profile.startswith("workflow"):
        graph = json.loads((root / "ro-crate-metadata.json").read_text("utf-8"))["@graph"]
        run = next(entity for entity in graph if entity["@id"] == "#run")
        assert run["instrument"] == {"@id": "workflow/Snakefile"}
        assert "snakemake" in run["description"]
        assert (root / "workflow" / "rules" / "record.smk").is_file()
    cache = Path(__file__).with_name("offline_contexts.py")
    subprocess.run([tool("python"), cache, tmp_path / "cache"], check=True)
    said = subprocess.run(
        [
            tool("rocrate-validator"), "validate", "--offline", "--cache-path", tmp_path / "cache",
            "--no-auto-profile", "--profile-identifier", profile,
            "--requirement-severity", "recommended", "--output-format", "json",
            "--output-file", tmp_path / "said.json", root,
        ],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (tmp_path / "said.json").is_file(), said.stdout + said.stderr
    issues = json.loads((tmp_path / "said.json").read_text("utf-8"))["issues"]
    # Some recommendations stay open, so that a run without any issue would be a blind one.
    assert {issue["severity"] for issue in issues} == {"RECOMMENDED"}
    unexpected = [
        issue["message"]
        for issue in issues
        if not any(word in issue["message"] for word in NOT_SAID)
    ]
    assert unexpected == []
