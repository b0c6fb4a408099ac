"""`lotwise genotype` on a few reads."""

from __future__ import annotations

import numpy as np
import pytest

import lotwise
from lotwise.quantify.alleles import AlleleCounts
from lotwise.simulate import Plan, simulate_experiment
from lotwise.tree import ResultTree


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    """Two samples of 3,000 read pairs."""
    plan = Plan(n_genes=20, n_batches=2, n_fragments=3_000)
    folder = tmp_path_factory.mktemp("reads")
    return simulate_experiment(folder, rng=np.random.default_rng(1), plan=plan, form="reads")


def test_genotype__steps_give_what_the_whole_gives(run, experiment, tmp_path) -> None:
    def call(out, *more):
        return run(
            "genotype", experiment.samples, "--transcripts", experiment.transcripts,
            "--out", tmp_path / out, "--format", "png", *more,
        )  # fmt: skip

    apart = ResultTree(tmp_path / "apart")
    # One sample and two threads: its mates are placed at once.
    assert call("apart", "--step", "count", "--sample", "lot1_rep1", "--threads", 2).code == 0
    assert apart.pileup("lot1_rep1").is_file()
    early = call("apart", "--step", "join")
    assert early.code == 2
    assert "lot2_rep1.npz: cannot be read as counted bases" in early.err
    assert call("apart", "--step", "count", "--sample", "lot2_rep1").code == 0
    assert call("apart", "--step", "join").code == 0
    whole = call("whole", "--threads", "2")
    assert whole.code == 0, whole.err
    assert "donor1" in whole.out
    one, other = (
        AlleleCounts.load(ResultTree(tmp_path / out).alleles) for out in ("apart", "whole")
    )
    np.testing.assert_array_equal(one.covered, other.covered)
    np.testing.assert_array_equal(one.counts, other.counts)
    assert one.covered.any()


def test_genotype__another_donor_ends_with_1_and_is_named(run, tmp_path, monkeypatch) -> None:
    sheet = tmp_path / "samples.tsv"
    rows = "".join(f"lot{n}\tA\tD\tlot{n}.fq\n" for n in (1, 2, 3))
    sheet.write_text("sample\tbatch\tdonor\tfastq_1\n" + rows)
    for n in (1, 2, 3):
        (tmp_path / f"lot{n}.fq").write_text("@r\nA\n+\nI\n")
    monkeypatch.setattr("lotwise.run.genotype.count_bases", lambda *_, **__: None)
    monkeypatch.setattr(
        "lotwise.run.genotype.join_samples", lambda *_, **__: lotwise.datasets.two_donors()
    )
    ended = run(
        "genotype", sheet, "--transcripts", "t.fa", "--out", tmp_path / "out", "--format", "png"
    )
    assert ended.code == 1
    assert "2 donors among 3 samples" in ended.out
    assert (
        "lot3: of another donor than lot1, lot2, although the donor label is the same" in ended.err
    )
    assert ResultTree(tmp_path / "out").table("gene", "donors").is_file()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--sample", "lot1_rep1"), "--sample requires '--step count'"),
        (("--step", "count"), "--transcripts is missing; give the FASTA of transcripts"),
    ],
)
def test_genotype__a_call_that_cannot_be_meant_is_refused(run, experiment, options, words) -> None:
    ended = run("genotype", experiment.samples, *options)
    assert ended.code == 2
    assert words in ended.err
