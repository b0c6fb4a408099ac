from __future__ import annotations

import pytest

from lotwise.config import Config
from lotwise.doctor.programs import examine_programs


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A machine without any program."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("lotwise.quantify.kallisto.find_in_wheel", lambda: None)


def states(config):
    return {found.subject: found.state for found in examine_programs(config)}


@pytest.mark.parametrize(
    ("reads", "needed"),
    [
        ({"quantifier": "kallisto"}, {"kallisto"}),
        ({"quantifier": "salmon"}, {"salmon"}),
        (
            {"quantifier": "rsem", "aligner": "star", "genome": "genome.fa", "gtf": "genes.gtf"},
            {"rsem", "star", "samtools"},
        ),
        ({"quantifier": "rsem", "aligner": "bowtie"}, {"rsem", "bowtie", "samtools"}),
    ],
)
def test_examine_programs__missing_only_what_the_run_needs(bare, reads, needed):
    found = states(Config(source="reads", reads=reads))
    assert {name for name, state in found.items() if state == "missing"} == needed
    assert {state for name, state in found.items() if name not in needed} == {"unused"}


def test_examine_programs__quantifications_need_none(bare):
    assert set(states(Config(source="quant")).values()) == {"unused"}


def test_examine_programs__the_toolkit_is_for_runs_that_ena_lacks(bare, tmp_path):
    config = Config(source="accession", acquire={"accession": "SRP033351", "route": "reads"})
    assert states(config)["sra-tools"] == "warning"
    for name in ("prefetch", "fasterq-dump"):
        (tmp_path / name).touch(mode=0o755)
    assert states(config)["sra-tools"] == "ok"


def test_examine_programs__one_that_prints_no_version(bare, tmp_path):
    broken = tmp_path / "salmon"
    broken.write_text("#!/bin/sh\necho hello\n")
    broken.chmod(0o755)
    config = Config(source="reads", reads={"quantifier": "salmon"})
    (found,) = (found for found in examine_programs(config) if found.subject == "salmon")
    assert found.state == "missing"
    assert "printed no version" in found.found


def test_examine_programs__versions_of_what_is_there(require):
    require("salmon", "rsem-calculate-expression", "bowtie", "bowtie2", "STAR", "samtools")
    found = {finding.subject: finding for finding in examine_programs(Config())}
    del found["sra-tools"]  # asked for by no version
    assert {finding.state for finding in found.values()} == {"ok"}
    assert all(finding.found[0].isdigit() for finding in found.values()), found
