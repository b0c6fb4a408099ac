"""MultiQC finds what each program left where we put it."""

import json
import subprocess

from lotwise.quantify import Reference, quantify_samples
from lotwise.samples import read_samples


def test_multiqc__finds_the_logs_of_each_program(quantifier, small, settings, tmp_path, tool):
    samples = read_samples(small.samples)
    quantify_samples(
        samples,
        quantifier=quantifier,
        reference=Reference(transcripts=small.transcripts),
        out=tmp_path,
        settings=settings,
    )
    command = [tool("multiqc"), tmp_path, "--no-ansi", "--no-version-check", "--no-report"]
    said = subprocess.run(
        [*command, "--outdir", tmp_path / "multiqc"], capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    found = json.loads((tmp_path / "multiqc" / "multiqc_data" / "multiqc_data.json").read_text())
    sources = found["report_data_sources"]
    named = {name.lower() for name in sources}
    assert quantifier.name in named, said.stderr
    of_program = next(value for name, value in sources.items() if name.lower() == quantifier.name)
    told = json.dumps(of_program)
    for sample in samples:
        assert sample.sample in told
