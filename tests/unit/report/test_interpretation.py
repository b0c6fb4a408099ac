"""Sentences of the report, for tables with a known answer."""

from __future__ import annotations

import pytest

import lotwise
from lotwise.acquire.published import Verification
from lotwise.expression import write_level
from lotwise.files.tables import to_frame, write_table
from lotwise.report.identity import panels_remark, sex_remark
from lotwise.report.interpretation import (
    batches_remark,
    ceiling_remark,
    change_remark,
    composition_remark,
    features_remark,
    fold_remark,
    level_remarks,
    limits_remark,
    run_remarks,
    variance_remark,
)
from lotwise.report.libraries import depth_remark
from lotwise.report.run_tables import read_findings

PAIR = {"sample_a": "S1", "sample_b": "S3", "relation": "between"}
NAN = float("nan")


def plain(text):
    """Text without the marks that isolate names in other scripts, and with plain signs."""
    marks = {"\N{FIRST STRONG ISOLATE}": "", "\N{POP DIRECTIONAL ISOLATE}": ""}
    signs = {"\N{NO-BREAK SPACE}": " ", "\N{MINUS SIGN}": "-"}
    return text.translate(str.maketrans(marks | signs))


@pytest.fixture
def level_of(tree):
    """Write tables of evidence, then read the level."""

    def make(**tables):
        tree.write_all()
        for name, rows in tables.items():
            tree.write("gene", name, rows)
        return read_findings(tree.root).levels[0]

    return make


def ceiling(level_of, *rows):
    level = level_of(ceilings=[PAIR | row for row in rows])
    return ceiling_remark(level, level.pairs[0], decimals=4)


COUNTING = {
    "noise": "counting",
    "method": "thinning",
    "source": "randomly thinned counts of each sample",
}
PREPARATION = {"noise": "preparation", "method": "replicates", "source": "replicates"}


def test_ceiling_remark__splits_what_is_missing_from_one_and_names_the_noise(level_of):
    row = COUNTING | {"pearson": 0.97, "ceiling": 0.99, "ratio": 0.97 / 0.99}
    found = ceiling(level_of, row)
    assert found.state == "computed"
    assert found.text == (
        "The observed R of S1 and S3 is 0.9700. Counting noise alone (from randomly thinned counts "
        "of each sample) would limit R to 0.9900. The difference between R and 1 is 0.03; this "
        "noise explains 0.01 of this difference (33.3\N{NO-BREAK SPACE}%)."
    )


def test_ceiling_remark__each_noise_has_a_sentence_of_its_own(level_of):
    rows = [
        PREPARATION | {"pearson": 0.97, "ceiling": 0.96, "ratio": 1.01},
        COUNTING | {"pearson": 0.97, "ceiling": 0.99, "ratio": 0.98},
    ]
    text = ceiling(level_of, *rows).text
    assert text.index("Counting noise alone") < text.index("Preparation noise alone")
    assert text.endswith(
        "Preparation noise alone (from replicates) would limit R to 0.9600. R shows no difference "
        "beyond this noise."
    )


def test_ceiling_remark__unknown_says_why(level_of):
    rows = [
        {"noise": "preparation", "pearson": 0.97, "reason": "no bootstraps"},
        {"noise": "counting", "pearson": 0.97, "reason": "no counts"},
    ]
    found = ceiling(level_of, *rows)
    assert found.state == "unknown"
    assert found.text.endswith("is unknown: no bootstraps; no counts.")


def test_ceiling_remark__switched_off(level_of):
    level = level_of()
    found = ceiling_remark(level, level.pairs[0], decimals=4)
    assert (found.state, "switched off" in found.text) == ("unknown", True)


def test_change_remark__takes_the_largest_two_fold_share_between_batches(level_of):
    rows = [
        PAIR | {"fold": 2.0, "share": 0.1, "threshold": 0.9, "sentence": "ten"},
        PAIR | {"fold": 2.0, "share": 0.2, "threshold": 0.9, "sentence": "twenty"},
        PAIR | {"fold": 4.0, "share": 0.9, "threshold": 0.9, "sentence": "four-fold"},
        PAIR | {"fold": 2.0, "share": 0.9, "threshold": 0.9, "sentence": "w"}
        | {"relation": "within"},
    ]  # fmt: skip
    found = change_remark(level_of(unseen=rows))
    assert (
        found.text
        == "For S1 and S3, twenty. If all changes go in one direction, R would miss changes in an "
        "even larger share of features."
    )


def test_change_remark__undefined(level_of):
    rows = [PAIR | {"fold": 2.0, "reason": "R is NaN"}]
    found = change_remark(level_of(unseen=rows))
    assert (found.state, found.text) == (
        "unknown",
        "The size of a change that R would have missed is unknown: R is NaN.",
    )


def test_features_remark__says_what_double_zeros_give(level_of):
    level = level_of()
    found = features_remark(level, level.pairs[0], decimals=4)
    assert found.text.replace("\N{NO-BREAK SPACE}", " ") == (
        "50 % of the 6 genes are zero in both S1 and S3, and count as agreement. Over the 3 "
        "genes detected in both samples, R is 0.8700 instead of 0.9700."
    )


def test_features_remark__what_is_not_computed_is_unknown(tree, level_of):
    level = level_of()
    pair = dict(level.pairs[0])
    pairs = [row for row in level.rows("pairs") if row["feature_set"] == "all"]
    tree.write("gene", "pairs", pairs)
    level = read_findings(tree.root).levels[0]
    found = features_remark(level, pair, decimals=4)
    assert found.state == "unknown"
    assert found.text.endswith(
        "R over the genes detected in both samples is unknown: it was not computed."
    )


def test_fold_remark__unknown_says_why(level_of):
    level = level_of(agreement=[PAIR | {"bin": 0, "reason": "S1 is constant"}])
    found = fold_remark(level, level.pairs[0])
    assert found.state == "unknown"
    assert found.text == "The number of genes that differ is unknown: S1 is constant."
    found = fold_remark(level, level.pairs[1])
    assert found.text.endswith("is unknown: the pair is not in the table.")


def test_fold_remark__reads_the_row_of_all_features(level_of):
    shares = {"n_features": 3, "share_over_2_fold": 0.25, "share_over_4_fold": 0.1}
    rows = [PAIR | {"bin": 1, "share_over_2_fold": 0.9}, PAIR | {"bin": 0} | shares]
    level = level_of(agreement=rows)
    text = fold_remark(level, level.pairs[0]).text.replace("\N{NO-BREAK SPACE}", " ")
    assert text.startswith("25 % of the 3 genes detected in both S1 and S3 differ more than 2-fold")


UNSCORED = " Outliers could not be tested for any sample."
SCORED = {
    "sample": "S1",
    "total_counts": 2e6,
    "share_of_median": 1.0,
    "outlier_score": 0.1,
    "outlier_cut": -11.5,
}
TWO = {"reason": "fewer than three samples"}
UNSCORED_TWO = " Outliers could not be tested for any sample: fewer than three samples."


def test_depth_remark__shallow_library_is_a_concern(level_of):
    rows = [
        {"sample": "S1", "total_counts": 2e6, "share_of_median": 1.98},
        {"sample": "S3", "total_counts": 2e4, "share_of_median": 0.01, "shallow": True},
    ]
    found = depth_remark(level_of(libraries=rows))
    assert found.state == "concern"
    assert "S3 (1\N{NO-BREAK SPACE}% of the other samples' median)" in found.text
    assert "Do not interpret R of a shallow library as agreement." in found.text


def test_depth_remark__none_shallow(level_of):
    rows = [
        {"sample": "S1", "total_counts": 2e6, "share_of_median": 2.0} | TWO,
        {"sample": "S3", "total_counts": 1e6, "share_of_median": 0.5} | TWO,
    ]
    found = depth_remark(level_of(libraries=rows))
    assert (found.state, found.text) == (
        "computed",
        "No library is shallow: 1,000,000 to 2,000,000 counts each." + UNSCORED_TWO,
    )


def test_depth_remark__without_counts_is_unknown(level_of):
    rows = [{"sample": "S1", "reason": "the source has no counts; fewer than three samples"}]
    found = depth_remark(level_of(libraries=rows))
    assert (found.state, found.text) == (
        "unknown",
        "It is unknown whether any library is shallow: the source has no counts." + UNSCORED_TWO,
    )


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (
            [
                SCORED,
                SCORED | {"sample": "S2"},
                {"sample": "S3", "reason": "there are no counts; R of a pair is not defined"},
            ],
            (
                "It is unknown whether S3 is shallow: there are no counts. None of the other "
                "libraries is shallow: 2,000,000 to 2,000,000 counts each. No sample is an "
                "outlier. Outliers could not be tested for S3: R of a pair is not defined. A "
                "sample is compared within its batch if the batch has three samples or more, else "
                "with the smaller batches of its condition."
            ),
        ),
        (
            [
                {
                    "sample": "S1",
                    "total_counts": 2e6,
                    "reason": "no other sample to compare with; fewer than three samples",
                },
                {"sample": "S2", "reason": "there are no counts; fewer than three samples"},
            ],
            (
                "It is unknown whether any library is shallow: no other sample to compare with; "
                f"there are no counts.{UNSCORED_TWO}"
            ),
        ),
    ],
    ids=["one without counts", "one alone with counts"],
)
def test_depth_remark__what_is_not_known_is_named_and_not_called_sound(level_of, rows, text):
    found = depth_remark(level_of(libraries=rows))
    assert (found.state, found.text) == ("unknown", text)


def test_depth_remark__shallow_beside_unknown_is_a_concern_and_both_are_said(level_of):
    rows = [
        {"sample": "S1", "total_counts": 2e6, "share_of_median": 1.98},
        {"sample": "S2", "total_counts": 2e4, "share_of_median": 0.01, "shallow": True},
        {"sample": "S3", "reason": "there are no counts; fewer than three samples in group x"},
    ]
    found = depth_remark(level_of(libraries=rows))
    assert found.state == "concern"
    assert "has far fewer counts than the other samples" in found.text
    assert found.text.endswith(
        f"It is unknown whether S3 is shallow: there are no counts.{UNSCORED}"
    )


@pytest.mark.parametrize(
    ("cut", "words"),
    [
        (-11.5, "No sample is an outlier."),
        (-94.1, "in small groups of samples only an extreme outlier would"),
    ],
)
def test_depth_remark__no_outlier_is_said_with_what_could_be_named(level_of, cut, words):
    row = {"sample": "S1", "total_counts": 2e6, "share_of_median": 1.0}
    found = depth_remark(level_of(libraries=[row | {"outlier_score": -1.0, "outlier_cut": cut}]))
    assert words in found.text
    assert found.state == "computed"


OUTLIER = {
    "sample": "S1",
    "total_counts": 2e6,
    "share_of_median": 1.0,
    "outlier": True,
    "outlier_score": -30.25,
    "outlier_cut": -11.5,
}
CHANCE = (
    "If the noise of the samples is independent and equal, the default limits flag an outlier in "
    "at most 5 % of runs without faulty samples."
)


def test_depth_remark__outlier_is_a_concern_whatever_its_depth_and_its_level_is_named(tree):
    tree.write_all(levels=("gene", "isoform"))
    sound = {"sample": "S1", "total_counts": 2e6, "share_of_median": 1.0}
    tree.write("gene", "libraries", [sound])
    tree.write("isoform", "libraries", [OUTLIER])
    found = depth_remark(*read_findings(tree.root).levels)
    assert (found.topic, found.state) == ("Depth and outliers", "concern")
    named = "S1 (isoform level: score -30.2, limit -11.5) is an outlier: its mean R with the other "
    assert plain(found.text).endswith(f"{named}samples of the group is unusually low. {CHANCE}")


def test_depth_remark__outlier_at_both_levels_is_named_once(tree):
    tree.write_all(levels=("gene", "isoform"))
    for level in ("gene", "isoform"):
        tree.write(level, "libraries", [OUTLIER | {"outlier_cut": NAN}])
    text = plain(depth_remark(*read_findings(tree.root).levels).text)
    assert "S1 (gene level: score -30.2; isoform level: score -30.2) is an outlier:" in text
    assert text.count(CHANCE) == 1


def test_sex_remark__disagreement_is_a_concern(level_of):
    rows = [
        {"sample": "S1", "sex": "female", "agrees": "yes"},
        {"sample": "S3", "sex": "male", "agrees": "no"},
    ]
    found = sex_remark(level_of(sex=rows))
    assert found.state == "concern"
    assert found.text.startswith(
        "S3 (male) disagrees with the other samples of its donor in the expression of Y genes. "
        "Possible causes: exchanged samples, or cells that lost chromosome Y."
    )


def test_sex_remark__agreement_does_not_prove_identity(level_of):
    rows = [{"sample": name, "sex": "female", "agrees": "yes"} for name in ("S1", "S2")]
    found = sex_remark(level_of(sex=rows))
    assert (found.state, "does not prove identity" in found.text) == ("computed", True)


def test_sex_remark__without_donors_cannot_be_told(level_of):
    rows = [{"sample": name, "sex": "male", "agrees": "donor not given"} for name in ("S1", "S2")]
    found = sex_remark(level_of(sex=rows))
    assert (found.state, found.text) == (
        "unknown",
        "It is unknown whether the samples of a donor agree in sex: donor not given (2 samples).",
    )


def test_sex_remark__says_of_how_many_it_cannot_be_told(level_of):
    rows = [
        *({"sample": f"S{i}", "sex": "male", "agrees": "yes"} for i in range(6)),
        *({"sample": f"T{i}", "sex": "male", "agrees": "donor not given"} for i in range(10)),
        *({"sample": f"U{i}", "agrees": "only sample of its donor"} for i in range(8)),
    ]
    found = sex_remark(level_of(sex=rows))
    assert found.state == "computed"
    assert found.text == (
        "6 of 24 samples agree in sex with the other samples of the same donor. That does not "
        "prove identity, because half of all pairs of donors have the same sex. For 18 of 24 "
        "samples it is unknown whether they agree in sex: donor not given (10 samples); only "
        "sample of its donor (8 samples)."
    )


@pytest.mark.parametrize("agrees", ["donor not given", "only sample of its donor"])
def test_sex_remark__different_sexes_of_different_donors_are_no_concern(level_of, agrees):
    rows = [
        {"sample": name, "sex": sex, "agrees": agrees}
        for name, sex in (("S1", "male"), ("S2", "female"), ("S3", "unknown"))
    ]
    found = sex_remark(level_of(sex=rows))
    assert (found.state, found.text) == (
        "unknown",
        f"It is unknown whether the samples of a donor agree in sex: {agrees} (3 samples).",
    )


BOTH = "XIST and genes of Y are both expressed"


@pytest.mark.parametrize("agrees", ["donor not given", "only sample of its donor"])
def test_sex_remark__mixed_sample_is_named_whatever_its_donor(level_of, agrees):
    rows = [
        {"sample": "S1", "sex": "male", "agrees": "donor not given"},
        {"sample": "S2", "sex": "mixed", "agrees": agrees, "reason": BOTH},
    ]
    found = sex_remark(level_of(sex=rows))
    assert found.state == "concern"
    assert found.text.startswith(
        "S2 expresses XIST and genes of Y. Possible causes: a mixture of two donors, or male "
        "cells that express XIST."
    )


def test_sex_remark__mixed_sample_is_named_beside_samples_that_agree(level_of):
    rows = [
        *({"sample": name, "sex": "male", "agrees": "yes"} for name in ("S1", "S2")),
        {"sample": "S3", "sex": "mixed", "agrees": "donor not given", "reason": BOTH},
    ]
    found = sex_remark(level_of(sex=rows))
    assert found.state == "concern"
    assert "S3 expresses XIST and genes of Y" in found.text
    assert "2 of 3 samples agree in sex" in found.text


def test_sex_remark__mixed_sample_that_disagrees_is_named_once(level_of):
    rows = [
        *({"sample": name, "sex": "male", "agrees": "yes"} for name in ("S1", "S2")),
        {"sample": "S3", "sex": "mixed", "agrees": "no", "reason": BOTH},
    ]
    text = sex_remark(level_of(sex=rows)).text
    assert (text.count("S3"), "S3 (mixed)" in text) == (1, True)


def test_sex_remark__without_a_panel_of_sex_says_so(level_of):
    why = "no panel has both female and male markers"
    text = sex_remark(level_of(sex=[{"reason": why}])).text
    assert text == f"It is unknown whether the samples of a donor agree in sex: {why}."


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        (
            "differs",
            "concern",
            "1 of 2 published coefficients differs from the computed values: A and B (gene).",
        ),
        (
            "agrees",
            "computed",
            "2 of 2 published coefficients agree with the computed values; none differs.",
        ),
    ],
)
def test_run_remarks__published_coefficients(tree, status, state, words):
    root = tree.write_all()
    rows = [
        Verification(
            level="gene", batch_a="A", batch_b=batch, published=0.98, decimals=2.0, computed=0.9,
            difference=-0.08, status=found, rule="agrees within a digit", source="Fig. 1",
            reason="",
        )
        for batch, found in (("B", status), ("C", "agrees"))
    ]  # fmt: skip
    write_table(root / Verification.table, to_frame(rows, Verification))
    remarks = {one.topic: one for one in run_remarks(read_findings(root))}
    found = remarks["Published coefficients"]
    assert (found.state, found.text) == (state, words)


MARKER = {"panel": "msc", "sample": "S1", "expected": "absent", "specific": True}


@pytest.mark.parametrize(
    ("tpm_sum", "n_features", "told"),
    [
        ("million", 300, []),
        ("any", 300, [("computed", "All sums are a million.")]),
        ("any", 250, [("concern", "Use this setting only for TPM of some of the features.")]),
    ],
)
@pytest.mark.filterwarnings("ignore::lotwise.errors.TpmSumWarning")
def test_sums_remark__says_that_the_check_was_switched_off(
    tree, three_batches, tpm_sum, n_features, told
):
    root = tree.write_all()
    tpm = three_batches.gene.to_df("tpm").iloc[:, :n_features]
    one_batch = dict.fromkeys(tpm.index, "A")
    made = lotwise.from_frame(tpm, batches=one_batch, level="gene", tpm_sum=tpm_sum).gene
    write_level(made, root / "expression")
    found = [one for one in run_remarks(read_findings(root)) if one.topic == "Sums of TPM"]
    start = "The check that TPM of all features sum to a million was switched off (tpm_sum: any)."
    assert all(one.text.startswith(start) for one in found)
    assert [one.state for one in found] == [state for state, _ in told]
    assert all(one.text.endswith(end) for one, (_, end) in zip(found, told, strict=True))
    if n_features < 300:
        assert "not 1,000,000 (2 more such samples)." in found[0].text


def test_panels_remark__names_markers_that_fail_with_their_notes(level_of):
    rows = [
        MARKER | {"marker": "HLA-DRA", "holds": "no", "note": "interferon gamma induces it"},
        MARKER | {"marker": "ENG", "holds": "yes", "note": "fibroblasts pass"},
        {"panel": "sex", "sample": "S1", "marker": "XIST", "holds": "-"},
    ]
    found = panels_remark(level_of(identity=rows))
    assert found.state == "concern"
    assert plain(found.text) == (
        "1 of 2 expectations of the panels is not met: msc (HLA-DRA). Note: interferon gamma "
        "induces it."
    )


def test_panels_remark__unspecific_markers_are_listed_and_no_concern(level_of):
    rows = [
        MARKER | {"marker": "SOX2", "holds": "no", "specific": False, "note": "neural cells"},
        MARKER | {"marker": "LIN28A", "holds": "yes", "note": "few cells are not seen"},
        MARKER | {"marker": "ESRG", "holds": "not annotated"},
    ]
    found = panels_remark(level_of(identity=rows))
    assert found.state == "computed"
    assert plain(found.text) == (
        "The one expectation of the panels is met. These markers are not as expected, but they are "
        "unspecific and never count as a finding: SOX2. 1 expectation could not be "
        "checked. Note: few cells are not seen."
    )


def test_panels_remark__nothing_annotated_is_unknown(level_of):
    rows = [MARKER | {"marker": "ENG", "holds": "not annotated"}]
    found = panels_remark(level_of(identity=rows))
    assert (found.state, "identity cannot be checked" in found.text) == ("unknown", True)


SEX = {"panel": "sex", "sample": "S1", "marker": "XIST", "expected": "female", "holds": "-"}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([SEX], "The panels used (sex) do not declare any gene as present or absent"),
        (
            [SEX, SEX | {"expected": "male", "holds": "not annotated"}],
            "The panels used (sex) do not declare any gene as present or absent",
        ),
        ([], "Identity cannot be checked by markers: no panel was used."),
        (
            [{"holds": "no panel was given (panels)"}],
            "Identity cannot be checked by markers: no panel was given (panels).",
        ),
        (
            [SEX | {"holds": "not annotated"}],
            "The annotation contains no marker of the panels, so identity cannot be checked.",
        ),
        (
            [SEX, SEX | {"panel": "msc", "expected": "present", "holds": "not annotated"}],
            "The annotation contains no marker that the panels expect to be present or absent",
        ),
    ],
)
def test_panels_remark__says_why_nothing_is_told(level_of, rows, words):
    found = panels_remark(level_of(identity=rows))
    assert found.state == "unknown"
    assert found.text.startswith(words)


def test_panels_remark__markers_of_one_sex_are_no_values_that_could_not_be_read(level_of):
    rows = [
        {"panel": "msc", "sample": "S1", "marker": "ENG", "expected": "present", "holds": "yes"},
        SEX | {"expected": "male", "holds": "not annotated"},
    ]
    assert (
        panels_remark(level_of(identity=rows)).text == "The one expectation of the panels is met."
    )


def test_panels_remark__all_hold(level_of):
    rows = [{"panel": "msc", "sample": "S1", "marker": "ENG", "holds": "yes"}]
    assert (
        panels_remark(level_of(identity=rows)).text == "The one expectation of the panels is met."
    )


def test_batches_remark__one_sample_a_batch_is_said(level_of, tree):
    level_of(batches=[{"batch": "A", "words": "three batches show little"}])
    found = batches_remark(read_findings(tree.root))
    assert found.text.startswith(
        "Each batch is compared with the others. Three batches show little. With one sample per "
        "batch,"
    )


def test_batches_remark__without_words_says_so(level_of, tree):
    tree.batches = ["A", "A", "B"]
    level_of(batches=[{"batch": "A"}])
    found = batches_remark(read_findings(tree.root))
    assert found.text == "The number of batches does not limit these results."


def test_batches_remark__replicates_are_not_lamented(level_of, tree):
    tree.batches = ["A", "A", "B"]
    level_of(batches=[{"batch": "A", "words": "two batches"}])
    found = batches_remark(read_findings(tree.root))
    assert found.text == "Each batch is compared with the others. Two batches."


def test_level_remarks__without_r_nothing_else_is_said(tree):
    tree.r = dict.fromkeys(tree.r, NAN)
    (only,) = level_remarks(read_findings(tree.write_all()).levels[0], decimals=4)
    assert only.state == "unknown"


def test_run_remarks__isoforms_alone_cannot_tell_identity(tree):
    remarks = run_remarks(read_findings(tree.write_all(levels=("isoform",))))
    identity = next(remark for remark in remarks if remark.topic == "Identity")
    assert (identity.state, identity.text) == (
        "unknown",
        "Identity is checked at gene level, but this run has no gene level.",
    )


def test_run_remarks__say_what_was_assumed_and_of_which_samples(tree):
    root = tree.write_all()
    sheet = root / "samples.tsv"
    lines = sheet.read_text().splitlines()
    marks = ["assumed", "fragment length and sd", "", "fragment length and sd"]
    sheet.write_text("".join(f"{a}\t{b}\n" for a, b in zip(lines, marks, strict=True)))
    found = [r.text for r in run_remarks(read_findings(root)) if r.topic == "Assumptions"]
    assert found == ["Assumed, not measured: fragment length and sd of S1 and S3."]


def test_run_remarks__assume_nothing_where_nothing_is_marked(tree):
    topics = {remark.topic for remark in run_remarks(read_findings(tree.write_all()))}
    assert "Assumptions" not in topics


class Level:
    """A level that has only the table variance."""

    level = "gene"

    def __init__(self, rows):
        self._rows = rows

    def has(self, name):
        return name == "variance" and bool(self._rows)

    def rows(self, _name):
        return self._rows


def share(factor, within, reason="", n_levels=3):
    n_levels = 6 if factor == "residual" else n_levels
    of_factor = {"factor": factor, "n_levels": n_levels, "within_condition": within}
    return {**of_factor, "n_features": 14_020, "reason": reason}


def test_variance_remark__names_the_shares_within_a_condition():
    rows = [share("condition", float("nan")), share("batch", 0.12), share("donor", 0.41)]
    (remark,) = variance_remark(Level([*rows, share("residual", 0.47)]))
    assert plain(remark.text) == (
        "Batch explains 12 % of the variance of expression within a condition (median over "
        "14,020 genes), donor 41 %."
    )


def test_variance_remark__names_a_factor_that_cannot_be_computed():
    """Its part of the variance is in the residual: a batch without an effect is not the answer."""
    nan = float("nan")
    why = "each donor has one sample, so the effect of donor is part of the residual"
    rows = [share("donor", nan, why, n_levels=6), share("batch", 0.0)]
    (remark,) = variance_remark(Level([*rows, share("residual", 1.0)]))
    assert plain(remark.text) == (
        "Batch explains 0 % of the variance of expression (median over 14,020 genes). The share "
        "of donor is not known: each donor has one sample, so the effect of donor is part of the "
        "residual. The effect of donor can hide an effect of batch."
    )


def test_variance_remark__speaks_of_no_condition_where_there_is_none():
    (remark,) = variance_remark(Level([share("batch", 0.12), share("residual", 0.88)]))
    assert plain(remark.text) == (
        "Batch explains 12 % of the variance of expression (median over 14,020 genes)."
    )


LIMITS = {"prediction_lower": 0.96, "tolerance_lower": 0.95}


def test_limits_remark__names_the_batches_below_the_limits_of_the_others(level_of):
    rows = [{"batch": "A", "median_to_others": 0.97}, {"batch": "B", "median_to_others": 0.955}]
    (remark,) = limits_remark(level_of(batches=[row | LIMITS for row in rows]), decimals=3)
    assert remark.text == (
        "At gene level, the median R of a batch with the other batches is below its limit: "
        "B (0.955, limit 0.960). The limit is the lower end of the prediction interval computed "
        "from these other batches. By chance, some batches without a fault are also below their "
        "limit; “Number of batches” states how many."
    )
    assert remark.state == "computed"


def test_limits_remark__a_batch_below_the_tolerance_interval_is_a_concern(level_of):
    rows = [{"batch": "A", "median_to_others": 0.94}, {"batch": "B", "median_to_others": 0.955}]
    (remark,) = limits_remark(level_of(batches=[row | LIMITS for row in rows]), decimals=3)
    assert remark.text.endswith(" For A, the median R is also below the wider tolerance interval.")
    assert ": A (0.940, limit 0.960) and B (0.955, limit 0.960)." in remark.text
    assert remark.state == "concern"


@pytest.mark.parametrize("limits", [LIMITS, dict.fromkeys(LIMITS, float("nan"))])
def test_limits_remark__is_silent_without_a_batch_below(level_of, limits):
    level = level_of(batches=[{"batch": "A", "median_to_others": 0.97} | limits])
    assert [*limits_remark(level, decimals=3)] == []


def test_variance_remark__is_silent_where_no_share_is_known():
    assert [*variance_remark(Level([]))] == []
    assert [*variance_remark(Level([share("batch", float("nan")), share("residual", 1.0)]))] == []


def shift(sample, factor, global_change=float("nan")):
    return {
        "sample": sample,
        "factor": factor,
        "shifted": "no" if 0.8 <= factor <= 1.25 else "yes",
        "global_change": global_change,
    }


def test_composition_remark__names_who_shifts_and_by_how_much(level_of):
    (remark,) = composition_remark(level_of(composition=[shift("S1", 1.0), shift("S2", 0.66)]))
    assert remark.state == "concern"
    assert plain(remark.text).startswith(
        "TPM of unchanged genes shift more than 1.25-fold in S2 (-34 %), compared with the "
        "other samples of the condition. Possible causes: "
    )


def test_composition_remark__halved_total_rna_is_a_concern(level_of):
    # One of three samples is halved: the others appear 1.41-fold changed, and are not named.
    rows = [shift("S1", 1, 2**0.5), shift("S2", 1, 2**0.5), shift("S3", 1, 0.5)]
    (remark,) = composition_remark(level_of(composition=rows))
    assert remark.state == "concern"
    assert plain(remark.text) == (
        "RNA per spike-in differs more than 1.5-fold from the other samples of the condition in "
        "S3 (0.5 times). Either the total RNA of the cells differs, or the amount of added "
        "spike-ins. R and TPM do not show a change of total RNA."
    )


def test_composition_remark__tells_the_global_change_and_is_silent_without_news(level_of):
    (remark,) = composition_remark(level_of(composition=[shift("S1", 1, 0.8), shift("S2", 1, 1.4)]))
    assert remark.state == "computed"
    assert "RNA per spike-in is 0.8 (S1) to 1.4 (S2) times" in plain(remark.text)
    assert [*composition_remark(level_of(composition=[shift("S1", 1.1), shift("S2", 0.9)]))] == []
    assert [*composition_remark(level_of())] == []
