"""The sheet that an accession becomes is read again, and names files that are there."""

from __future__ import annotations

from lotwise.acquire.select import Candidate, Chosen
from lotwise.acquire.sheet import SheetRow, write_sheet
from lotwise.config.acquire import AssumedFragments
from lotwise.samples import Run, read_samples


def test_write_sheet__names_files_that_are_there_from_a_linked_folder(tmp_path, monkeypatch):
    """`..` leads up from where the link leads, not from where it lies."""
    (tmp_path / "big" / "store").mkdir(parents=True)
    project = tmp_path / "project"
    (project / "downloads").mkdir(parents=True)
    (project / "results").symlink_to(tmp_path / "big" / "store")
    monkeypatch.chdir(project)
    reads = [f"downloads/{name}.fastq.gz" for name in "ab"]
    rows = []
    for name, file in zip("ab", reads, strict=True):
        (project / file).touch()
        run = Run(fastq_1=(project / file).relative_to(project))
        chosen = Chosen(Candidate(name, name), name)
        rows.append(SheetRow(name, chosen, runs=(run,), run_names=(name,)))
    sheet = project.joinpath("results", "fetched.tsv").relative_to(project)
    write_sheet(sheet, rows, route="reads", fragments=AssumedFragments())
    assert all(run.fastq_1.is_file() for sample in read_samples(sheet) for run in sample.runs)
