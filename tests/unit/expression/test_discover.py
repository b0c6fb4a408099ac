"""A sample sheet from what a pipeline wrote."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from lotwise.cli.init import command
from lotwise.config import read_config
from lotwise.errors import InputError
from lotwise.expression.discover import find_samples
from lotwise.samples import read_samples


def touch(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()


LAYOUTS = {
    "nf-core star_salmon": ("star_salmon/A_REP1/quant.sf", "star_salmon/B_REP1/quant.sf"),
    "nf-core salmon": ("salmon/A_REP1/quant.sf", "salmon/B_REP1/quant.sf"),
    "nf-core star_rsem": (
        "star_rsem/A_REP1.genes.results", "star_rsem/A_REP1.isoforms.results",
        "star_rsem/B_REP1.genes.results"),
    "nf-core kallisto": ("kallisto/A_REP1/abundance.tsv", "kallisto/B_REP1/abundance.h5"),
    "folders of salmon": ("A_REP1/quant.sf.gz", "B_REP1/quant.sf"),
    "RSEM's files": ("A_REP1.isoforms.results.gz", "B_REP1.genes.results"),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_find_samples__each_layout(tmp_path, layout):
    results = tmp_path / "results"
    touch(results, *LAYOUTS[layout], "multiqc/report.html", "fastqc/A_REP1.zip")
    found = find_samples(results, relative_to=tmp_path)
    sheet = tmp_path / "samples.tsv"
    sheet.write_text(found.sheet)
    samples = read_samples(sheet)
    assert [(s.sample, s.batch, s.replicate) for s in samples] == [
        ("A_REP1", "A", "1"), ("B_REP1", "B", "1"),
    ]  # fmt: skip
    assert found.n_samples == 2
    assert all(s.quant.exists() or list(s.quant.parent.glob(s.quant.name + ".*")) for s in samples)


def test_find_samples__several_programs_are_named(tmp_path):
    touch(tmp_path, "star_salmon/A/quant.sf", "kallisto/A/abundance.tsv")
    with pytest.raises(InputError, match=r"several results .* kallisto in .* and salmon in "):
        find_samples(tmp_path, relative_to=tmp_path)


def test_find_samples__salmon_twice_is_refused(tmp_path):
    touch(tmp_path, "star_salmon/A/quant.sf", "salmon/A/quant.sf")
    with pytest.raises(InputError, match=r"several results of the same samples"):
        find_samples(tmp_path, relative_to=tmp_path)


def test_find_samples__nothing_there(tmp_path):
    with pytest.raises(InputError, match=r"no quant\.sf, .* give the output folder of salmon"):
        find_samples(tmp_path, relative_to=tmp_path)
    with pytest.raises(InputError, match="no such file or directory"):
        find_samples(tmp_path / "x", relative_to=tmp_path)


def test_find_samples__sheet_of_nfcore(tmp_path):
    sheet = tmp_path / "in" / "nf.csv"
    sheet.parent.mkdir()
    sheet.write_text(
        "sample,fastq_1,fastq_2,strandedness\n"
        "A_REP1,a_1.fq.gz,a_2.fq.gz,reverse\nA_REP1,b_1.fq.gz,b_2.fq.gz,reverse\n"
        "B_REP1,c_1.fq.gz,c_2.fq.gz,auto\n"
    )
    out = tmp_path / "samples.tsv"
    found = find_samples(sheet, relative_to=tmp_path)
    out.write_text(found.sheet)
    first, second = read_samples(out)
    assert (first.batch, len(first.runs), first.strandedness) == ("A", 2, "reverse")
    assert second.runs[0].fastq_2 == tmp_path / "in" / "c_2.fq.gz"
    sheet.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="is not a sample sheet of nf-core/rnaseq"):
        find_samples(sheet, relative_to=tmp_path)


def test_init__from_a_folder_names_the_map_beside_it(tmp_path):
    touch(tmp_path / "results", *LAYOUTS["nf-core star_salmon"], "star_salmon/tx2gene.tsv")
    call = [str(tmp_path / "new"), "--from", str(tmp_path / "results")]
    outcome = CliRunner().invoke(command, call, catch_exceptions=False)
    assert outcome.exit_code == 0
    assert "found 2 samples" in outcome.output
    assert "star_salmon/tx2gene.tsv" in outcome.output
    assert len(read_samples(tmp_path / "new" / "samples.tsv")) == 2
    # The configuration has it too, by its whole path, since it is used from its own folder.
    config = read_config(tmp_path / "new" / "config.yaml")
    assert config.expression.tx2gene == tmp_path / "results" / "star_salmon" / "tx2gene.tsv"
    assert f"cd {tmp_path / 'new'} && lotwise compare --config config.yaml" in outcome.output
