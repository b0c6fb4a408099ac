"""Each program's file is recognised by its content and read to the digit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.errors import InputError
from lotwise.expression.formats import is_quantification, read_abundance, tpm_of_counts


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("program", ["salmon", "kallisto", "rsem_isoforms"])
def test_read_abundance__isoforms_to_the_digit(files, program, packed):
    # No name of the file tells what it is.
    path = getattr(files, program)("some.file", packed=packed)
    assert is_quantification(path)
    level, read = read_abundance(path)
    assert level == "isoform"
    assert read.quantifier == program.split("_")[0]
    assert read.features.to_list() == files.transcripts
    for found, wanted in ((read.tpm, files.tpm), (read.counts, files.counts)):
        assert np.array_equal(found, wanted)
    assert np.array_equal(read.length, files.length)
    if program == "rsem_isoforms":
        assert read.genes.to_list() == files.genes
        assert np.array_equal(read.fpkm, files.tpm / 2)


@pytest.mark.parametrize("packed", [False, True])
def test_read_abundance__rsem_genes(files, packed):
    level, read = read_abundance(files.rsem_genes("some.file", packed=packed))
    assert level == "gene"
    assert read.features.to_list() == files.genes[::2]
    assert np.array_equal(read.tpm, files.tpm.reshape(-1, 2).sum(axis=1))


@pytest.mark.parametrize("packed", [False, True])
def test_read_abundance__kallisto_h5(files, packed):
    path = files.kallisto_h5("abundance.h5", packed=packed)
    assert is_quantification(path)
    level, read = read_abundance(path, bootstraps=True)
    rate = files.counts / files.length
    np.testing.assert_allclose(read.tpm, rate / rate.sum() * 1e6, rtol=1e-14)
    assert level == "isoform"
    assert read.features.to_list() == files.transcripts
    assert read.bootstrap_counts.shape == (3, len(files.counts))
    np.testing.assert_allclose(read.bootstrap_counts[2], files.counts + 2, rtol=1e-6)
    assert read_abundance(path)[1].bootstrap_counts is None


def test_is_quantification__does_not_read_an_h5_whole(files, monkeypatch):
    path = files.kallisto_h5("abundance.h5")
    monkeypatch.setattr("lotwise.expression.formats.read_bytes", None)
    assert is_quantification(path)


def test_read_abundance__kallisto_h5_without_bootstraps(files):
    path = files.kallisto_h5("abundance.h5", n_bootstraps=0)
    assert read_abundance(path, bootstraps=True)[1].bootstrap_counts is None


def test_read_abundance__bootstraps_keep_their_order(files):
    path = files.kallisto_h5("abundance.h5", n_bootstraps=12)
    drawn = read_abundance(path, bootstraps=True)[1].bootstrap_counts
    # bs10 stands before bs2 in the file.
    np.testing.assert_allclose(np.diff(drawn[:, 0]), 1, atol=1e-4)


def test_read_abundance__damaged_h5(files):
    path = files.kallisto_h5("abundance.h5")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"abundance\.h5: is not kallisto's abundance\.h5"):
        read_abundance(path)
    with pytest.raises(InputError, match=r"abundance\.h5: is a damaged HDF5 file"):
        is_quantification(path)


def test_read_abundance__another_table(files):
    path = files.text("x.tsv", ["gene", "S1", "S2"], [["g", 1, 2]])
    assert not is_quantification(path)
    with pytest.raises(InputError, match=r"row 1: is not one of RSEM's.*'gene', 'S1', 'S2'"):
        read_abundance(path)


def test_read_abundance__blank_lines_at_the_end_are_none(files):
    path = files.salmon("quant.sf")
    path.write_text(path.read_text() + "\n\n")
    assert len(read_abundance(path)[1].features) == len(files.transcripts)


def test_read_abundance__blank_line_within_is_refused(files):
    path = files.salmon("quant.sf")
    lines = path.read_text().split("\n")
    path.write_text("\n".join([*lines[:4], "", *lines[4:]]))
    with pytest.raises(InputError, match="row 5: has 1 cells, but the header has 5"):
        read_abundance(path)


def test_read_abundance__columns_in_another_order(files):
    path = files.text(
        "q.sf",
        ["NumReads", "TPM", "Name", "extra", "EffectiveLength", "Length"],
        [[1, 1e6, "t1", "x", 100, 200]],
    )
    read = read_abundance(path)[1]
    assert (read.counts[0], read.tpm[0], read.length[0]) == (1, 1e6, 100)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8), st.floats(0.01, 100))
def test_tpm_of_counts__is_a_share_and_ignores_depth(counts, depth):
    counts = np.array(counts)
    length = np.arange(len(counts)) * 100.0 + 50
    tpm = tpm_of_counts(counts, length)
    if (counts / length).sum() < 1e-3:
        return
    assert tpm.sum() == pytest.approx(1e6)
    np.testing.assert_allclose(tpm_of_counts(counts * depth, length), tpm, rtol=1e-9, atol=1e-9)


def test_tpm_of_counts__nothing_sequenced_is_nan():
    assert np.isnan(tpm_of_counts(np.zeros(3), np.ones(3))).all()


# ---- K2: the names of the rows decide as well, whatever the columns say


def test_read_abundance__kallisto_h5_of_genes_is_the_gene_level(files):
    path = files.kallisto_h5(
        "abundance.h5", names=[f"ENSG{i:011d}.1" for i in range(len(files.counts))]
    )
    level, read = read_abundance(path)
    assert level == "gene"
    assert read.features[0] == "ENSG00000000000.1"


def test_read_abundance__rsem_isoforms_whose_rows_are_genes_are_the_gene_level(files):
    genes = [f"ENSG{i:011d}" for i in range(len(files.counts))]
    path = files.rsem_isoforms("x.isoforms.results", genes=genes, names=genes)
    level, read = read_abundance(path)
    assert level == "gene"
    assert read.features.to_list() == genes
    assert read.genes is None


@pytest.mark.parametrize("program", ["salmon", "kallisto"])
def test_read_abundance__text_whose_rows_are_genes_of_mice_is_the_gene_level(files, program):
    names = [f"ENSMUSG{i:011d}.2" for i in range(len(files.counts))]
    assert read_abundance(getattr(files, program)("q.tsv", names=names))[0] == "gene"
