"""Titration of criteria: which known share of another profile would they let through?"""

from __future__ import annotations

import itertools

import anndata
import numpy as np
import pandas as pd
import pytest

import lotwise
from lotwise.acceptance import path_of_criteria, read_criteria
from lotwise.accepted import add_to_accepted
from lotwise.config import EvidenceConfig
from lotwise.errors import InputError
from lotwise.files.panels import read_panel
from lotwise.run.profile import ExpressionProfile, profile_of
from lotwise.run.titration import _search, titrate
from lotwise.tl.reuse import Kept

CRITERIA = """
title: two lines
criteria:
  - id: gene-r
    statement: R over all genes
    rationale: a test
    level: gene
    table: pairs
    rows: {relation: between, feature_set: all}
    statistic: pearson
    at_least: 0.9
  - id: blind
    statement: nothing is asked
    rationale: a test
    level: gene
    table: pairs
    rows: {relation: between, feature_set: all}
    statistic: pearson
    at_least: -0.99
"""
SHARES = (0.01, 0.05, 0.2, 0.5)


@pytest.fixture
def criteria(tmp_path):
    path = tmp_path / "criteria.yaml"
    path.write_text(CRITERIA)
    return read_criteria(path)


@pytest.fixture
def gene(three_batches):
    return three_batches.gene


def other(gene, seed=0):
    """The sample's own values on other genes: another tissue with the same distribution."""
    tpm = np.asarray(gene.layers["tpm"][0])
    return ExpressionProfile("other", {"gene": np.random.default_rng(seed).permutation(tpm)})


def test_titrate__finds_a_share_and_names_what_catches_nothing(gene, criteria):
    found = titrate({"gene": gene}, criteria, profile=other(gene), shares=SHARES, n_repeats=2)
    table = found.table.set_index(["batch", "criterion"])
    assert (table.xs("gene-r", level=1)["caught_from"] <= 0.5).all()
    blind = table.xs("blind", level=1)
    assert blind["caught_from"].isna().all()
    assert (blind["reason"] == "it passes with 50 % mixed in").all()
    # The verdict detects as much as the best of its criteria.
    overall = table.xs("overall", level=1)["caught_from"]
    assert overall.tolist() == table.xs("gene-r", level=1)["caught_from"].tolist()
    assert (
        f"{100 * table.xs('overall', level=1)['passed'].max():.3g} % of other" in found.sentence()
    )


def test_titrate__the_share_brackets_the_truth(gene, criteria):
    found = titrate({"gene": gene}, criteria, profile=other(gene), shares=SHARES, n_repeats=2)
    row = found.table.query("criterion == 'gene-r' and batch == 'S1'").iloc[0]

    def lowest_r(share):
        made = gene.copy()
        tpm = (1 - share) * made.layers["tpm"][0] + share * other(gene).tpm["gene"]
        made.layers["tpm"][0] = tpm
        made.X[0] = np.log2(tpm + 1)
        lotwise.tl.correlate(made, sets=("all",))
        r = lotwise.get.matrix(made).to_numpy()
        return r[0, 1:].min()

    assert lowest_r(row["passed"] * 0.9) >= 0.9
    assert lowest_r(min(1, row["caught_from"] * 1.1)) < 0.9


def test_titrate__criteria_that_detect_the_smallest_share_say_so(gene, criteria):
    # Nothing but a share of another tissue, so that the smallest one is seen.
    found = titrate({"gene": gene}, criteria, profile=other(gene), shares=(0.9,), n_repeats=1)
    assert found.sentence() == (
        "These criteria detected even the smallest share of other that was tried."
    )


def test_titrate__more_is_caught_more_often(gene, criteria):
    curve = titrate({"gene": gene}, criteria, profile=other(gene), shares=SHARES, n_repeats=2).curve
    for _, rows in curve.groupby("criterion"):
        assert (np.diff(rows["caught"]) >= 0).all()


def test_titrate__does_not_depend_on_threads_and_follows_the_seed(gene, criteria):
    options = {"profile": other(gene), "shares": SHARES, "n_repeats": 2}
    one = titrate({"gene": gene}, criteria, threads=1, **options)
    two = titrate({"gene": gene}, criteria, threads=2, **options)
    assert one.table.equals(two.table)
    assert one.curve.equals(two.curve)


def test_titrate__criteria_that_fail_before_have_no_share(gene, criteria):
    made = gene.copy()
    made.layers["tpm"][2] = other(gene).tpm["gene"]
    found = titrate({"gene": made}, criteria, profile=other(gene, 1), shares=SHARES, n_repeats=1)
    rows = found.table.query("criterion == 'overall'")
    assert (rows["reason"] == "it fails even if nothing is mixed in").all()
    said = found.sentence()
    assert "do not pass even without other mixed in (not passed: gene-r)." in said
    # The other criterion was tested, so the sentence must not say that nothing was.
    assert "for the whole verdict; each criterion that passes was tested alone." in said


def test_titrate__criteria_that_are_not_assessable_do_not_pass(gene, tmp_path):
    path = tmp_path / "criteria.yaml"
    path.write_text(
        CRITERIA.replace("table: pairs", "table: ceilings")
        .replace(
            "  rows: {relation: between, feature_set: all}",
            "  rows: {method: bootstraps, relation: between}",
        )
        .replace("statistic: pearson", "statistic: ratio")
    )
    found = titrate({"gene": gene}, path, profile=other(gene), shares=SHARES, n_repeats=1)
    assert {*found.table["reason"]} == {"it is not assessable even if nothing is mixed in"}
    assert found.table["passed"].isna().all()


def test_titrate__a_profile_is_not_mixed_into_its_own_batch(gene, criteria):
    profile = profile_of({"gene": gene}, sample="S2")
    found = titrate({"gene": gene}, criteria, profile=profile, shares=SHARES, n_repeats=2)
    table = found.table.set_index(["batch", "criterion"])
    own = gene.obs.loc["S2", "batch"]
    assert (table.loc[own, "n_repeats"] == 0).all()
    assert set(table.loc[own, "reason"]) == {"the profile is from this batch"}
    assert (table.drop(own, level=0)["n_repeats"] == 2).all()
    assert (found.curve["n_mixtures"] == 4).all()
    assert found.sentence().endswith(
        f" The profile was not mixed into {own}, because it is from there."
    )
    with pytest.raises(InputError, match="'every' is from all batches, so mixing it in shows noth"):
        titrate({"gene": gene}, criteria, profile=ExpressionProfile(
            "'every'", profile.tpm, frozenset(gene.obs["batch"])
        ))  # fmt: skip


def test_profile_of__is_of_batches_that_have_the_same_cells_alone(gene):
    made = gene.copy()
    made.obs["batch"] = ["A", "A", "B"]
    made.obs["condition"] = ["stem", "late", "stem"]
    assert profile_of({"gene": made}, sample="S3").own == {"B"}
    # Residual stem cells may be in the late sample of the batch.
    assert profile_of({"gene": made}, sample="S1").own == set()
    assert profile_of({"gene": made}, condition="stem").own == {"B"}
    made.obs["condition"] = "late"
    assert profile_of({"gene": made}, condition="late").own == {"A", "B"}
    assert profile_of({"gene": made}, sample="S2").own == {"A"}


def test_search__halves_for_all_criteria_together():
    asked = []

    def caught_at(share):
        asked.append(share)
        return {"a": share >= 3, "b": share >= 6, "never": False}

    found = _search(caught_at, range(8), ["a", "b", "never"])
    assert found["a"].index(True) == 3
    assert found["b"].index(True) == 6
    assert not any(found["never"])
    assert len(asked) < 8
    assert len(asked) == len(set(asked))


def test_profile_of__a_table_and_names(gene, tmp_path):
    path = tmp_path / "ipsc.tsv"
    rows = [f"{name}\t{value}" for name, value in zip(gene.var_names, range(1, 301), strict=True)]
    path.write_text("\n".join(["feature\ttpm", *rows]) + "\n")
    found = profile_of({"gene": gene}, table=path)
    assert found.name == "ipsc"
    assert found.tpm["gene"][:3].tolist() == [1, 2, 3]
    with pytest.raises(InputError, match=r"there is no sample 'S9'; did you mean 'S"):
        profile_of({"gene": gene}, sample="S9")
    with pytest.raises(InputError, match="give one profile to mix in"):
        profile_of({"gene": gene})
    path.write_text("feature\ttpm\nnothing\t1\n")
    with pytest.raises(InputError, match="less than half of the TPM"):
        profile_of({"gene": gene}, table=path)


def test_profile_of__takes_tpm_by_name_and_never_lengths(gene, tmp_path):
    path = tmp_path / "abundance.tsv"
    rows = [f"{name}\t{1000 + at}\t800\t5\t{at}" for at, name in enumerate(gene.var_names)]
    header = "target_id\tlength\teff_length\test_counts\ttpm"
    path.write_text("\n".join([header, *rows]) + "\n")
    assert profile_of({"gene": gene}, table=path).tpm["gene"][:3].tolist() == [0, 1, 2]
    path.write_text("\n".join([header.replace("tpm", "value"), *rows]) + "\n")
    with pytest.raises(InputError, match="has 5 columns, but none of them is named 'TPM'"):
        profile_of({"gene": gene}, table=path)


def test_profile_of__genes_are_the_sums_of_a_table_of_isoforms(three_batches, tmp_path):
    gene, isoform = three_batches.gene, three_batches.isoform
    tpm = np.arange(isoform.n_vars, dtype=float)
    path = tmp_path / "quant.sf"
    rows = [f"{name}\t{value}" for name, value in zip(isoform.var_names, tpm, strict=True)]
    path.write_text("\n".join(["Name\tTPM", *rows]) + "\n")
    found = profile_of({"gene": gene, "isoform": isoform}, table=path)
    assert found.tpm["isoform"].tolist() == tpm.tolist()
    of_first = (isoform.var["gene_id"] == gene.var_names[0]).to_numpy()
    assert of_first.any()
    assert found.tpm["gene"][0] == tpm[of_first].sum()
    assert found.tpm["gene"].sum() == tpm.sum()


@pytest.mark.parametrize("name", ["{}", "{}.14", "{}.14_SYM{}"])
def test_profile_of__versions_of_identifiers_are_ignored_if_needed(gene, tmp_path, name):
    made = gene.copy()
    made.var_names = [f"ENSG{at:011}.3" for at in range(gene.n_vars)]
    path = tmp_path / "genes.results"
    rows = [f"{name.format(f'ENSG{at:011}', at)}\t{at}" for at in range(gene.n_vars)]
    path.write_text("\n".join(["gene_id\tTPM", *rows]) + "\n")
    assert profile_of({"gene": made}, table=path).tpm["gene"].tolist() == [*range(gene.n_vars)]
    # Two features that differ by their version alone are two features, so nothing is ignored.
    made.var_names = [f"ENSG{at // 2:011}.{at % 2}" for at in range(gene.n_vars)]
    with pytest.raises(InputError, match="less than half of the TPM"):
        profile_of({"gene": made}, table=path)


def test_titrate__a_level_that_the_profile_lacks_is_refused(three_batches, criteria):
    expression = {"gene": three_batches.gene, "isoform": three_batches.isoform}
    profile = ExpressionProfile("isoforms", {"isoform": np.ones(three_batches.isoform.n_vars)})
    with pytest.raises(InputError, match="the criteria use the level 'gene', at which isoforms"):
        titrate(expression, criteria, profile=profile)


def test_titrate__another_unit_than_tpm_is_refused(gene, criteria):
    of_cpm = gene.copy()
    of_cpm.uns["lotwise"]["unit"] = "CPM"
    profile = ExpressionProfile("one gene", {"gene": np.eye(gene.n_vars)[0] * 1e6})
    with pytest.raises(InputError, match="titration needs TPM, but the numbers are CPM; give TPM"):
        titrate({"gene": of_cpm}, criteria, profile=profile)


def test_titration__figure_has_a_curve_for_each_criterion(gene, criteria):
    found = titrate({"gene": gene}, criteria, profile=other(gene), shares=SHARES, n_repeats=1)
    (axis,) = lotwise.pl.titration(found.curve).axes
    assert len(axis.lines) == found.curve["criterion"].nunique()


def test_titration__curves_that_are_equal_are_all_seen():
    """Each was hidden by the next one."""
    names = ["overall", "r", "size", "depth"]
    rows = [
        {"criterion": name, "profile": "x", "share": share, "caught": 0.0}
        for name in names
        for share in (0.1, 0.5)
    ]
    (axis,) = lotwise.pl.titration(pd.DataFrame(rows)).axes
    assert [line.get_label() for line in axis.lines] == ["r", "size", "depth", "whole verdict"]
    widths = [line.get_linewidth() for line in axis.lines]
    assert all(below >= above + 1 for below, above in itertools.pairwise(widths))


PANEL_LINE = """
  - id: pluripotency
    rationale: no residual pluripotent cells
    level: gene
    table: identity
    rows: {panel: residual_pluripotency, specific: true}
    statistic: holds
    is: yes
"""


def deep_lots(n_genes=4_000, depth=20e6):
    """Three lots of one process without pluripotent cells, and a profile of such cells."""
    rng = np.random.default_rng(5)
    markers = [marker.symbol for marker in read_panel("residual_pluripotency").markers]
    y_genes = [marker.symbol for marker in read_panel("sex").markers]
    names = [*markers, *y_genes]
    names += [f"g{i}" for i in range(n_genes - len(names))]
    log2, on = rng.normal(3, 2.8, n_genes), rng.random(n_genes) < 0.5
    on[: len(markers)] = False
    on[len(markers) : len(markers) + len(y_genes)] = [name != "XIST" for name in y_genes]
    lots = 2.0 ** (log2 + 0.15 * rng.normal(size=(3, n_genes))) * on
    other = 2.0**log2 * on
    # Markers of pluripotent cells are among their well expressed genes: some 100 TPM.
    other[: len(markers)] = 100 * other.sum() / 1e6
    counts = rng.poisson(depth * lots / lots.sum(axis=1, keepdims=True)).astype(float)
    tpm = 1e6 * counts / counts.sum(axis=1, keepdims=True)
    samples = [f"lot{i}" for i in range(3)]
    obs = pd.DataFrame({"sample": samples, "batch": samples, "donor": "d"}, index=samples)
    obs["total_counts"] = counts.sum(axis=1)
    gene = anndata.AnnData(
        np.log2(tpm + 1),
        obs=obs,
        var=pd.DataFrame(index=names),
        layers={"tpm": tpm, "counts": counts, "length": np.full(tpm.shape, 1000.0)},
        uns={"lotwise": {"level": "gene"}},
    )
    return gene, ExpressionProfile("pluripotent cells", {"gene": 1e6 * other / other.sum()})


def test_titrate__with_the_example_criteria_the_panel_detects_one_percent_or_less(tmp_path):
    gene, profile = deep_lots()
    text = path_of_criteria("example").read_text()
    text = text[: text.index("  - id: isoform-r-beyond-noise")] + PANEL_LINE
    path = tmp_path / "criteria.yaml"
    path.write_text(text)
    found = titrate(
        {"gene": gene},
        read_criteria(path),
        profile=profile,
        evidence=EvidenceConfig(panels=("sex", "residual_pluripotency")),
        shares=(0.001, 0.005, 0.01, 0.05, 0.5),
        n_repeats=2,
    )
    caught = found.table.set_index(["criterion", "batch"])["caught_from"]
    assert (caught["pluripotency"] <= 0.01).all()
    assert (caught["overall"] <= 0.01).all()
    # R sees nothing of it: the panel is what detects first.
    assert not (caught["gene-r"] <= 0.05).any()


def example_criteria(tmp_path):
    """Return the example criteria of genes."""
    text = path_of_criteria("example").read_text()
    path = tmp_path / "example.yaml"
    path.write_text(text[: text.index("  - id: isoform-r-beyond-noise")])
    return read_criteria(path)


def test_titrate__reused_results_are_those_of_judging_everything(tmp_path, monkeypatch):
    gene, _ = deep_lots(n_genes=1_000)
    settings = {"profile": other(gene), "shares": SHARES, "n_repeats": 2}
    criteria = example_criteria(tmp_path)
    found = titrate({"gene": gene.copy()}, criteria, **settings)
    n_reused = []
    get = Kept.get

    def count(kept, key, compute):
        called = []
        result = get(kept, key, lambda: [called.append(key), compute()][1])
        n_reused.append(not called)
        return result

    monkeypatch.setattr(Kept, "get", count)
    titrate({"gene": gene.copy()}, criteria, **settings)
    assert np.mean(n_reused) > 0.25
    monkeypatch.setattr(Kept, "get", lambda _kept, _key, compute: compute())
    whole = titrate({"gene": gene.copy()}, criteria, **settings)
    pd.testing.assert_frame_equal(found.table, whole.table)
    pd.testing.assert_frame_equal(found.curve, whole.curve)
    assert found.table["caught_from"].notna().any()


def test_titrate__the_number_of_threads_changes_nothing(tmp_path):
    gene, _ = deep_lots(n_genes=1_000)
    one, three = (
        titrate(
            {"gene": gene},
            example_criteria(tmp_path),
            profile=other(gene),
            shares=SHARES,
            n_repeats=2,
            threads=threads,
        )
        for threads in (1, 3)
    )
    pd.testing.assert_frame_equal(one.table, three.table)
    pd.testing.assert_frame_equal(one.curve, three.curve)


def test_titrate__leaves_the_given_samples_as_they_were(gene, criteria):
    before = gene.copy()
    titrate({"gene": gene}, criteria, profile=other(gene), shares=SHARES, n_repeats=1)
    assert set(gene.uns["lotwise"]) == set(before.uns["lotwise"])
    for layer in ("tpm", "counts", "length"):
        assert np.array_equal(gene.layers[layer], before.layers[layer])
    assert gene.obs.equals(before.obs)


def test_titrate__samples_that_are_not_comparable_have_no_verdict_to_detect_with(gene, criteria):
    copies = gene.copy()
    copies.uns["lotwise"]["invalid_comparisons"] = pd.DataFrame(
        {"code": ["copies"], "sentence": ["S1 and S2 have the same values"]}
    )
    found = titrate({"gene": copies}, criteria, profile=other(gene), shares=SHARES, n_repeats=1)
    overall = found.table.set_index(["criterion", "batch"])["reason"]["overall"]
    assert set(overall) == {"it is not assessable even if nothing is mixed in"}


def test_profile_of__accepted_batches_are_the_mean_of_batches(gene, tmp_path):
    held = gene[[0, 1, 2]].copy()
    held.obs["batch"] = ["a", "a", "b"]
    path = tmp_path / "accepted.h5ad"
    add_to_accepted(held, path)
    found = profile_of({"gene": gene}, accepted=path)
    first, second, third = np.asarray(gene.layers["tpm"])
    assert np.allclose(found.tpm["gene"], ((first + second) / 2 + third) / 2)
    assert found.name == "accepted"


def test_profile_of__an_accepted_set_of_other_features_is_refused(gene, tmp_path):
    held = gene.copy()
    held.var_names = [f"x{name}" for name in held.var_names]
    path = tmp_path / "accepted.h5ad"
    add_to_accepted(held, path)
    with pytest.raises(InputError, match="less than half of the TPM of this profile belongs"):
        profile_of({"gene": gene}, accepted=path)


def test_titrate__criteria_are_read_by_path_or_name(gene, criteria, tmp_path):
    settings = {"profile": other(gene), "shares": (0.5,), "n_repeats": 1}
    by_path = lotwise.titrate({"gene": gene}, str(tmp_path / "criteria.yaml"), **settings)
    read = lotwise.titrate({"gene": gene}, criteria, **settings)
    pd.testing.assert_frame_equal(by_path.table, read.table)
    with pytest.raises(InputError, match="no such acceptance criteria"):
        lotwise.titrate({"gene": gene}, tmp_path / "none.yaml", **settings)


def test_profile_of__without_conditions_says_so():
    gene = lotwise.datasets.three_batches().gene
    with pytest.raises(InputError, match=r"the samples have no condition .* \(--sample\)"):
        profile_of({"gene": gene}, condition="naive")
