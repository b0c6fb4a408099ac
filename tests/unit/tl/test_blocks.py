"""Blocks of features from a GTF's windows and from gene sets."""

from __future__ import annotations

import gzip

import anndata
import numpy as np
import pandas as pd
import pytest

import lotwise
from lotwise.errors import InputError

ROW = '{}\tsource\t{}\t{}\t{}\t.\t+\t.\tgene_id "{}"; gene_name "{}";\n'


def named(names, **var):
    tpm = np.random.default_rng(1).lognormal(3, 2, (3, len(names)))
    return anndata.AnnData(
        X=np.log2(tpm + 1),
        obs=pd.DataFrame({"batch": ["A", "B", "C"]}, index=pd.Index(list("ABC"), dtype=object)),
        var=pd.DataFrame(var, index=pd.Index(names, dtype=object)),
        layers={"tpm": tpm},
    )


def test_blocks__a_gene_lies_in_the_window_where_it_begins(tmp_path):
    rows = [("1", "gene", 5, 2500, "ENSG1.4", "X"), ("1", "gene", 900, 950, "ENSG2.1", "Y"),
            ("1", "gene", 1000, 1100, "ENSG3.1", "Z"), ("2", "gene", 5, 90, "ENSG4.1", "W"),
            ("1", "exon", 2400, 2500, "ENSG1.4", "X")]  # fmt: skip
    path = tmp_path / "genes.gtf.gz"
    path.write_bytes(gzip.compress(("#!x\n" + "".join(ROW.format(*row) for row in rows)).encode()))
    expression = named(["ENSG1.4", "ENSG2.9", "ENSG3", "W", "absent"])
    lotwise.tl.blocks(expression, source=path, neighbourhood=1000)
    assert expression.var["block"].tolist() == ["1:0", "1:0", "1:1", "2:0", "alone:absent"]


def test_blocks__without_rows_of_genes_the_first_exon_is_the_place(tmp_path):
    path = tmp_path / "exons.gtf"
    path.write_text(
        ROW.format("1", "exon", 3000, 3100, "g", "") + ROW.format("1", "exon", 10, 20, "g", "")
    )
    expression = named(["g"])
    lotwise.tl.blocks(expression, source=path, neighbourhood=1000)
    assert expression.var["block"].tolist() == ["1:0"]


def test_blocks__a_gene_of_two_sets_belongs_to_the_first_and_isoforms_to_their_gene(tmp_path):
    path = tmp_path / "sets.gmt"
    path.write_text("first\t-\tA\tB\nsecond\t-\tB\tC\n")
    isoforms = named(["t1", "t2", "t3", "t4", "t5"], gene_id=["A", "B", "B", "C", "D"])
    lotwise.tl.blocks(isoforms, source=path)
    assert isoforms.var["block"].tolist() == ["first"] * 3 + ["second", "alone:D"]
    lotwise.tl.intervals(isoforms, blocks="block", n_resamples=20)
    assert set(lotwise.get.evidence(isoforms, "intervals")["n_blocks"]) == {3}


def test_intervals__isoforms_without_a_gene_stand_alone_and_single_genes_are_warned_of():
    names = [f"t{i}" for i in range(40)]
    isoforms = named(names, gene_id=[f"g{i // 2}" for i in range(36)] + ["", "", np.nan, None])
    lotwise.tl.intervals(isoforms, n_resamples=20)
    table = lotwise.get.evidence(isoforms, "intervals")
    assert set(table["n_blocks"]) == {18 + 4}
    assert table["warning"].str.startswith("100 % of features were resampled as single genes").all()
    isoforms.var["block"] = [f"b{i // 4}" for i in range(36)] + [""] * 4
    lotwise.tl.intervals(isoforms, blocks="block", n_resamples=20)
    table = lotwise.get.evidence(isoforms, "intervals")
    assert set(table["n_blocks"]) == {9 + 4}
    assert not table["warning"].str.contains("single genes").any()


def test_blocks__refuses_what_names_no_gene(tmp_path):
    path = tmp_path / "sets.gmt"
    path.write_text("first\t-\tA\n")
    with pytest.raises(InputError, match=r"contains none of these genes \(x"):
        lotwise.tl.blocks(named(["x"]), source=path)
    with pytest.raises(InputError, match="neighbourhood must be >= 1 base, got 0"):
        lotwise.tl.blocks(named(["A"]), source=path, neighbourhood=0)


def test_blocks__rows_before_the_first_gene_change_nothing(tmp_path):
    path = tmp_path / "genes.gtf"
    rows = [("1", "exon", 900, 950, "g", ""), ("1", "gene", 900, 2500, "g", ""),
            ("1", "exon", 2400, 2500, "g", "")]  # fmt: skip
    path.write_text("".join(ROW.format(*row) for row in rows))
    expression = named(["g"])
    lotwise.tl.blocks(expression, source=path, neighbourhood=1000)
    assert expression.var["block"].tolist() == ["1:0"]


def test_blocks__a_gtf_that_ends_early_or_is_absent_is_refused(tmp_path):
    whole = gzip.compress(ROW.format("1", "gene", 5, 25, "g", "").encode() * 5000)
    path = tmp_path / "cut.gtf.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut\.gtf\.gz: is truncated; download or copy it again"):
        lotwise.tl.blocks(named(["g"]), source=path)
    with pytest.raises(InputError, match="no such file"):
        lotwise.tl.blocks(named(["g"]), source=tmp_path / "none.gtf")


def test_intervals__of_windows_warn_as_single_genes_do_and_pass_no_criterion(
    three_batches, tmp_path
):
    from lotwise import get, tl
    from lotwise.acceptance.criteria import Measure
    from lotwise.acceptance.judgement import judge_rows

    gene = three_batches.gene
    row = '1\ta\tgene\t{}\t{}\t.\t+\t.\tgene_id "g{}";\n'
    gtf = tmp_path / "genes.gtf"
    gtf.write_text("".join(row.format(1 + 100 * i, 99 + 100 * i, i) for i in range(300)))
    tl.blocks(gene, source=gtf, neighbourhood=500)
    tl.intervals(gene, blocks="block", n_resamples=50)
    table = get.evidence(gene, "intervals")
    assert table["warning"].str.contains("genomic windows seldom group co-regulated genes").all()
    measure = Measure(table="intervals", statistic="pearson", use="interval", at_least=-0.9)
    judged = judge_rows(measure, table.to_dict("records"))
    assert judged.outcome == "not assessable"
    assert "the interval meets the bound, but genomic windows" in judged.reason
    sets = tmp_path / "modules.gmt"
    of_set = [[f"g{i}" for i in range(5 * number, 5 * number + 5)] for number in range(60)]
    rows = (f"m{i}\t-\t" + "\t".join(one) + "\n" for i, one in enumerate(of_set))
    sets.write_text("".join(rows))
    tl.blocks(gene, source=sets)
    tl.intervals(gene, blocks="block", n_resamples=50)
    assert get.evidence(gene, "intervals")["warning"].eq("").all()
