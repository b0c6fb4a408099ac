"""ENA's file report."""

from __future__ import annotations

import csv
import time
from collections import Counter

import pytest

from lotwise.acquire.collect import _collect_reads, _refuse_other_strategies
from lotwise.acquire.download.retry import WrongAnswerError
from lotwise.acquire.ena import FIELDS, EnaRun, read_report, report_source, runs_by_sample
from lotwise.acquire.select import Candidate, Chosen
from lotwise.acquire.study import Study
from lotwise.config.acquire import AcquireSettings, BaseUrls
from lotwise.errors import InputError

MD5 = "0123456789abcdef0123456789abcdef"


def report(tmp_path, **cells):
    """Write a report of one run, some of its cells changed."""
    row = {
        "run_accession": "SRR1",
        "experiment_accession": "SRX1",
        "sample_accession": "SAMN1",
        "library_layout": "PAIRED",
        "fastq_ftp": "ftp.sra.ebi.ac.uk/vol1/fastq/SRR1/SRR1_1.fastq.gz;"
        "ftp.sra.ebi.ac.uk/vol1/fastq/SRR1/SRR1_2.fastq.gz",
        "fastq_bytes": "10;20",
        "fastq_md5": f"{MD5};{MD5}",
    } | cells
    path = tmp_path / "r.tsv"
    path.write_text(
        "\t".join(FIELDS) + "\n" + "\t".join(row.get(name, "") for name in FIELDS) + "\n"
    )
    return path


def test_read_report__2224_runs_are_154_samples_within_a_second_of_processor(shared):
    path = shared / "macrophage_naive" / "PRJEB18997.txt"
    start = time.process_time()
    samples = runs_by_sample(read_report(path))
    seconds = time.process_time() - start
    assert len(samples) == 154
    assert sum(map(len, samples.values())) == 2224
    with path.open() as stream:
        counted = Counter(row["sample_accession"] for row in csv.DictReader(stream, delimiter="\t"))
    assert {sample: len(runs) for sample, runs in samples.items()} == counted
    assert all(run.paired and len(run.mates()) == 2 for runs in samples.values() for run in runs)
    # An order of magnitude above what it takes.
    assert seconds < 1


def test_study__2224_runs_are_told_to_their_samples_within_a_second_of_processor(shared):
    runs = read_report(shared / "macrophage_naive" / "PRJEB18997.txt")
    members = runs_by_sample(runs)
    candidates = tuple(Candidate.of_runs(own) for own in members.values())
    study = Study("PRJEB18997", "", (), candidates, runs, (), None)
    start = time.process_time()
    routes = study.routes()
    found = [study.runs_of(candidate) for candidate in candidates]
    seconds = time.process_time() - start
    # 86 of the samples have runs of ATAC-seq beside those of RNA-Seq.
    rna = [tuple(run for run in own if run.strategy == "RNA-Seq") for own in members.values()]
    assert found == [own or runs for own, runs in zip(rna, members.values(), strict=True)]
    assert sum(len(own) for own in rna) == 1268
    assert routes == {"reads": "FASTQ of 154 of 154 samples"}
    assert seconds < 1


def test_read_report__a_blank_layout_leaves_the_other_runs(tmp_path):
    path = report(tmp_path)
    header, row = path.read_text().splitlines()
    other = row.replace("SRR1", "SRR2").replace("PAIRED", "")
    path.write_text(f"{header}\n{other}\n{row}\n")
    blank, whole = read_report(path)
    assert (blank.run, blank.paired) == ("SRR2", None)
    assert [mate.name for mate in whole.mates()] == ["SRR1_1.fastq.gz", "SRR1_2.fastq.gz"]


def test_read_report__mates_and_sizes(tmp_path):
    [run] = read_report(report(tmp_path))
    first, second = run.mates()
    assert (first.name, second.size, second.md5, run.n_bytes) == ("SRR1_1.fastq.gz", 20, MD5, 30)
    source = first.source(BaseUrls(ena_fastq="http://mirror:1/ena"), run.run)
    assert source.url == "http://mirror:1/ena/vol1/fastq/SRR1/SRR1_1.fastq.gz"
    assert source.path == "fastq/SRR1/SRR1_1.fastq.gz"


def test_mates__third_file_of_reads_without_mate_is_left_out(tmp_path):
    base = "ftp.sra.ebi.ac.uk/vol1/fastq/SRR1/SRR1"
    [run] = read_report(
        report(
            tmp_path,
            fastq_ftp=f"{base}.fastq.gz;{base}_1.fastq.gz;{base}_2.fastq.gz",
            fastq_bytes="1;2;3",
            fastq_md5=";".join([MD5] * 3),
        )
    )
    assert [file.name for file in run.mates()] == ["SRR1_1.fastq.gz", "SRR1_2.fastq.gz"]


def test_mates__single(tmp_path):
    one = "ftp.sra.ebi.ac.uk/vol1/fastq/SRR1/SRR1.fastq.gz"
    [run] = read_report(
        report(tmp_path, library_layout="SINGLE", fastq_ftp=one, fastq_bytes="5", fastq_md5=MD5)
    )
    assert not run.paired
    assert run.mates()[1] is None


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"fastq_ftp": "", "fastq_bytes": "", "fastq_md5": ""}, r"ENA has no FASTQ of the run"),
        (
            {"library_layout": "SINGLE"},
            r"the record of the run SRR1 states the layout single, but the files of the run are",
        ),
        ({"library_layout": ""}, r"record of the run SRR1 has no library_layout"),
        (
            {"library_layout": "", "fastq_ftp": "", "fastq_bytes": "", "fastq_md5": ""},
            r"record of the run SRR1 has no library_layout",
        ),
        (
            {"fastq_ftp": "h/SRR1.fastq.gz", "fastq_bytes": "1", "fastq_md5": MD5},
            r"the record of the run SRR1 states the layout paired",
        ),
    ],
)
def test_mates__refused(cells, words, tmp_path):
    [run] = read_report(report(tmp_path, **cells))
    with pytest.raises(InputError, match=words):
        run.mates()


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"library_layout": "BOTH"}, r"column 'library_layout': must be .*, got 'BOTH'"),
        (
            {"fastq_bytes": "10"},
            r"'fastq_bytes': lists 1 files, but the column 'fastq_ftp' lists 2",
        ),
        ({"fastq_md5": "x;y"}, r"or MD5 'x'"),
        ({"fastq_bytes": "-1;2"}, r"size '-1'"),
        ({"read_count": "many"}, r"column 'read_count': 'many' is not a number"),
        ({"fastq_ftp": "h/vol1/../../x.fastq.gz;h/a"}, r"'\.\.' is not a plain name"),
        ({"run_accession": "../SRR1"}, r"'../SRR1' is not a plain name"),
    ],
)
def test_read_report__refused(cells, words, tmp_path):
    with pytest.raises(InputError, match=words):
        read_report(report(tmp_path, **cells))


def test_read_report__not_a_report(tmp_path):
    path = tmp_path / "r.tsv"
    path.write_text("run_accession\tx\n")
    with pytest.raises(
        InputError, match=r"these columns are missing: sample_accession, library_layout, fastq_ftp"
    ):
        read_report(path)
    good = report(tmp_path)
    good.write_text(good.read_text() + good.read_text().splitlines()[1] + "\n")
    with pytest.raises(InputError, match=r"row 3: the run SRR1 occurs twice"):
        read_report(good)
    good.write_text(good.read_text().splitlines()[0] + "\nSRR1\tSRX1\n")
    with pytest.raises(
        InputError, match=r"row 2: the row has 2 cells, but the header has 15 cells"
    ):
        read_report(good)


def test_read_report__a_cell_longer_than_csv_takes_by_itself(tmp_path):
    [run] = read_report(report(tmp_path, sample_title="t" * 200_000))
    assert len(run.title) == 200_000


def test_report_source__asks_for_the_fields():
    url = report_source("SRP033351", BaseUrls(ena_portal="http://m/api")).url
    assert url.startswith("http://m/api/filereport?accession=SRP033351&result=read_run&fields=run_")
    with pytest.raises(InputError, match=r"is not a known form of accession"):
        report_source("SRP033351&x=1", BaseUrls())


def test_read_report__bytes_that_are_no_utf8_and_lines_that_are_blank(tmp_path):
    path = report(tmp_path, sample_title="plain")
    body = path.read_bytes().replace(b"plain", b"M\xfcller " + b"t" * 200_000)
    path.write_bytes(b"\xef\xbb\xbf\r\n" + body.replace(b"\n", b"\r\n\r\n") + b"\n")
    [run] = read_report(path)
    assert run.title.startswith("Müller t")
    assert len(run.title) == 200_007
    assert run.fastq


@pytest.mark.parametrize(
    "body", [b"", b"\n\n", b"Service busy", b'{"message": "error"}', b"\xff\xfe\x00"]
)
def test_read_report__apology(body, tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes(body)
    with pytest.raises(
        WrongAnswerError,
        match="is not a file report of ENA, because these columns are missing: run_accession",
    ):
        read_report(path)


@pytest.mark.parametrize("column", ["fastq_bytes", "read_count"])
@pytest.mark.parametrize("cell", ["²", "9" * 5000])
def test_read_report__what_python_takes_for_digits(column, cell, tmp_path):
    with pytest.raises(InputError, match=r"row 2"):
        read_report(report(tmp_path, **{column: cell}))


def run(name, experiment, *, sample="SAMN7", alias="GSM1", strategy="RNA-Seq"):
    return EnaRun(name, experiment, sample, "", "", alias, "", True, strategy, 5, ())


def geo(accession, *links):
    return Candidate(accession, "", links=frozenset({accession, *links}))


@pytest.mark.parametrize(
    ("links", "runs", "wanted"),
    [
        # Two samples of GEO share a BioSample and the alias of the first.
        (("SRX2", "SAMN7"), [run("R1", "SRX1"), run("R2", "SRX2")], ["R2"]),
        # All runs of the sample's own experiment, and of each of its experiments.
        (("SRX1", "SAMN7"), [run("R1", "SRX1"), run("R2", "SRX1")], ["R1", "R2"]),
        (("SRX1", "SRX2", "SAMN7"), [run("R1", "SRX1"), run("R2", "SRX2")], ["R1", "R2"]),
        # No experiment is known: the BioSample tells, and a ChIP library is left out.
        (("SAMN7",), [run("R1", "SRX1"), run("R2", "SRX2", strategy="ChIP-Seq")], ["R1"]),
        (("SAMN7",), [run("R1", ""), run("R2", "", sample="SAMN8")], ["R1"]),
    ],
)
def test_runs_of__by_the_samples_own_experiment(links, runs, wanted):
    sample = geo("GSM2", *links)
    study = Study("GSE1", "", (), (sample,), tuple(runs), (), None)
    assert [one.run for one in study.runs_of(sample)] == wanted


@pytest.mark.parametrize("strategy", ["ATAC-seq", "ChIP-Seq", "WGS", "miRNA-Seq"])
def test_collect__a_sample_of_another_strategy_alone_is_refused_by_name(strategy, tmp_path):
    samples = (geo("GSM1", "SRX1"), geo("GSM2", "SRX2"))
    runs = (run("R1", "SRX1"), run("R2", "SRX2", strategy=strategy))
    study = Study("GSE1", "", (), samples, runs, (), None)
    chosen = [Chosen(sample, sample.accession) for sample in samples]
    with pytest.raises(
        InputError, match=rf"GSE1: GSM2 only has runs of {strategy} \(R2\).*`exclude: \[GSM2\]`"
    ):
        _collect_reads(study, chosen, {}, AcquireSettings(), None)


@pytest.mark.parametrize("strategy", ["RNA-Seq", "ssRNA-seq", "OTHER", ""])
def test_collect__a_blank_or_other_strategy_of_rna_is_taken(strategy):
    study = Study("GSE1", "", (), (), (), (), None)
    assert _refuse_other_strategies(study, {"GSM1": [run("R1", "", strategy=strategy)]}) is None


def test_read_report__the_library_name_is_a_field_to_choose_by(tmp_path):
    assert "library_name" in FIELDS
    (found,) = read_report(report(tmp_path, library_name="lot 7"))
    assert found.library == "lot 7"
    assert Candidate.of_runs([found]).values("library_name") == ("lot 7",)
