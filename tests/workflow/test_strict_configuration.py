"""What Snakemake itself would read in another way than it was written."""

from __future__ import annotations

import pytest
from snakemake_run import snakemake

pytestmark = pytest.mark.fault


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("results: a\nresults: b\n", "row 2: is not YAML (the key 'results' occurs twice)"),
        ("evidence: {seed: 010}\n", "YAML interprets '010' as a number in a special notation"),
        (
            "reads: {bootstraps: yes}\n",
            "key 'reads.bootstraps' is True; yes and no are not allowed here",
        ),
    ],
)
def test_workflow__refuses_what_reads_as_another_thing(text, words, tmp_path):
    (tmp_path / "config.yaml").write_text(text)
    said = snakemake("--dry-run", cwd=tmp_path, check=False)
    assert said.returncode != 0
    assert words in said.stderr + said.stdout
