"""What is refused before any reads are read, and the sheet of what was quantified."""

import pytest

from lotwise.errors import InputError
from lotwise.quantify import Reference, Rsem, Settings, quantify_samples
from lotwise.quantify.experiment import quantify_checked, write_quant_sheet
from lotwise.samples import read_samples


@pytest.mark.parametrize("quantify", [quantify_samples, quantify_checked])
@pytest.mark.parametrize(
    ("aligner", "bootstraps", "words"),
    [
        ("bowtie2", 30, "RSEM makes no bootstraps; ask for none"),
        ("star", 0, "RSEM with STAR needs a genome and a GTF; give both"),
    ],
)
def test_quantify__refuses_before_reads_are_read(  # noqa: PLR0917, two refusals of two functions
    tmp_path, make_sample, monkeypatch, quantify, aligner, bootstraps, words
):
    """Neither the reads nor the transcripts exist: to say so would come later."""
    monkeypatch.setattr(Rsem, "version", lambda _: "1.3.3")
    with pytest.raises(InputError, match=words):
        quantify(
            [make_sample(tmp_path / "absent_1.fq", tmp_path / "absent_2.fq")],
            quantifier=Rsem(aligner=aligner),
            reference=Reference(transcripts=tmp_path / "absent.fa"),
            out=tmp_path / "out",
            settings=Settings(cache=tmp_path / "cache", bootstraps=bootstraps),
        )


def test_write_quant_sheet__cells_with_quotes_come_back(tmp_path, make_sample):
    """A note in quotation marks that was written bare could not be read again."""
    notes = {"title": '"naive" line', "note": 'two\tcells "and more'}
    sheet = tmp_path / "samples.tsv"
    write_quant_sheet(sheet, [make_sample(tmp_path / "1.fq", annotations=notes)])
    (read,) = read_samples(sheet)
    assert read.annotations == notes
    assert read.quant == tmp_path / "S1"
