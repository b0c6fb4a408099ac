"""From quantifications to AnnData at both levels."""

from __future__ import annotations

import numpy as np
import pytest

import lotwise
from lotwise.errors import (
    InputError,
    LotwiseWarning,
    SharedFeaturesWarning,
    UnmappedTranscriptsWarning,
)
from lotwise.expression import read_level, write_level
from lotwise.expression.layers import bootstraps_of
from lotwise.samples import Sample

# anndata 0.13 asks pandas 3 for it; pytest.warns hands the warning on without its module.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'future.infer_string' option"),
    # One set of abundances stands for several samples here; test_comparability.py asks for more.
    pytest.mark.filterwarnings("ignore::lotwise.errors.InvalidComparisonWarning"),
]


def write_map(files, names=None, genes=None):
    rows = list(zip(names or files.transcripts, genes or files.genes, strict=True))
    return files.text("tx2gene.tsv", ["transcript", "gene"], rows)


@pytest.mark.parametrize("program", ["salmon", "kallisto", "kallisto_h5"])
def test_read_quant__both_levels(files, program):
    tx2gene = write_map(files)
    write = getattr(files, program)
    quants = {name: write(f"{name}.file") for name in ("S1", "S2")}
    gene, isoform = lotwise.read_quant(quants | {"S2": write("again")}, tx2gene=tx2gene)
    assert isoform.obs_names.to_list() == gene.obs_names.to_list() == ["S1", "S2"]
    assert isoform.var_names.to_list() == files.transcripts
    assert isoform.var["gene_id"].to_list() == files.genes
    assert gene.var_names.to_list() == files.genes[::2]
    tpm = isoform.layers["tpm"]
    assert np.array_equal(isoform.X, np.log2(tpm + 1))
    np.testing.assert_allclose(gene.layers["tpm"], tpm.reshape(2, -1, 2).sum(axis=2), rtol=1e-15)
    counts = files.counts.reshape(-1, 2).sum(axis=1)
    np.testing.assert_allclose(gene.layers["counts"][1], counts, rtol=1e-15)
    assert gene.obs["n_unmapped_transcripts"].to_list() == [0, 0]


def test_read_quant__rsem_keeps_its_own_genes(files):
    files.rsem_genes("S1.genes.results")
    files.rsem_isoforms("S1.isoforms.results", packed=True)
    files.rsem_genes("S2/any.genes.results", packed=True)
    files.rsem_isoforms("S2/any.isoforms.results")
    gene, isoform = lotwise.read_quant({"S1": files.folder / "S1", "S2": files.folder / "S2"})
    assert gene.obs["quantifier"].to_list() == ["rsem", "rsem"]
    assert gene.obs["quant"].iloc[0].endswith("S1.genes.results")
    assert isoform.var["gene_id"].to_list() == files.genes
    np.testing.assert_allclose(gene.layers["fpkm"][0] * 2, gene.layers["tpm"][0])


def test_read_quant__rsem_isoforms_alone_are_summed(files):
    path = files.rsem_isoforms("S1.isoforms.results")
    gene, _ = lotwise.read_quant({"S1": path, "S2": files.rsem_isoforms("S2.isoforms.results")})
    wanted = files.tpm.reshape(-1, 2).sum(axis=1)
    np.testing.assert_allclose(gene.layers["tpm"][0], wanted, rtol=1e-15)


def rsem_without_genes(files):
    """What RSEM leaves that was given no map: its genes are its transcripts."""
    for name in ("S1", "S2"):
        isoforms = files.rsem_isoforms(f"{name}.isoforms.results", genes=files.transcripts)
        rows = [line.split("\t") for line in isoforms.read_text().splitlines()[1:]]
        header = ["gene_id", "transcript_id(s)", "length", "effective_length", "expected_count",
                  "TPM", "FPKM"]  # fmt: skip
        files.text(f"{name}.genes.results", header, [row[:7] for row in rows])
    return {name: files.folder / name for name in ("S1", "S2")}


def test_read_quant__rsem_isoforms_are_summed_by_a_map_that_rsem_was_not_given(files):
    words = r"12 of 12 transcripts belong to different genes in RSEM's files and in tx2gene.tsv"
    with pytest.warns(LotwiseWarning, match=words):
        gene, _ = lotwise.read_quant(rsem_without_genes(files), tx2gene=write_map(files))
    assert gene.var_names.to_list() == files.genes[::2]
    wanted = files.tpm.reshape(-1, 2).sum(axis=1)
    np.testing.assert_allclose(gene.layers["tpm"][0], wanted, rtol=1e-15)


def test_read_quant__rsem_keeps_its_genes_beside_a_map_that_agrees(files):
    for name in ("S1", "S2"):
        files.rsem_genes(f"{name}.genes.results")
        files.rsem_isoforms(f"{name}.isoforms.results")
    unversioned = [gene.partition(".")[0] for gene in files.genes]
    gene, _ = lotwise.read_quant(
        {"S1": files.folder / "S1", "S2": files.folder / "S2"},
        tx2gene=write_map(files, genes=unversioned),
    )
    assert gene.obs["quant"].iloc[0].endswith("S1.genes.results")
    assert "fpkm" in gene.layers


def write_symbols(files, *, genes):
    header = ["transcript", "gene", "gene_name"]
    symbols = [f"SYM{i // 2}" for i in range(len(genes))]
    rows = zip(files.transcripts, genes, symbols, strict=True)
    return files.text("symbols.tsv", header, rows)


@pytest.mark.parametrize("with_isoforms", [True, False])
@pytest.mark.parametrize("versions", [True, False])
def test_read_quant__rsem_genes_have_the_symbols_of_the_map(files, with_isoforms, versions):
    for name in ("S1", "S2"):
        files.rsem_genes(f"{name}.genes.results")
        if with_isoforms:
            files.rsem_isoforms(f"{name}.isoforms.results")
    genes = files.genes if versions else [gene.partition(".")[0] for gene in files.genes]
    suffix = "" if with_isoforms else ".genes.results"
    gene = lotwise.read_quant(
        {name: files.folder / f"{name}{suffix}" for name in ("S1", "S2")},
        tx2gene=write_symbols(files, genes=genes),
    ).gene
    assert gene.obs["quant"].iloc[0].endswith("S1.genes.results")
    assert gene.var["gene_name"].to_list() == [f"SYM{i}" for i in range(6)]


def test_read_quant__a_matrix_of_genes_has_the_symbols_of_the_map(files):
    rows = [(files.genes[0], 4e5, 5e5), (files.genes[2], 6e5, 5e5)]
    matrix = files.text("tpm.tsv", ["feature", "S1", "S2"], rows)
    quants = {"S1": matrix, "S2": matrix}
    symbols = write_symbols(files, genes=files.genes)
    gene = lotwise.read_quant(quants, tx2gene=symbols).gene
    assert gene.var["gene_name"].to_list() == ["SYM0", "SYM1"]
    unknown = write_symbols(files, genes=[f"other{i // 2}" for i in range(12)])
    gene = lotwise.read_quant(quants, tx2gene=unknown).gene
    assert "gene_name" not in gene.var


def test_read_quant__rsem_without_any_genes_says_so(files):
    with pytest.warns(LotwiseWarning, match=r"its files \*.genes.results list transcripts"):
        gene, _ = lotwise.read_quant(rsem_without_genes(files))
    assert gene.n_vars == len(files.transcripts)


def test_read_quant__gencode_names_are_split_and_give_the_genes(files):
    names = [
        f"{t}|{g}|-|-|X|X|9|lncRNA|" for t, g in zip(files.transcripts, files.genes, strict=True)
    ]
    quants = {"S1": files.salmon("a", names=names), "S2": files.kallisto("b", names=names)}
    gene, isoform = lotwise.read_quant(quants)
    assert isoform.var_names.to_list() == files.transcripts
    assert gene.var_names.to_list() == files.genes[::2]
    mapped = lotwise.read_quant(quants, tx2gene=write_map(files)).gene
    assert np.array_equal(mapped.layers["tpm"], gene.layers["tpm"])


def test_read_quant__gencode_names_are_split_beside_a_spike_in(files):
    names = [
        f"{t}|{g}|-|-|X|X|9|lncRNA|" for t, g in zip(files.transcripts, files.genes, strict=True)
    ]
    names[-1] = "ERCC-00002"
    with pytest.warns(UnmappedTranscriptsWarning, match="1 of 12 transcripts have no gene"):
        gene, isoform = lotwise.read_quant(
            {"S1": files.salmon("a", names=names), "S2": files.salmon("b", names=names)}
        )
    assert isoform.var_names.to_list() == [*files.transcripts[:-1], "ERCC-00002"]
    assert gene.var_names.to_list() == files.genes[::2]


def test_read_quant__names_a_failed_library(files):
    quants = {"S1": files.salmon("a"), "S2": files.salmon("b"), "S3": files.salmon("c")}
    files.counts = np.round(files.counts / 50, 2)
    quants["failed"] = files.salmon("d")
    words = (
        r"'failed' has only [\d,]+ counts; the median of the other samples is [\d,]+ "
        r"\(ratio 0\.02\)"
    )
    with pytest.warns(LotwiseWarning, match=words):
        lotwise.read_quant(quants, tx2gene=write_map(files))


def test_read_quant__unmapped_transcripts_are_counted_with_their_share(files):
    tx2gene = write_map(files, files.transcripts[2:], files.genes[2:])
    quants = {"S1": files.salmon("a"), "S2": files.salmon("b")}
    share = files.tpm[:2].sum() / 1e6
    told = f"Their share of a sample's TPM is {100 * share:.3g} %"
    words = rf"2 of 12 transcripts have no gene in tx2gene.tsv\. .*{told}"
    with pytest.warns(UnmappedTranscriptsWarning, match=words):
        gene, isoform = lotwise.read_quant(quants, tx2gene=tx2gene)
    assert gene.n_vars == 5
    assert isoform.obs["n_unmapped_transcripts"].to_list() == [2, 2]
    np.testing.assert_allclose(isoform.obs["unmapped_tpm_share"], share, rtol=1e-12)
    assert isoform.var["gene_id"].to_list()[:3] == ["", "", files.genes[2]]


def test_read_quant__without_a_map_there_are_isoforms_alone(files):
    with pytest.warns(LotwiseWarning, match=r"the gene level is missing, .*\(tx2gene\)"):
        gene, isoform = lotwise.read_quant({"S1": files.salmon("a"), "S2": files.salmon("b")})
    assert gene is None
    assert isoform.n_vars == 12


def test_read_quant__bootstraps(files):
    path = files.kallisto_h5("S1/abundance.h5")
    files.kallisto("S1/abundance.tsv")
    gene, isoform = lotwise.read_quant(
        {"S1": path.parent, "S2": files.kallisto_h5("S2.h5")},
        tx2gene=write_map(files),
        bootstraps=True,
    )
    assert isoform.uns["lotwise"]["bootstraps"]["S1"].shape == (3, 12)
    write_level(isoform, files.folder)
    stored = read_level(files.folder / "isoform.h5ad", "isoform")
    drawn = stored.uns["lotwise"]["bootstraps"]["S2"]
    assert np.array_equal(drawn, isoform.uns["lotwise"]["bootstraps"]["S2"])
    of_isoforms, of_genes = bootstraps_of(isoform, "S2"), bootstraps_of(gene, "S2")
    np.testing.assert_allclose(of_genes, of_isoforms.reshape(3, -1, 2).sum(axis=2), rtol=1e-6)
    lotwise.tl.ceilings(gene, methods=("bootstraps",))
    assert lotwise.get.evidence(gene, "ceilings")["ceiling"].between(0.5, 1).all()


def test_read_quant__bootstraps_of_genes_are_of_the_samples_that_have_them(files):
    with pytest.warns(LotwiseWarning, match="bootstraps were requested, but 1 of 2 samples"):
        gene, _ = lotwise.read_quant(
            {"S1": files.salmon("S1.sf"), "S2": files.kallisto_h5("S2.h5")},
            tx2gene=write_map(files),
            bootstraps=True,
        )
    assert list(gene.uns["lotwise"]["bootstraps"]) == ["S2"]
    # The first bootstrap is the estimate itself, and so are its gene counts.
    np.testing.assert_allclose(
        gene.uns["lotwise"]["bootstraps"]["S2"][0], gene.layers["counts"][1], rtol=1e-6
    )
    lotwise.tl.ceilings(gene, methods=("bootstraps",))
    assert lotwise.get.evidence(gene, "ceilings")["reason"].tolist() == [
        "the reliability of a sample is unknown: the quantification has no bootstraps"
    ]


def test_read_quant__order_of_features_does_not_matter(files):
    first = files.salmon("a")
    lines = first.read_text().splitlines()
    second = files.folder / "b"
    second.write_text("\n".join([lines[0], *lines[:0:-1]]) + "\n")
    _, isoform = lotwise.read_quant({"S1": first, "S2": second}, tx2gene=write_map(files))
    assert np.array_equal(isoform.layers["tpm"][0], isoform.layers["tpm"][1])
    assert np.array_equal(isoform.layers["counts"][0], isoform.layers["counts"][1])


def test_read_quant__common_features_alone_where_told(files):
    other = ["new.1", *files.transcripts[1:]]
    quants = {"S1": files.salmon("a"), "S2": files.salmon("b", names=other)}
    with pytest.raises(InputError, match=r"b: 11 of 13 features \(84\.6 %\) are common"):
        lotwise.read_quant(quants, tx2gene=write_map(files))
    with pytest.warns(SharedFeaturesWarning, match="11 of 13 features"):
        gene, isoform = lotwise.read_quant(quants, tx2gene=write_map(files), min_shared=0.8)
    assert isoform.var_names.to_list() == files.transcripts[1:]
    assert gene.n_vars == 6


def test_read_quant__no_common_level_names_one_of_either(files):
    quants = {"S1": files.rsem_genes("S1.genes.results"), "S2": files.salmon("b")}
    with (
        pytest.warns(LotwiseWarning, match="(gene|isoform) level is not available"),
        pytest.raises(InputError, match="'S1' has genes, 'S2' has isoforms"),
    ):
        lotwise.read_quant(quants)


def test_read_quant__what_the_sheet_says_stands_in_obs(files):
    listed = [
        Sample(sample=name, batch=batch, donor="d1", quant=files.salmon(name),
               annotations={"passage": passage})
        for name, batch, passage in (("S1", "A", "5"), ("S2", "A", ""), ("S3", "B", "7"))
    ]  # fmt: skip
    gene, _ = lotwise.read_quant(listed, tx2gene=write_map(files))
    assert gene.obs["batch"].astype(str).to_list() == ["A", "A", "B"]
    assert gene.obs["donor"].to_list() == ["d1"] * 3
    assert gene.obs["passage"].to_list() == ["5", "", "7"]
    assert "condition" not in gene.obs


def test_read_quant__nothing_given():
    with pytest.raises(InputError, match="no samples were given"):
        lotwise.read_quant({})
    with pytest.raises(
        InputError, match=r"sample 'S1' has no quantification \(1 sample has none\)"
    ):
        lotwise.read_quant([Sample(sample="S1", batch="A")])


def test_read_quant__refuses_two_samples_of_one_name(files):
    quant = files.salmon("a")
    listed = [Sample(sample="S1", batch=batch, quant=quant) for batch in "AB"]
    with pytest.raises(InputError, match=r"sample 'S1' occurs more than once.*a unique name"):
        lotwise.read_quant(listed)


def test_write_level__round_trip_and_equal_files(files, tmp_path):
    quants = {"S1": files.salmon("a"), "S2": files.salmon("b")}
    gene, _ = lotwise.read_quant(quants, tx2gene=write_map(files))
    before = gene.obs.dtypes.to_list()
    for folder in ("one", "two"):
        write_level(gene, tmp_path / folder)
    assert gene.obs.dtypes.to_list() == before
    one, two = (tmp_path / name / "gene.tpm.tsv.gz" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    stored = read_level(tmp_path / "one" / "gene.h5ad", "gene")
    for layer in ("tpm", "counts", "length"):
        assert np.array_equal(stored.layers[layer], gene.layers[layer])
    assert stored.obs["batch"].astype(str).to_list() == ["S1", "S2"]
    with pytest.raises(InputError, match="has the level 'gene', but 'isoform' is expected"):
        read_level(tmp_path / "one" / "gene.h5ad", "isoform")


def test_write_level__refuses_a_sample_that_would_hide_the_features(files, tmp_path):
    quants = {"S1": files.salmon("a"), "feature": files.salmon("b")}
    gene = lotwise.read_quant(quants, tx2gene=write_map(files)).gene
    with pytest.raises(
        InputError, match=r"the sample name 'feature' is reserved .*give the sample another"
    ):
        write_level(gene, tmp_path / "made")
    assert not (tmp_path / "made").exists()
