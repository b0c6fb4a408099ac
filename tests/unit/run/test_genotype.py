"""Donors of a sheet of samples, from counts to tables."""

from __future__ import annotations

import pytest

import lotwise
from lotwise.config import FiguresConfig, GenotypeConfig
from lotwise.errors import InputError, RefusedError
from lotwise.evidence.genotype import DonorRecord, GenotypeRecord
from lotwise.files.tables import read_table
from lotwise.run.genotype import compare_donors, join_samples, require_sound, write_donors
from lotwise.samples import Sample
from lotwise.tree import ResultTree


def samples_of(*donors: str) -> list[Sample]:
    return [
        Sample(sample=f"lot{number}", batch=f"lot{number}", donor=donor)
        for number, donor in enumerate(donors, start=1)
    ]


def test_write_donors__writes_both_tables_and_the_figure(tmp_path) -> None:
    tables = compare_donors(samples_of("D", "D", "E"), lotwise.datasets.two_donors())
    tree = ResultTree(tmp_path)
    write_donors(tables, tree=tree, figures=FiguresConfig(formats=("png",)))
    donors = read_table(tree.table("gene", "donors"), DonorRecord)
    assert donors["found"].tolist() == ["1", "1", "2"]
    pairs = read_table(tree.table("gene", "genotype"), GenotypeRecord)
    assert pairs["same_donor"].tolist() == ["yes", "no", "no"]
    assert tree.figure("gene", "genotype").with_suffix(".png").stat().st_size > 0
    require_sound(tables["donors"], tree=tree)


def test_require_sound__names_each_sample_of_another_donor(tmp_path) -> None:
    tables = compare_donors(samples_of("D", "D", "D"), lotwise.datasets.two_donors())
    with pytest.raises(RefusedError, match=r"1 of 3 samples .*: lot3: of another donor than lot1"):
        require_sound(tables["donors"], tree=ResultTree(tmp_path))


def test_require_sound__says_who_was_exchanged_and_what_is_mixed(tmp_path) -> None:
    donors = compare_donors(samples_of("D", "D", "E"), lotwise.datasets.two_donors())["donors"]
    tree = ResultTree(tmp_path)
    donors.loc[0, ["agrees", "exchanged_with", "reason"]] = "no", "lot3", "of donor E"
    donors.loc[1, ["mixed", "reason"]] = "yes", "about 10 % of another donor"
    with pytest.raises(
        RefusedError,
        match=r"2 of 3 samples .*: lot1: exchanged with lot3, of donor E \| lot2: about 10 %",
    ):
        require_sound(donors, tree=tree)


def test_join_samples__a_sample_that_was_not_counted_is_named(tmp_path) -> None:
    with pytest.raises(InputError, match=r"lot1\.npz: cannot be read as counted bases"):
        join_samples(samples_of("D"), tree=ResultTree(tmp_path), config=GenotypeConfig())
