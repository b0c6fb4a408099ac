"""The judgement of what was quantified: refusals, versions, and the sheet."""

import json

import pytest

from lotwise.config import Limits
from lotwise.errors import InputError, RefusedError
from lotwise.files.tables import to_frame, write_table
from lotwise.quantify import Intake, Kallisto, check_reads, judge_samples
from lotwise.quantify.judgement import call_of, note_refusal


@pytest.fixture
def two(tmp_path, make_sample, make_reads):
    """Two samples whose reads passed, and the folders of their quantifications."""
    files = make_reads(n_fragments=50)
    samples = [make_sample(*files, name=name) for name in ("S1", "S2")]
    out = tmp_path / "out"
    write_table(out / Intake.table, to_frame([check_reads(one) for one in samples], Intake))
    return samples, out, [out / "quant" / "kallisto" / name for name in ("S1", "S2")]


def judge(samples, out):
    return judge_samples(samples, quantifier=Kallisto(), out=out, limits=Limits())


def test_judge_samples__what_was_not_quantified_is_refused_and_tried_anew(two):
    samples, out, [_, second] = two
    second.mkdir(parents=True)
    (second / "abundance.tsv").write_text("of the reads before\n")
    call_of(second).write_text("{}")
    note_refusal(second, RefusedError("sample 'S2': no read matches", path=out / "a.fastq"))
    assert [file.name for file in second.iterdir()] == ["refused.txt"]
    assert not call_of(second).exists()
    words = r"1 sample was refused .*'S2': no read matches; .*`reads.exclude: \[S2\]`, or follow"
    with pytest.raises(RefusedError, match=words):
        judge(samples, out)
    assert not second.exists()


def test_judge_samples__two_versions_of_the_quantifier_are_refused(two):
    samples, out, folders = two
    for folder, version in zip(folders, ("0.50.1", "0.51.0"), strict=True):
        folder.mkdir(parents=True)
        call_of(folder).write_text(json.dumps({"version": version}))
    words = "different versions: 'S1' by 0.50.1, 'S2' by 0.51.0; quantify all samples again"
    with pytest.raises(InputError, match=words):
        judge(samples, out)
