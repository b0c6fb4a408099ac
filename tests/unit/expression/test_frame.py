"""A table in memory is held to what files are held to."""

from __future__ import annotations

import re

import anndata
import numpy as np
import pandas as pd
import polars as pl
import pytest

import lotwise
from lotwise import keys
from lotwise.errors import InputError, InvalidComparisonWarning, TpmSumWarning
from lotwise.expression import write_level
from lotwise.expression.transcripts import TranscriptMap

# anndata 0.13 asks pandas 3 for it.
pytestmark = pytest.mark.filterwarnings("ignore:The 'future.infer_string' option")

GENES = [f"ENSG{i:011d}" for i in range(40)]
SAMPLES = ["S1", "S2", "S3"]
BATCHES = {"S1": "A", "S2": "B", "S3": "B"}


@pytest.fixture
def tpm():
    """Features x samples, each summing to a million."""
    drawn = np.random.default_rng(4).lognormal(3, 2, (len(GENES), len(SAMPLES)))
    return pd.DataFrame(drawn / drawn.sum(axis=0) * 1e6, index=GENES, columns=SAMPLES)


def same(found, tpm):
    np.testing.assert_allclose(found.layers["tpm"], tpm.T.to_numpy(), rtol=1e-12)
    assert np.array_equal(found.X, np.log2(found.layers["tpm"] + 1))
    assert found.obs_names.to_list() == SAMPLES
    assert found.var_names.to_list() == GENES


@pytest.mark.parametrize(
    "batches", [BATCHES, list(BATCHES.values()), pd.Series(BATCHES), None], ids=type
)
@pytest.mark.parametrize("is_turned", [False, True])
def test_from_frame__either_way_round(tpm, batches, is_turned):
    gene, isoform = lotwise.from_frame(tpm.T if is_turned else tpm, batches=batches)
    same(gene, tpm)
    assert isoform is None
    assert gene.obs["batch"].to_list() == (SAMPLES if batches is None else ["A", "B", "B"])
    assert keys.UNIT not in gene.uns[keys.LOTWISE]


def test_from_frame__is_what_the_file_is(tpm, tmp_path):
    path = tmp_path / "tpm.tsv"
    tpm.to_csv(path, sep="\t", index_label="gene_id")
    read = lotwise.read_quant(dict.fromkeys(SAMPLES, path)).gene
    same(read, lotwise.from_frame(tpm).gene.to_df(layer="tpm").T)


def test_from_frame__counts_and_lengths(tpm):
    gene, _ = lotwise.from_frame(tpm, counts=tpm / 100, lengths=tpm * 0 + 900, batches=BATCHES)
    np.testing.assert_allclose(gene.layers["counts"], tpm.T / 100)
    assert (gene.layers["length"] == 900).all()
    with pytest.raises(InputError, match="the samples or features of"):
        lotwise.from_frame(tpm, counts=tpm.rename(columns=str.lower))


def test_from_frame__sums_isoforms_by_a_map(tpm, tmp_path):
    transcripts = [name.replace("ENSG", "ENST") for name in GENES]
    path = tmp_path / "map.tsv"
    path.write_text("".join(f"{t}\t{GENES[i // 2]}\n" for i, t in enumerate(transcripts)))
    gene, isoform = lotwise.from_frame(tpm.set_axis(transcripts), tx2gene=path)
    assert (gene.n_vars, isoform.n_vars) == (20, 40)


def test_from_frame__takes_its_own_anndata_without_counts(tpm):
    made = lotwise.from_frame(tpm, batches=["A", "B", "B"]).gene
    assert lotwise.from_frame(made).gene.obs["batch"].to_list() == ["A", "B", "B"]


@pytest.mark.parametrize("layer", [None, "tpm"])
def test_from_frame__anndata(tpm, layer):
    stored = anndata.AnnData(
        tpm.T.to_numpy() if layer is None else np.log1p(tpm.T.to_numpy()),
        obs=pd.DataFrame({"batch": ["A", "B", "B"], "lot": ["x", "y", "z"]}, index=SAMPLES),
        var=pd.DataFrame({"gene_name": [f"SYM{i}" for i in range(40)]}, index=GENES),
        layers={} if layer is None else {"tpm": tpm.T.to_numpy()},
    )
    gene = lotwise.from_frame(stored).gene
    same(gene, tpm)
    assert gene.obs["batch"].to_list() == ["A", "B", "B"]
    assert gene.var["gene_name"].to_list()[:2] == ["SYM0", "SYM1"]
    assert lotwise.from_frame(stored, batches="lot").gene.obs["batch"].to_list() == list("xyz")
    with pytest.raises(InputError, match="has no obs column 'donor'"):
        lotwise.from_frame(stored, batches="donor")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda tpm: np.log2(tpm + 1), "the values are already on log scale"),
        (lambda tpm: np.log2(tpm + 0.001), "the values are already on log scale"),
        (lambda tpm: (tpm / 3).round(), "all are whole numbers, so these are counts, not TPM"),
        (lambda tpm: -tpm / 1e6 - 90, "must be a number >= 0"),
        (lambda tpm: tpm / 2, "these are FPKM, counts, or TPM of a subset of the features"),
        (lambda tpm: -tpm, "must be a number >= 0"),
        (lambda tpm: tpm * np.nan, "must be a number >= 0"),
        (
            lambda tpm: tpm.astype(str).replace(r".*", "x", regex=True),
            "values that are not numbers",
        ),
        (lambda tpm: tpm.set_axis(["ENSG1"] * 40), "feature 'ENSG1' occurs 40 times"),
        (lambda tpm: tpm.set_axis(["S1", "S1", "S2"], axis=1), "contains sample 'S1' twice"),
        (lambda tpm: tpm.set_axis([f"x{i}" for i in range(40)]), "level cannot be inferred"),
    ],
)
def test_from_frame__refuses_what_files_are_refused_for(tpm, spoil, words):
    with pytest.raises(InputError, match=words):
        lotwise.from_frame(spoil(tpm))


def test_from_frame__logarithms_of_counts_are_called_counts(tpm):
    with pytest.raises(InputError, match="give counts without log transform"):
        lotwise.from_frame(tpm, counts=np.log2(tpm * 1e-4))


def test_from_frame__names_are_unique_once_gencode_names_are_split(tpm):
    names = [f"ENST{i:011d}.1|ENSG{i:011d}.1|x" for i in range(40)]
    names[7] = "ENST00000000003.1|ENSG00000000009.1|y"
    with pytest.raises(InputError, match=r"feature 'ENST00000000003\.1' occurs 2 times"):
        lotwise.from_frame(tpm.set_axis(names))


def test_from_frame__genes_with_a_map_that_brings_symbols_alone():
    """The map names other versions of the genes and none of the transcripts."""
    drawn = np.random.default_rng(9).lognormal(3, 2, (50, 3))
    names = [f"ENSG{n:011d}.4" for n in range(50)]
    table = pl.DataFrame(
        {
            "transcript": [f"x{n}" for n in range(50)],
            "gene": [f"ENSG{n:011d}.7" for n in range(50)],
            "gene_name": [f"SYM{n}" for n in range(50)],
        }
    )
    frame = pd.DataFrame(drawn / drawn.sum(axis=0) * 1e6, index=names, columns=SAMPLES)
    gene, isoform = lotwise.from_frame(frame, tx2gene=TranscriptMap(table, "symbols.csv"))
    assert isoform is None
    assert gene.var[keys.GENE_NAME].to_list() == table["gene_name"].to_list()


@pytest.mark.parametrize("decimals", [2, 3, 4, 5, 6, None])
def test_from_frame__tpm_of_any_decimals_are_no_cpm(decimals):
    """salmon prints 6 decimals, RSEM 2; the smallest value is often the last decimal itself."""
    drawn = np.random.default_rng(7).lognormal(-2, 4, (5_000, 3))
    tpm = drawn / drawn.sum(axis=0) * 1e6
    rounded = tpm if decimals is None else np.round(tpm, decimals)
    names = [f"ENSG{n:011d}" for n in range(len(tpm))]
    frame = pd.DataFrame(rounded, index=names, columns=SAMPLES)
    read = lotwise.from_frame(frame).gene
    assert np.array_equal(read.layers[keys.TPM], rounded.T)


def test_from_frame__one_warning_for_the_sums_of_all_samples(tpm):
    with pytest.warns(TpmSumWarning) as told:
        lotwise.from_frame(tpm * 0.95)
    [one] = [warning for warning in told if warning.category is TpmSumWarning]
    assert "sample 'S1': TPM sum to 950,000, not 1,000,000 (2 more such samples)" in str(
        one.message
    )


@pytest.mark.parametrize("decimals", [4, 6, 8])
def test_from_frame__rounded_cpm_are_refused_as_tpm(decimals):
    drawn = np.random.default_rng(8).negative_binomial(0.3, 0.01, (5_000, 3))
    cpm = np.round(drawn / drawn.sum(axis=0) * 1e6, decimals)
    names = [f"ENSG{n:011d}" for n in range(len(cpm))]
    with pytest.raises(InputError, match=r"counts per million \(CPM\), not TPM"):
        lotwise.from_frame(pd.DataFrame(cpm, index=names, columns=SAMPLES))


def test_from_frame__cpm_are_refused_as_tpm_and_kept_by_name_as_cpm(tmp_path):
    drawn = np.random.default_rng(6).poisson(np.random.default_rng(7).lognormal(2, 1.5, (300, 3)))
    names = [f"ENSG{i:011d}" for i in range(300)]
    cpm = pd.DataFrame(drawn / drawn.sum(axis=0) * 1e6, index=names, columns=SAMPLES)
    with pytest.raises(InputError, match=r"counts per million \(CPM\), not TPM"):
        lotwise.from_frame(cpm)
    gene = lotwise.from_frame(cpm, unit="cpm").gene
    assert gene.uns[keys.LOTWISE][keys.UNIT] == "CPM"
    write_level(gene, tmp_path)
    again = lotwise.expression.read_level(tmp_path / "gene.h5ad")
    assert again.uns[keys.LOTWISE][keys.UNIT] == "CPM"


@pytest.mark.parametrize(
    ("unit", "kept"),
    [
        ("log2(TPM + 1)", None),
        ("log2(CPM+0.5)", "CPM"),
        ("log2(normalized + 1)", "normalized"),
        ("ln(CPM + 1)", "CPM"),
        ("log1p(CPM)", "CPM"),
        ("log10(CPM + .5)", "CPM"),
    ],
)
def test_from_frame__a_declared_logarithm_is_undone(tpm, unit, kept):
    constant = 0.5 if ".5" in unit else 1
    base = {"log2": 2, "log10": 10}.get(unit.partition("(")[0], np.e)
    gene = lotwise.from_frame(np.log(tpm + constant) / np.log(base), unit=unit).gene
    np.testing.assert_allclose(gene.layers["tpm"], tpm.T, rtol=1e-9)
    assert gene.uns[keys.LOTWISE].get(keys.UNIT) == kept


@pytest.mark.parametrize(
    "unit", ["log2", "counts", "vst", "", "log(CPM + 1)", "log2(counts + 1)", "log2(CPM + 1.2.3)"]
)
def test_from_frame__unknown_unit(tpm, unit):
    allowed = (
        r"unknown unit .* choose from tpm, cpm, normalized, .*'ln\(CPM \+ 1\)'.*'log1p\(CPM\)'"
    )
    with pytest.raises(InputError, match=allowed):
        lotwise.from_frame(tpm, unit=unit)


def test_from_frame__samples_that_cannot_be_told(tpm):
    square = tpm.iloc[:3].set_axis(list("abc"))
    with pytest.raises(InputError, match=r"the table \(3 x 3\) are the samples"):
        lotwise.from_frame(square / square.sum() * 1e6)
    with pytest.raises(InputError, match="sample 'S3' is missing in 'batches'"):
        lotwise.from_frame(tpm, batches={"S1": "A", "S2": "B"})


def test_from_frame__copies_are_told(tpm):
    tpm["S2"] = tpm["S1"]
    with pytest.warns(InvalidComparisonWarning, match="samples 'S1' and 'S2' .* identical values"):
        lotwise.from_frame(tpm)


def test_from_frame__a_declared_unit_is_in_the_labels_of_figures(tpm):
    gene = lotwise.from_frame(tpm, unit="cpm").gene
    lotwise.tl.correlate(gene)
    matrix = lotwise.pl.scatter_matrix(gene)
    assert {axes.get_xlabel() for axes in matrix.axes} >= {"log2(CPM + 1)"}
    title = lotwise.pl.heatmap(gene).texts
    assert any("log2(CPM + 1)" in text.get_text() for text in title)


def test_from_frame__identifiers_and_symbols_in_columns(tpm):
    symbols = [f"SYM{at}" for at in range(len(tpm))]
    loose = tpm.rename_axis("gene_id").reset_index()
    loose.insert(1, "gene_name", symbols)
    loose["description"] = "a gene"
    by_name = dict.fromkeys(tpm.columns, "A")
    gene = lotwise.from_frame(loose, batches=by_name, counts=loose, lengths=loose).gene
    wanted = lotwise.from_frame(tpm, batches=by_name, counts=tpm, lengths=tpm).gene
    assert gene.var_names.tolist() == wanted.var_names.tolist()
    assert gene.var["gene_name"].tolist() == symbols
    for layer in ("tpm", "counts", "length"):
        np.testing.assert_array_equal(gene.layers[layer], wanted.layers[layer])


def test_from_frame__text_of_unknown_meaning_is_refused(tpm):
    with pytest.raises(InputError, match=r"not numbers .*'A'"):
        lotwise.from_frame(tpm.T.assign(lot="A"))


def test_from_frame__the_design_in_obs_is_kept(tpm):
    obs = {"batch": list("ABC"), "condition": list("xxx"), "donor": ["d", "d", None]}
    stored = anndata.AnnData(tpm.T, obs=pd.DataFrame(obs, index=SAMPLES))
    gene = lotwise.from_frame(stored).gene
    assert gene.obs[["condition", "donor"]].to_numpy().T.tolist() == [list("xxx"), ["d", "d", ""]]
    stored.obs["phase"] = ["pre", "pre", "post"]
    assert lotwise.from_frame(stored).gene.obs["phase"].tolist() == ["pre", "pre", "post"]
    stored.obs["phase"] = ["G1", "S", "G1"]  # of the cell cycle
    assert "phase" not in lotwise.from_frame(stored).gene.obs
    stored.obs["condition"] = list("xxy")
    with pytest.warns(InvalidComparisonWarning, match="is compared with no other batch"):
        lotwise.from_frame(stored)


def test_from_frame__a_batch_in_two_spellings_is_refused(tpm):
    with pytest.raises(InputError, match=r"'Lot1' of sample .* differ only in spelling"):
        lotwise.from_frame(tpm, batches=["lot1", "Lot1", "lot2"])


@pytest.mark.parametrize("name", ["__no_feature", "N_unmapped", "*"])
def test_from_frame__reads_without_a_feature_are_none(tpm, name):
    with pytest.raises(InputError, match=f"'{re.escape(name)}' is not a feature, but a summary"):
        lotwise.from_frame(tpm.rename(index={GENES[3]: name}), level="gene")


@pytest.mark.parametrize("unknown", [np.nan, None])
def test_from_frame__a_sample_without_batch_is_refused(tpm, unknown):
    last = tpm.columns[-1]
    by_name = dict.fromkeys(tpm.columns, "A") | {last: unknown}
    words = rf"sample '{last}' has no batch"
    with pytest.raises(InputError, match=words):
        lotwise.from_frame(tpm, batches=by_name)
    obs = pd.DataFrame({"batch": by_name})
    with pytest.raises(InputError, match=words):
        lotwise.from_frame(anndata.AnnData(tpm.T, obs=obs))


def test_from_frame__other_kinds_of_tables_are_named(tpm):
    with pytest.raises(InputError, match=r"got numpy\.ndarray"):
        lotwise.from_frame(tpm.to_numpy())


def test_from_frame__suggests_the_column_of_batches(tpm):
    stored = lotwise.from_frame(tpm).gene
    stored.obs["lot"] = "A"
    with pytest.raises(InputError, match=r"no obs column 'Lot'; .* did you mean 'lot'\?"):
        lotwise.from_frame(stored, batches="Lot")
