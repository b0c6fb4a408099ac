"""Reads dealt into quarters, and what is quantified of them."""

from __future__ import annotations

import dataclasses
import logging

import dnaio
import numpy as np
import polars as pl
import pytest

from lotwise.errors import InputError
from lotwise.keys import PARTS
from lotwise.quantify import Kallisto, Reference, Settings, quantify_samples
from lotwise.quantify.halves import split_reads
from lotwise.tree import halves_of


def names_of(path):
    with dnaio.open(path, open_threads=0) as reads:
        return [read.id for read in reads]


def test_split_reads__every_read_once_with_its_mate(pair, make_sample, tmp_path):
    quarters = split_reads(make_sample(*pair), tmp_path)
    firsts = [names_of(runs[0].fastq_1) for runs in quarters.runs]
    seconds = [names_of(runs[0].fastq_2) for runs in quarters.runs]
    assert sorted(name for part in firsts for name in part) == sorted(names_of(pair[0]))
    assert [[name.split("/")[0] for name in part] for part in firsts] == [
        [name.split("/")[0] for name in part] for part in seconds
    ]
    assert quarters.n_reads == tuple(len(part) for part in firsts)


def test_split_reads__quarters_are_of_like_size_and_the_same_again(pair, make_sample, tmp_path):
    (tmp_path / "again").mkdir()
    quarters = split_reads(make_sample(*pair), tmp_path)
    again = split_reads(make_sample(*pair), tmp_path / "again")
    total = sum(quarters.n_reads)
    # Five standard errors of a quarter.
    assert np.allclose(quarters.n_reads, total / 4, atol=5 * np.sqrt(total * 3 / 16))
    assert [names_of(runs[0].fastq_1) for runs in quarters.runs] == [
        names_of(runs[0].fastq_1) for runs in again.runs
    ]


def test_split_reads__mates_named_1_and_2_stay_together(make_sample, write_gz, tmp_path):
    lines = "".join(f"@r{number}/{{0}}\n{'ACGT' * 10}\n+\n{'I' * 40}\n" for number in range(200))
    mates = [write_gz(f"m{mate}.fastq.gz", lines.format(mate).encode()) for mate in (1, 2)]
    quarters = split_reads(make_sample(*mates), tmp_path)
    for runs in quarters.runs:
        firsts, seconds = names_of(runs[0].fastq_1), names_of(runs[0].fastq_2)
        assert [name[:-2] for name in firsts] == [name[:-2] for name in seconds]


def test_quantify_samples__leaves_the_parts_and_nothing_else(
    pair, make_sample, transcripts, tmp_path
):
    quantify_samples(
        [make_sample(*pair)],
        quantifier=Kallisto(),
        reference=Reference(transcripts=transcripts),
        out=tmp_path,
        settings=Settings(cache=tmp_path / "index", halves=True),
    )
    folder = tmp_path / "quant" / "kallisto"
    table = pl.read_parquet(halves_of(folder / "S1"))
    whole = pl.read_csv(folder / "S1" / "abundance.tsv", separator="\t")
    assert table["feature"].to_list() == whole["target_id"].to_list()
    assert table.columns == ["feature", *PARTS]
    for part in PARTS:
        assert table[part].sum() == pytest.approx(1e6, rel=1e-4)
    assert {path.name for path in folder.iterdir()} == {
        "S1", "S1.json", "S1.halves.parquet", "samples.tsv"
    }  # fmt: skip


def test_quantify_samples__few_reads_have_no_halves_and_a_warning(
    make_reads, make_sample, transcripts, tmp_path, caplog
):
    few = make_reads("few", n_fragments=1_200)
    settings = Settings(cache=tmp_path / "index", halves=True)
    loose = dataclasses.replace(
        settings, limits=settings.limits.model_copy(update={"smallest_reads_used": 1})
    )
    with caplog.at_level(logging.WARNING):
        quantify_samples(
            [make_sample(*few)],
            quantifier=Kallisto(),
            reference=Reference(transcripts=transcripts),
            out=tmp_path,
            settings=loose,
        )
    assert "at least 400 are required; halves of the reads are not quantified" in caplog.text
    assert pl.read_parquet(halves_of(tmp_path / "quant" / "kallisto" / "S1")).is_empty()


def test_quantify_samples__a_part_that_fails_costs_the_halves_alone(
    pair, make_sample, transcripts, tmp_path, caplog
):
    class FailsOnParts(Kallisto):
        def read(self, directory):
            if "quarter" in str(directory):
                raise InputError("a planted fault")
            return super().read(directory)

    quantify_samples(
        [make_sample(*pair)],
        quantifier=FailsOnParts(),
        reference=Reference(transcripts=transcripts),
        out=tmp_path,
        settings=Settings(cache=tmp_path / "index", halves=True),
    )
    assert "quarter 1 of its reads could not be quantified" in caplog.text
    folder = tmp_path / "quant" / "kallisto" / "S1"
    assert (folder / "abundance.tsv").exists()
    assert pl.read_parquet(halves_of(folder)).is_empty()
