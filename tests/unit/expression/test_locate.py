"""A file, a directory and an RSEM prefix lead to the same files."""

from __future__ import annotations

import pytest

from lotwise.errors import InputError
from lotwise.expression.locate import locate


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("given", ["S1.genes.results", "S1.isoforms.results", "S1", "."])
def test_locate__rsem_by_file_prefix_and_directory(tmp_path, given, suffix):
    gene = tmp_path / f"S1.genes.results{suffix}"
    isoform = tmp_path / f"S1.isoforms.results{suffix}"
    gene.touch()
    isoform.touch()
    name = f"{given}{suffix}" if given.endswith("results") else given
    assert locate(tmp_path / name) == (gene, isoform)


@pytest.mark.parametrize(("present", "level"), [("genes", 0), ("isoforms", 1)])
def test_locate__one_of_rsems_files_alone(tmp_path, present, level):
    file = tmp_path / f"S1.{present}.results"
    file.touch()
    for given in (file, tmp_path, tmp_path / "S1"):
        found = locate(given)
        assert found[level] == file
        assert found[1 - level] is None


@pytest.mark.parametrize("name", ["quant.sf", "quant.sf.gz", "abundance.tsv", "abundance.h5"])
def test_locate__directory_of_salmon_or_kallisto(tmp_path, name):
    (tmp_path / name).touch()
    assert locate(tmp_path) == (None, tmp_path / name)


def test_locate__bootstraps_are_in_the_h5(tmp_path):
    for name in ("abundance.tsv", "abundance.h5"):
        (tmp_path / name).touch()
    assert locate(tmp_path).isoform.name == "abundance.tsv"
    assert locate(tmp_path, bootstraps=True).isoform.name == "abundance.h5"


def test_locate__directory_of_two_samples_is_refused(tmp_path):
    for name in ("S1", "S2"):
        (tmp_path / f"{name}.genes.results").touch()
    with pytest.raises(InputError, match=r"contains 2 files \*\.genes\.results: S1.*give the file"):
        locate(tmp_path)


def test_locate__other_samples_files_are_not_siblings(tmp_path):
    (tmp_path / "S1.genes.results").touch()
    (tmp_path / "S2.isoforms.results").touch()
    assert locate(tmp_path / "S1.genes.results") == (tmp_path / "S1.genes.results", None)


def test_locate__nothing_there(tmp_path):
    with pytest.raises(InputError, match="no such file, directory or RSEM prefix"):
        locate(tmp_path / "S1")
    with pytest.raises(InputError, match=r"contains none of quant\.sf"):
        locate(tmp_path)
