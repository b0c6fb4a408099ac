"""The commands that take reads: simulate, check and quantify."""

import gzip
import shutil

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from lotwise.cli.check import command as check
from lotwise.cli.quantify import command as quantify
from lotwise.cli.simulate import command as simulate
from lotwise.errors import InputError, RefusedError
from lotwise.files.tables import read_table
from lotwise.quantify import Intake
from lotwise.samples import read_samples
from lotwise.simulate.truth import TrueSample


def run(command, *arguments):
    return CliRunner().invoke(
        command, [str(argument) for argument in arguments], catch_exceptions=False
    )


@pytest.fixture
def reads(tmp_path):
    folder = tmp_path / "reads"
    run(simulate, folder, "--as", "reads", "--genes", 30, "--fragments", 2_000, "--batches", 2)
    return folder


def test_simulate__writes_a_sheet_that_can_be_read(tmp_path):
    said = run(simulate, tmp_path / "q", "--genes", 40, "--replicates", 2)
    assert said.exit_code == 0
    assert "6 simulated samples" in said.output
    samples = read_samples(tmp_path / "q" / "samples.tsv")
    assert [sample.batch for sample in samples] == ["lot1"] * 2 + ["lot2"] * 2 + ["lot3"] * 2
    assert all((sample.quant / "abundance.tsv").is_file() for sample in samples)


def test_simulate__plants_what_is_asked_for(tmp_path):
    run(
        simulate, tmp_path, "--genes", 40, "--failed", "lot1_rep1", "--degraded", "lot2_rep1",
        "--swap", "lot2_rep1", "lot3_rep1", "--strandedness", "reverse",
    )  # fmt: skip
    truth = read_table(tmp_path / "truth" / "samples.tsv", TrueSample)
    assert truth["library"].tolist() == ["failed", "degraded", "sound"]
    assert truth["carries"].tolist() == ["lot1_rep1", "lot3_rep1", "lot2_rep1"]
    assert set(truth["strandedness"]) == {"reverse"}


def test_simulate__refuses_two_faults_of_one_sample(tmp_path):
    with pytest.raises(InputError, match=r"'lot1_rep1' cannot be both failed and shallow"):
        run(simulate, tmp_path, "--failed", "lot1_rep1", "--shallow", "lot1_rep1")


def test_check__writes_intake_and_says_so(reads, tmp_path):
    said = run(check, reads / "samples.tsv", "--out", tmp_path / "out")
    assert "2 samples passed" in said.output
    assert read_table(tmp_path / "out" / "intake.tsv", Intake)["reads_present"].tolist() == [
        2_000,
        2_000,
    ]


def test_check__a_damaged_file_is_refused(reads, tmp_path):
    file = reads / "fastq" / "lot2_rep1_R1.fastq.gz"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(RefusedError, match=r"sample 'lot2_rep1': .*is truncated") as caught:
        run(check, reads / "samples.tsv", "--out", tmp_path / "out")
    assert caught.value.exit_code == 1


def test_check__samples_apart_are_refused_together(reads, tmp_path):
    file, out = reads / "fastq" / "lot2_rep1_R1.fastq.gz", tmp_path / "out"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"lot1_rep1.tsv: no such table"):
        run(check, reads / "samples.tsv", "--out", out, "--step", "join")
    assert (
        "2 samples read"
        in run(check, reads / "samples.tsv", "--out", out, "--step", "reads").output
    )
    with pytest.raises(RefusedError, match=r"'lot2_rep1'.*see the table .*logs/intake.tsv"):
        run(check, reads / "samples.tsv", "--out", out, "--step", "join")
    kept = read_table(out / "logs" / "intake.tsv", Intake)
    assert kept["integrity"].tolist() == ["passed", "refused"]


def test_check__one_sample_is_for_the_step_of_reads(reads, tmp_path):
    with pytest.raises(InputError, match=r"--sample requires '--step reads'"):
        run(check, reads / "samples.tsv", "--out", tmp_path / "out", "--sample", "lot1_rep1")


def test_check__a_mended_batch_is_joined_and_a_table_cut_short_is_not(reads, tmp_path):
    sheet, out = reads / "samples.tsv", tmp_path / "out"
    run(check, sheet, "--out", out, "--step", "reads")
    sheet.write_text(sheet.read_text().replace("\tlot2\t", "\tmended\t"))
    run(check, sheet, "--out", out, "--step", "join")
    assert read_table(out / "intake.tsv", Intake)["batch"].tolist() == ["lot1", "mended"]
    table = out / "intake" / "lot2_rep1.tsv"
    table.write_text(table.read_text().splitlines(keepends=True)[0])
    with pytest.raises(
        InputError, match=r"lot2_rep1.tsv: has 0 rows, but must have exactly one row"
    ):
        run(check, sheet, "--out", out, "--step", "join")


def test_check__many_samples_by_name_are_noted_under_a_name_that_fits(reads, tmp_path):
    """One call with 40 names: the note of it was called by all of them."""
    from lotwise.cli import lotwise

    header, first, _ = (reads / "samples.tsv").read_text().splitlines()
    names = [f"a_sample_with_a_longer_name_{number:03}" for number in range(40)]
    for name in names:
        shutil.copy(reads / "fastq/lot1_rep1_R1.fastq.gz", reads / f"fastq/{name}_R1.fastq.gz")
        shutil.copy(reads / "fastq/lot1_rep1_R2.fastq.gz", reads / f"fastq/{name}_R2.fastq.gz")
    rows = [first.replace("lot1_rep1", name) for name in names]
    (reads / "samples.tsv").write_text("\n".join([header, *rows]) + "\n")
    chosen = [word for name in names for word in ("--sample", name)]
    out = tmp_path / "out"
    said = run(lotwise, "check", reads / "samples.tsv", "--out", out, "--step", "reads", *chosen)
    assert said.exit_code == 0
    run(lotwise, "check", reads / "samples.tsv", "--out", out, "--step", "reads", *chosen[:-2])
    notes = list((out / "logs" / "steps").iterdir())
    assert len(notes) == 2
    assert all(note.name.startswith("check.reads.a_sample_with") for note in notes)


def test_quantify__in_one_go_and_in_steps_is_the_same(reads, tmp_path):
    common = (reads / "samples.tsv", "--transcripts", reads / "reference" / "transcripts.fa")
    whole, steps = tmp_path / "whole", tmp_path / "steps"
    run(quantify, *common, "--out", whole)
    for sample in ("lot1_rep1", "lot2_rep1"):
        run(check, reads / "samples.tsv", "--out", steps, "--step", "reads", "--sample", sample)
    run(check, reads / "samples.tsv", "--out", steps, "--step", "join")
    run(quantify, *common, "--out", steps, "--step", "index")
    indexes = set((steps / "index").iterdir())
    for sample in ("lot1_rep1", "lot2_rep1"):
        run(quantify, *common, "--out", steps, "--step", "quantify", "--sample", sample)
    # The index step left nothing for the samples to build.
    assert set((steps / "index").iterdir()) == indexes
    assert not (steps / "quant" / "kallisto" / "samples.tsv").exists()
    for sample in ("lot1_rep1", "lot2_rep1"):
        run(quantify, *common, "--out", steps, "--step", "halves", "--sample", sample)
    run(quantify, *common, "--out", steps, "--step", "judge")
    names = ["intake.tsv", "strandedness.tsv", "yield.tsv", "quant/kallisto/samples.tsv"]
    names += [f"quant/kallisto/lot{n}_rep1/abundance.tsv" for n in (1, 2)]
    names += [f"quant/kallisto/lot{n}_rep1.halves.parquet" for n in (1, 2)]
    for name in names:
        assert (whole / name).read_bytes() == (steps / name).read_bytes()
    sheet = read_samples(whole / "quant" / "kallisto" / "samples.tsv")
    assert [sample.quant.name for sample in sheet] == ["lot1_rep1", "lot2_rep1"]


def test_quantify__a_refused_sample_stops_no_other(reads, tmp_path):
    """Reads of another species are found before the quantifier runs, which makes no answer."""
    common = (reads / "samples.tsv", "--transcripts", reads / "reference" / "transcripts.fa")
    rng = np.random.default_rng(3)
    for mate in (1, 2):
        foreign = ("".join(rng.choice(list("ACGT"), 75)) for _ in range(500))
        text = "".join(f"@r{i}\n{read}\n+\n{'I' * 75}\n" for i, read in enumerate(foreign))
        file = reads / f"fastq/lot1_rep1_R{mate}.fastq.gz"
        file.write_bytes(gzip.compress(text.encode(), mtime=0))
    out = tmp_path / "out"
    run(check, reads / "samples.tsv", "--out", out, "--step", "reads")
    run(check, reads / "samples.tsv", "--out", out, "--step", "join")
    assert run(quantify, *common, "--out", out, "--step", "quantify").exit_code == 0
    refused = out / "quant/kallisto/lot1_rep1/refused.txt"
    assert " of these match a transcript; the required fraction is" in refused.read_text()
    assert (out / "quant/kallisto/lot2_rep1/abundance.tsv").exists()
    with pytest.raises(RefusedError, match=r"`reads.exclude: \[lot1_rep1\]`"):
        run(quantify, *common, "--out", out, "--step", "judge")


def test_quantify__halves_go_with_the_reads_that_they_are_of(reads, tmp_path):
    common = (reads / "samples.tsv", "--transcripts", reads / "reference" / "transcripts.fa")
    out, one = tmp_path / "out", ("--sample", "lot1_rep1")
    folder = out / "quant" / "kallisto"

    def left():
        return sorted(path.name for path in folder.glob("*.halves.parquet"))

    both = ["lot1_rep1.halves.parquet", "lot2_rep1.halves.parquet"]
    run(quantify, *common, "--out", out)
    assert left() == both
    run(quantify, *common, "--out", out, "--step", "quantify", *one)
    assert left() == both[1:]
    run(quantify, *common, "--out", out, "--step", "judge")
    assert left() == both[1:]
    run(quantify, *common, "--out", out, "--step", "judge", "--no-halves")
    assert not left()
    with pytest.raises(InputError, match=r"'--step halves' cannot be used with '--no-halves'"):
        run(quantify, *common, "--out", out, "--step", "halves", "--no-halves")


def test_quantify__halves_of_a_refused_sample_have_no_rows(reads, tmp_path):
    common = (reads / "samples.tsv", "--transcripts", reads / "reference" / "transcripts.fa")
    folder = tmp_path / "quant" / "kallisto"
    run(quantify, *common, "--out", tmp_path)
    shutil.rmtree(folder / "lot1_rep1")
    (folder / "lot1_rep1").mkdir()
    (folder / "lot1_rep1" / "refused.txt").write_text("its reads match no transcript\n")
    run(quantify, *common, "--out", tmp_path, "--step", "halves")
    n_rows = [pl.read_parquet(folder / f"lot{n}_rep1.halves.parquet").height for n in (1, 2)]
    assert n_rows[0] == 0 < n_rows[1]


def test_quantify__an_unknown_sample_is_refused(reads, tmp_path):
    common = (reads / "samples.tsv", "--transcripts", reads / "reference" / "transcripts.fa")
    with pytest.raises(InputError, match=r"has no sample 'lot9'"):
        run(quantify, *common, "--out", tmp_path, "--step", "quantify", "--sample", "lot9")
    with pytest.raises(InputError, match=r"--sample requires '--step quantify' or '--step halves'"):
        run(quantify, *common, "--out", tmp_path, "--sample", "lot1_rep1")
    with pytest.raises(InputError, match=r"intake.tsv: no such table"):
        run(quantify, *common, "--out", tmp_path, "--step", "judge")


def test_quantify__limits_are_options(reads, tmp_path):
    common = (reads / "samples.tsv", "--transcripts", reads / "reference" / "transcripts.fa")
    with pytest.raises(RefusedError, match=r"2 quantifications are refused: .*required >= 1,999\b"):
        run(quantify, *common, "--out", tmp_path, "--smallest-reads-used", 1_999)
    assert run(quantify, *common, "--out", tmp_path).exit_code == 0
    said = run(quantify, *common, "--out", tmp_path, "--noted-depth-ratio", 1.5)
    assert said.exit_code == 2
    assert "--noted-depth-ratio is 1.5; input should be less than or equal to 1" in said.output
