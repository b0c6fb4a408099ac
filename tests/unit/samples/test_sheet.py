"""The sample sheet as the library reads it; its faults are tested through the command line."""

from __future__ import annotations

import pytest

from lotwise.errors import InputError
from lotwise.samples import read_samples


def read(tmp_path, text):
    sheet = tmp_path / "s.tsv"
    sheet.write_bytes(text.encode())
    return read_samples(sheet)


@pytest.mark.parametrize("separator", ["\t", ","])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_read_samples__spellings_of_one_table(tmp_path, separator, end, mark):
    rows = ["sample,batch,quant,donor,note", "S1,A,q/1,d1,x", "", "S2,B,/q2,,", ",,,,"]
    first, second = read(tmp_path, mark + end.join(rows).replace(",", separator) + end)
    assert (first.sample, first.batch, first.donor, first.row) == ("S1", "A", "d1", 2)
    assert first.quant == tmp_path / "q/1"
    assert str(second.quant) == "/q2"
    assert first.annotations == {"note": "x"}
    assert second.row == 4


def test_read_samples__runs_of_a_sample_are_joined(tmp_path):
    text = "sample,batch,fastq_1,fastq_2\nS1,A,a_1,a_2\nS2,B,c_1,c_2\nS1,A,b_1,b_2\n"
    first, second = read(tmp_path, text)
    assert [run.fastq_1.name for run in first.runs] == ["a_1", "b_1"]
    assert len(second.runs) == 1


@pytest.mark.parametrize(("again", "column"), [("./a_1\tb_2", "fastq_1"), ("b_1\ta_2", "fastq_2")])
def test_read_samples__reads_of_two_samples_are_refused(tmp_path, again, column):
    words = rf"row 3, column '{column}': sample 'S2' has the same file .*a_[12] as 'S1' in row 2;"
    with pytest.raises(InputError, match=words):
        read(tmp_path, f"sample\tbatch\tfastq_1\tfastq_2\nS1\tA\ta_1\ta_2\nS2\tB\t{again}\n")


def test_read_samples__annotation_beside_the_column_it_resembles(tmp_path):
    (only,) = read(tmp_path, "sample,sample_id,batch,quant\nS1,77,A,q\n")
    assert only.annotations == {"sample_id": "77"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sample,batch,fastq_1\nS1,A,a\nS1,B,b\n", "row 3, column 'batch': .*'B' here, but 'A'"),
        ("sample,batch,fastq_1\nS1,A,a\nS1,A,a\n", "row 3, column 'fastq_1': .*same file twice"),
        (
            "sample,batch,fastq_1,fastq_2\nS1,A,a,b\nS1,A,c,\n",
            "has both single-end and paired-end runs",
        ),
        ("sample,batch,quant,fastq_2\nS1,A,q,b\n", "is empty, but 'fastq_2' contains"),
        ("sample,batch,quant,strandedness\nS1,A,q,rf\n", "must be one of auto, .*, got 'rf'"),
        ("sample,batch,quant,fragment_sd\nS1,A,q,-1\n", "must be a number of bases > 0, got '-1'"),
        ("sample,batch,quant,\nS1,A,q,x\n", "column 4 has no name"),
        (
            "sample,batch,quant\nS1,A,q\nfeature,A,r\n",
            "row 3, column 'sample': 'feature' is reserved for the first column.*another name",
        ),
        ("sample,batch,quant,a/b\nS1,A,q,x\n", "column 'a/b': has a / in its name"),
        ("sample,batch,quant,tpm_sum\nS1,A,q,x\n", "column 'tpm_sum': .*rename or remove"),
    ],
)
def test_read_samples__refuses(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://x.org/S1/quant.sf", "is an address, not a file; download it first"),
        ("s3://bucket/S1/quant.sf", "is an address, not a file"),
        ("gs://bucket/quant.sf", "is an address, not a file"),
        ("~/quant.sf", "begins with ~, which is not expanded"),
        ("$HOME/quant.sf", "has a variable, which is not expanded"),
        ("<(zcat quant.sf.gz)", "is a command or a pipe, not a file"),
        ("/dev/fd/63", "is a command or a pipe, not a file"),
        ("*/quant.sf", "is a pattern, not one file"),
        (r"C:\runs\quant.sf", "has backslashes; write / between folders"),
    ],
)
@pytest.mark.parametrize("column", ["quant", "fastq_1"])
def test_read_samples__what_is_no_path_has_its_own_words(tmp_path, column, text, words):
    sheet = tmp_path / "samples.tsv"
    sheet.write_text(f"sample\tbatch\t{column}\nS1\tA\t{text}\n")
    with pytest.raises(InputError, match=f"row 2, column '{column}': .*{words}"):
        read_samples(sheet)


def test_read_samples__an_odd_name_of_a_file_that_is_there_is_a_path(tmp_path):
    (tmp_path / "a*b$c.sf").touch()
    sheet = tmp_path / "samples.tsv"
    sheet.write_text("sample\tbatch\tquant\nS1\tA\ta*b$c.sf\n")
    assert read_samples(sheet)[0].quant == tmp_path / "a*b$c.sf"


PHASED = "sample\tbatch\tphase\tquant\nS1\tA\t{}\ta.sf\nS2\tA\tpre\tb.sf\nS3\tB\tpost\tc.sf\n"


def test_read_samples__phase_is_pre_or_post_and_one_for_a_batch(tmp_path):
    samples = read(tmp_path, PHASED.format(""))
    assert [sample.annotations["phase"] for sample in samples] == ["", "pre", "post"]
    with pytest.raises(InputError, match=r"'phase' must be 'pre' .*, 'post' .* or empty, got 'G1'"):
        read(tmp_path, PHASED.format("G1"))
    with pytest.raises(InputError, match="batch 'A' has samples of both phases"):
        read(tmp_path, PHASED.format("post"))


@pytest.mark.parametrize(
    ("column", "first", "second"),
    [
        ("batch", "lot7", "Lot7"),
        ("batch", "lot 7", "lot7"),
        ("batch", "lot_7", "lot-7"),
        ("batch", "lot07", "lot7"),
        ("donor", "D1", "d1"),
        ("condition", "control", "Control"),
        ("condition", "1 \N{MICRO SIGN}M", "1 \N{GREEK SMALL LETTER MU}M"),
        ("condition", "control", "control\N{ZERO WIDTH SPACE}"),
    ],
)
def test_read_samples__a_label_in_two_spellings_is_refused(tmp_path, column, first, second):
    cells = {"batch": "lot1", "donor": "d", "condition": "c"}
    rows = [
        "\t".join(["sample", *cells, "quant"]),
        "\t".join(["S1", *(cells | {column: first}).values(), "a.sf"]),
        "\t".join(["S2", *(cells | {column: second}).values(), "b.sf"]),
    ]
    with pytest.raises(InputError, match=f"row 3, column '{column}': .*of 'S1' differ only in"):
        read(tmp_path, "\n".join(rows))


@pytest.mark.parametrize(
    ("first", "second"),
    [("0.05", "0.5"), ("1-1", "11"), ("CD4-", "CD4"), ("CD4+", "CD4-"), ("", "c"), ("7", "70")],
)
def test_read_samples__labels_that_differ_are_kept(tmp_path, first, second):
    rows = "sample\tbatch\tcondition\tquant\nS1\tA\t{}\ta.sf\nS2\tB\t{}\tb.sf\n"
    found = read(tmp_path, rows.format(first, second))
    assert [sample.condition for sample in found] == [first, second]
