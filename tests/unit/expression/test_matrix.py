"""TPM matrices of every kind, either way round, and nothing guessed."""

from __future__ import annotations

import gzip

import anndata
import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

import lotwise
from lotwise.errors import InputError
from lotwise.expression.checks import check_tpm
from lotwise.expression.matrix import level_of, read_matrix

GENES = [f"ENSG{i:011d}" for i in range(6)]
SAMPLES = ["A", "B", "C"]
TPM = np.array([[1.5, 2e5, 0, 7e5, 1e5 - 2, 0.5], [1e6, 0, 0, 0, 0, 0], [0, 5e5, 5e5, 0, 0, 0]])


def write(folder, kind, *, by_row=False, packed=False, tpm=TPM, genes=GENES):
    path = folder / f"matrix.{kind}{'.gz' if packed else ''}"
    if kind == "h5ad":
        stored = anndata.AnnData(
            X=np.zeros(tpm.shape),
            obs=pd.DataFrame(index=SAMPLES),
            var=pd.DataFrame(index=genes),
            layers={"tpm": sparse.csr_matrix(tpm), "counts": tpm * 2},
        )
        (stored if by_row else stored.T).write_h5ad(path)
    else:
        table = pd.DataFrame(tpm, index=pd.Index(SAMPLES, name="feature"), columns=genes)
        table = table if by_row else table.T.rename_axis("feature")
        table.to_csv(path, sep="\t" if kind == "tsv" else ",", compression=None)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    return path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("by_row", [False, True])
@pytest.mark.parametrize("kind", ["tsv", "csv", "h5ad"])
def test_read_matrix__either_way_round(tmp_path, kind, by_row, packed):
    path = write(tmp_path, kind, by_row=by_row, packed=packed)
    read = read_matrix(path, ["C", "A"])
    assert list(read) == ["C", "A"]
    assert read["A"].features.to_list() == GENES
    assert np.array_equal(read["A"].tpm, TPM[0])
    assert np.array_equal(read["C"].tpm, TPM[2])
    assert np.isnan(read["A"].counts).all() == (kind != "h5ad")
    gene, isoform = lotwise.read_quant(dict.fromkeys(SAMPLES, path))
    assert isoform is None
    assert np.array_equal(gene.layers["tpm"], TPM)


def test_read_matrix__x_of_an_h5ad_without_a_layer(tmp_path):
    path = tmp_path / "x.h5ad"
    stored = anndata.AnnData(TPM, obs=pd.DataFrame(index=SAMPLES), var=pd.DataFrame(index=GENES))
    stored.write_h5ad(path)
    assert np.array_equal(read_matrix(path, ["B"])["B"].tpm, TPM[1])
    del stored.X
    stored.write_h5ad(path)
    with pytest.raises(InputError, match="has neither the layer 'tpm' nor X"):
        read_matrix(path, ["B"])


def test_read_matrix__square_with_samples_on_both_sides_is_refused(tmp_path):
    path = write(tmp_path, "tsv", tpm=TPM[:, :3], genes=SAMPLES)
    with pytest.raises(InputError, match="in the first row and in the first column"):
        read_matrix(path, SAMPLES)


def test_read_matrix__unknown_sample_shows_both_sides(tmp_path):
    path = write(tmp_path, "tsv")
    with pytest.raises(
        InputError, match=r"does not contain sample 'D'; .*'A', 'B', 'C'.*'ENSG0000"
    ):
        read_matrix(path, ["A", "D"])


def test_read_matrix__sample_twice(tmp_path):
    path = tmp_path / "m.tsv"
    path.write_text("feature\tA\tA\nENSG1\t1\t2\n")
    with pytest.raises(InputError, match="contains sample 'A' twice"):
        read_matrix(path, ["A"])


@pytest.mark.parametrize("kind", ["tsv", "csv"])
def test_read_matrix__quoted_as_r_writes_it(tmp_path, kind):
    path = write(tmp_path, kind)
    separator = "\t" if kind == "tsv" else ","
    lines = [line.split(separator) for line in path.read_text().splitlines()]
    lines = [[f'"{cell}"' for cell in lines[0]]] + [[f'"{row[0]}"', *row[1:]] for row in lines[1:]]
    path.write_text("\n".join(separator.join(row) for row in lines) + "\n")
    assert read_matrix(path, ["A"])["A"].features.to_list() == GENES


def test_read_matrix__header_without_the_first_name(tmp_path):
    path = write(tmp_path, "tsv")
    path.write_text(path.read_text().removeprefix("feature\t"))
    assert read_matrix(path, ["B"])["B"].features.to_list() == GENES
    path.write_text("gene_id\tA\tB\n" + "".join(f"{gene}\t1\t2\t3\n" for gene in GENES))
    with pytest.raises(
        InputError, match="row 1: the header has 3 columns, but the rows have 4 cells"
    ):
        read_matrix(path, ["A"])


@pytest.mark.parametrize("by_row", [False, True])
def test_read_matrix__wrong_value_is_named_by_sample_and_place(tmp_path, by_row):
    wrong = TPM.copy()
    wrong[2, 4] = -1
    path = write(tmp_path, "tsv", tpm=wrong, by_row=by_row)
    place = "matrix.tsv: sample" if by_row else "matrix.tsv, row 6, column 'C': sample"
    with pytest.raises(InputError, match=f"{place} 'C': TPM of '{GENES[4]}' is -1"):
        check_tpm("C", read_matrix(path, ["C"])["C"])


def test_read_matrix__duplicate_feature_along_the_first_row(tmp_path):
    path = write(tmp_path, "tsv", genes=[*GENES[:5], GENES[0]], by_row=True)
    with pytest.raises(InputError, match=f"row 1: contains feature '{GENES[0]}' 2 times"):
        read_matrix(path, ["A"])


@pytest.mark.parametrize(
    ("names", "level"),
    [
        (["ENSG00000000003.15", "ENSMUSG00000000001"], "gene"),
        (["ENST00000373020.9", "ENSMUST00000000001"], "isoform"),
        (["NM_000014.6", "NR_001526_1", "XM_1"], "isoform"),
        (["TP53", "XIST"], None),
        (["ENSG00000000003", "ENST00000373020"], None),
        (["ENSG00000000003", "TP53", "XIST"], None),
    ],
)
def test_level_of__identifiers(names, level):
    assert level_of(pl.Series(names), None) == level


def test_level_of__map_before_identifiers():
    names = pl.Series(["a", "b", "ENSG1"])
    known = pl.DataFrame({"transcript": ["a", "b"], "gene": ["c", "c"]})
    assert level_of(names, known) == "isoform"
    assert level_of(names, known.rename({"transcript": "gene", "gene": "transcript"})) == "gene"


def test_read_quant__unknown_level_is_asked_for(tmp_path):
    path = write(tmp_path, "tsv", genes=list("uvwxyz"))
    with pytest.raises(InputError, match=r"inferred .*\(u, v, w\.\.\.\).*--matrix-level gene"):
        lotwise.read_quant(dict.fromkeys(SAMPLES, path))
    assert lotwise.read_quant(dict.fromkeys(SAMPLES, path), matrix_level="gene").gene.n_vars == 6
