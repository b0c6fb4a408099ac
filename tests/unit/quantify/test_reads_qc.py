import gzip
import re

import pytest

from lotwise.errors import RefusedError
from lotwise.files.tables import read_table
from lotwise.quantify import check_reads, check_samples, require_passed
from lotwise.quantify.reads_qc import Intake
from lotwise.samples import Run, Sample


def reason(sample):
    row = check_reads(sample)
    assert row.integrity == "refused"
    return row.reason


def unpacked(path):
    return gzip.decompress(path.read_bytes())


def test_check_reads__says_what_is_there(pair, make_sample):
    row = check_reads(make_sample(*pair))
    assert (row.integrity, row.reason, row.layout, row.n_runs) == ("passed", "", "paired", 1)
    assert (row.reads_present, row.shortest_read, row.longest_read) == (3_000, 100, 100)
    assert (row.lowest_phred, row.highest_phred) == (12, 37)


def test_check_reads__single_plain_reads_and_several_runs(make_reads, tmp_path):
    runs = []
    for number in (1, 2, 3):
        plain = tmp_path / f"{number}.fastq"
        plain.write_bytes(unpacked(make_reads(paired=False, seed=number, n_fragments=100)[0]))
        runs.append(Run(fastq_1=plain))
    row = check_reads(Sample(sample="S", batch="A", runs=tuple(runs)))
    assert (row.layout, row.n_runs, row.reads_present) == ("single", 3, 300)


def test_check_reads__ranges_are_over_all_reads(write_gz, make_sample):
    reads = write_gz("r.fastq.gz", b"@a\nACGT\n+\n!~II\n@b\nAC\n+\n5I\n@c\nACGTAC\n+\nIIIIII\n")
    row = check_reads(make_sample(reads))
    assert (row.shortest_read, row.longest_read) == (2, 6)
    assert (row.lowest_phred, row.highest_phred) == (0, 93)


@pytest.mark.parametrize("cut", [1, 8, 9, 2_000, 50_000])
def test_check_reads__truncated_gzip(pair, make_sample, write_gz, cut):
    file = write_gz("cut.fastq.gz", unpacked(pair[1]), cut=cut)
    assert "cut.fastq.gz: is truncated" in reason(make_sample(pair[0], file))


def test_check_reads__truncated_gzip_names_the_record(pair, make_sample, write_gz):
    text = unpacked(pair[0])
    for single in ((), (pair[1],)):
        words = reason(make_sample(write_gz("cut.fastq.gz", text, cut=50_000), *single))
        number = int(words.rpartition("record ")[2].replace(",", ""))
        assert 1_500 < number < 3_000


def test_check_reads__a_flipped_bit_fails_the_checksum(pair, make_sample, tmp_path):
    packed = bytearray(pair[0].read_bytes())
    packed[-5] ^= 1  # in the length that closes the gzip member
    (tmp_path / "bit.fastq.gz").write_bytes(packed)
    assert "bit.fastq.gz: is damaged" in reason(make_sample(tmp_path / "bit.fastq.gz"))


def test_check_reads__second_mates_fewer_than_first(pair, make_sample, write_gz):
    lines = unpacked(pair[1]).splitlines(keepends=True)
    short = write_gz("short.fastq.gz", b"".join(lines[: 4 * 2_500]))
    words = reason(make_sample(pair[0], short))
    assert "has 3,000 records" in words
    assert "short.fastq.gz has 2,500" in words


def test_check_reads__mates_of_another_sample(pair, make_reads, make_sample):
    words = reason(make_sample(pair[0], make_reads("other", seed=6)[1]))
    assert "record 1 of this file and record 1 of" in words
    assert "other_R2.fastq.gz" in words


def test_check_reads__mates_out_of_order_name_the_record(pair, make_sample, write_gz):
    lines = unpacked(pair[1]).splitlines(keepends=True)
    disordered = lines[:8_000] + lines[8_004:8_008] + lines[8_000:8_004] + lines[8_008:]
    file = write_gz("disordered.fastq.gz", b"".join(disordered))
    assert "record 2,001 of this file and record 2,001 of" in reason(make_sample(pair[0], file))


def test_check_reads__exchanged_mate_files(pair, make_sample):
    assert "is mate 2 of a pair, but the sheet lists the file as fastq_1" in reason(
        make_sample(pair[1], pair[0])
    )


@pytest.mark.parametrize("name", ["SRR1.1 2:N:0:ATCACG", "SRR1.1 2:Y:18:1", "SRR1.1/2 length=4"])
def test_check_reads__second_mates_by_their_names(make_sample, write_gz, name):
    first = write_gz("1.fastq.gz", f"@{name}\nACGT\n+\nIIII\n".encode())
    mate = name.replace("/2", "/1").encode()
    second = write_gz("2.fastq.gz", b"@" + mate + b"\nACGA\n+\nIIII\n")
    words = reason(make_sample(first, second))
    assert f"record 1 ('{name}') is mate 2 of a pair" in words


@pytest.mark.parametrize(
    "name", ["SRR1.1 2:1101:1203:1999 length=4", "SRR1.1 lane 2:N:0:A", "SRR1.1 a/2"]
)
def test_check_reads__a_place_on_the_flow_cell_is_no_mate(make_sample, write_gz, name):
    """Read names of the SRA contain lane and tile; here lane 2."""
    text = f"@{name}\nACG%s\n+\nIIII\n"
    files = [write_gz(f"{base}.fastq.gz", (text % base).encode()) for base in "AC"]
    assert check_reads(make_sample(*files)).reason == ""


def test_check_reads__one_file_given_twice(pair, make_sample, write_gz):
    assert "given both as 'fastq_1' and as 'fastq_2'" in reason(make_sample(pair[0], pair[0]))
    text = unpacked(pair[0]).replace(b"/1 ", b" ")
    files = (write_gz("a.fastq.gz", text), write_gz("b.fastq.gz", text))
    assert "contains the same sequences" in reason(make_sample(*files))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"@a\nACGT\n+\nIII\n", "is not FASTQ .*at record 1"),
        (b"@a\nACGT\n+\nIIII\n@b\nACG", "is not FASTQ .*at record 2"),
        (b">a\nACGT\n", "is not FASTQ"),
        (b"", "contains no reads"),
        (
            b"@a\nACGT\n+\n@Bch\n",
            "range from 31 to 71 with offset 33, so the true offset is 64 .*; convert",
        ),
        (
            b"@a\nACGT\n+\nII\x1fI\n",
            "quality scores range from -2 to 40, but must be Phred 0 to 93",
        ),
    ],
)
def test_check_reads__malformed(make_sample, write_gz, content, words):
    assert re.search(words, reason(make_sample(write_gz("bad.fastq.gz", content))))


def test_check_reads__offset_64_of_a_later_run(write_gz):
    """Beside a run of offset 33 the two span 2 to 71 and would look like offset 33."""
    text = "@a\nACGT\n+\n%s\n"
    first, second = (
        Run(fastq_1=write_gz(f"{number}.fastq.gz", (text % scores).encode()))
        for number, scores in enumerate(["#-8F", "@Bch"])
    )
    words = reason(Sample(sample="S", batch="A", runs=(first, second)))
    assert (
        "1.fastq.gz: quality scores range from 31 to 71 with offset 33, so the true offset is 64"
        in words
    )


@pytest.mark.parametrize("scores", ["#-8F", "IIII", "NNNN", "~~~~", "AFIN", "#~~~"])
def test_check_reads__scores_of_offset_33(make_sample, write_gz, scores):
    """Binned, constant, high as of assembled reads, trimmed to the best bases, of HiFi."""
    file = write_gz("good.fastq.gz", f"@a\nACGT\n+\n{scores}\n".encode())
    assert check_reads(make_sample(file)).integrity == "passed"


def test_check_reads__empty_missing_and_directory(make_sample, tmp_path):
    (tmp_path / "empty.fastq.gz").touch()
    assert "empty.fastq.gz: is empty (0 bytes)" in reason(make_sample(tmp_path / "empty.fastq.gz"))
    assert "cannot be read (No such file" in reason(make_sample(tmp_path / "absent.fastq.gz"))
    assert "is a directory" in reason(make_sample(tmp_path))


def test_check_samples__names_every_refused_sample_and_writes_the_table(
    pair, make_sample, write_gz, tmp_path
):
    samples = [
        make_sample(*pair, name="good"),
        make_sample(write_gz("x.fastq.gz", b""), name="hollow"),
        make_sample(tmp_path / "absent", name="absent"),
    ]
    with pytest.raises(RefusedError, match=r"2 samples are refused: sample 'hollow': .*'absent'"):
        check_samples(samples, table=tmp_path / "intake.tsv")
    table = read_table(tmp_path / "intake.tsv", Intake)
    assert table["integrity"].tolist() == ["passed", "refused", "refused"]


def test_check_samples__processes_change_nothing(pair, make_sample, tmp_path):
    samples = [make_sample(*pair, name=name) for name in ("a", "b")]
    one = check_samples(samples, table=tmp_path / "1.tsv")
    assert check_samples(samples, table=tmp_path / "2.tsv", threads=2) == one


def test_require_passed__says_nothing_when_all_pass(pair, make_sample):
    require_passed([check_reads(make_sample(*pair))])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("r{}/1", "r{}/2"),
        ("r{} 1:N:0:ATC", "r{} 2:N:0:ATC"),
        ("SRR1.{}.1 x", "SRR1.{}.2 x"),
        ("r{}", "r{}"),
    ],
)
def test_check_reads__interleaved_mates_are_no_single_reads(tmp_path, first, second):
    path = tmp_path / "a.fastq"
    names = [form.format(i) for i in range(1, 9) for form in (first, second)]
    path.write_text("".join(f"@{name}\nACGT\n+\nIIII\n" for name in names))
    row = check_reads(Sample(sample="S", batch="A", runs=(Run(fastq_1=path),)))
    assert row.integrity == "refused"
    assert "is interleaved but declared as single-end reads" in row.reason.replace("the file ", "")


@pytest.mark.parametrize("form", ["r{}/1", "SRR1.{}", "SRR1.{}.1", "r.{}"])
def test_check_reads__single_reads_are_not_taken_for_interleaved(tmp_path, form):
    path = tmp_path / "a.fastq"
    path.write_text("".join(f"@{form.format(i)}\nACGT\n+\nIIII\n" for i in range(1, 9)))
    row = check_reads(Sample(sample="S", batch="A", runs=(Run(fastq_1=path),)))
    assert row.integrity == "passed"


def test_check_reads__mates_of_sra_that_are_exchanged(tmp_path):
    for mate in (1, 2):
        text = "".join(f"@SRR1.{i}.{mate} x\nACGT\n+\nIIII\n" for i in (1, 2))
        (tmp_path / f"{mate}.fastq").write_text(text)
    run = Run(fastq_1=tmp_path / "2.fastq", fastq_2=tmp_path / "1.fastq")
    row = check_reads(Sample(sample="S", batch="A", runs=(run,)))
    assert row.integrity == "refused"
    assert "exchange fastq_1 and fastq_2" in row.reason
