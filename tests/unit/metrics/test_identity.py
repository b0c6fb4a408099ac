"""Sex by expression and panels of markers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.errors import InputError
from lotwise.metrics.identity import call_sex, check_panel, sex_agreement

NEITHER = "neither XIST nor genes of Y are expressed"


@pytest.mark.parametrize(
    ("xist", "y_genes", "sex", "reason"),
    [
        (40, [0.3, 0, 0, 0, 0], "female", ""),
        (0, [30, 20, 5, 0.5, 4], "male", ""),
        (1, [0.99, 0, 0, 0, 0], "female", ""),
        (20, [20, 10, 0, 0, 0], "mixed", "XIST and genes of Y are both expressed"),
        (0.2, [0] * 5, "no Y expression", NEITHER),
        # A background of 0.95 TPM, summed or per gene, does not make female cells male.
        (0.2, [0.5, 0.45, 0, 0, 0], "no Y expression", NEITHER),
        (30, [0.95] * 5, "female", ""),
        (0, [0.95] * 5, "no Y expression", NEITHER),
        (
            0,
            [7, 0.5, 0, 0, 0],
            "no Y expression",
            "XIST is not expressed; Y sums to 7.5 TPM, but only 1 of its genes reach 1 TPM",
        ),
        # With one gene annotated, two cannot be required.
        (0, [60], "male", ""),
        (np.nan, [30, 20, 0, 0, 0], "male", ""),
        (
            np.nan,
            [0.1, 0, 0, 0, 0],
            "unknown",
            "Y is not expressed as in male cells, and XIST is not annotated",
        ),
        (30, [], "unknown", "the genes of Y are not annotated"),
        (np.nan, [], "unknown", "XIST and the genes of Y are not annotated"),
    ],
)
def test_call_sex__every_answer(xist, y_genes, sex, reason):
    found = call_sex([xist], np.reshape(y_genes, (1, -1)))
    assert found.sex == (sex,)
    assert found.reasons == (reason,)


@given(st.lists(st.tuples(*[st.floats(0, 100)] * 3), min_size=1, max_size=20))
def test_call_sex__each_sample_for_itself_whatever_the_order_of_genes(samples):
    made = np.array(samples)
    found = call_sex(made[:, 0], made[:, 1:]).sex
    assert found == tuple(call_sex([x], [y]).sex[0] for x, *y in samples)
    assert found == call_sex(made[:, 0], made[:, :0:-1]).sex


def test_call_sex__bad_input_is_refused():
    with pytest.raises(InputError, match="has 1 samples, but 'male_tpm' has 2"):
        call_sex([1], [[1], [2]])
    with pytest.raises(InputError, match="female_tpm"):
        call_sex([-1], [[1]])
    with pytest.raises(InputError, match="female_tpm"):
        call_sex([np.inf], [[1]])


ONE = ["A"] * 4


@pytest.mark.parametrize(
    ("y_tpm", "donors", "expected"),
    [
        ([440, 460, 450, 0.1], ONE, ["yes", "yes", "yes", "no"]),
        ([0.1, 0.0, 450, 0.2], ONE, ["yes", "yes", "no", "yes"]),
        ([440, 0.1], ["A", "A"], ["no", "no"]),
        ([440, 0.1, 460, 0.2], ONE, ["no"] * 4),
        ([440, 460, 0.1], ["A"] * 3, ["yes", "yes", "no"]),
        # A ten-fold difference in male expression is not a swap; a larger one is.
        ([60, 600], ["A", "A"], ["yes", "yes"]),
        ([59, 600], ["A", "A"], ["no", "no"]),
        # Background with a many-fold difference, below 5 TPM.
        ([0.0, 0.95, 4.9, 0.01], ONE, ["yes"] * 4),
        ([440, 0.1, 0.2, 450], ["A", "B", "C", "D"], ["only sample of its donor"] * 4),
        ([440, 0.1], ["", "D"], ["donor not given", "only sample of its donor"]),
        ([np.nan] * 4, ONE, ["genes of Y not annotated"] * 4),
    ],
)  # fmt: skip
def test_sex_agreement__hand_values(y_tpm, donors, expected):
    assert list(sex_agreement(y_tpm, donors)) == expected


def test_sex_agreement__two_exchanged_samples_of_18_are_named_and_nobody_else():
    rng = np.random.default_rng(1)
    donors = np.repeat(["A", "B", "C"], 6)
    for _ in range(200):
        y_tpm = np.where(donors == "B", rng.exponential(0.3, 18), rng.lognormal(5, 0.4, 18))
        first, second = rng.integers(6), 6 + rng.integers(6)
        y_tpm[[first, second]] = y_tpm[[second, first]]
        answers = np.array(sex_agreement(y_tpm, donors.tolist()))
        assert set(np.flatnonzero(answers == "no")) == {first, second}
        assert set(np.delete(answers, [first, second])) == {"yes"}


@given(st.lists(st.sampled_from([0.0, 0.5, 4, 6, 80, 900]), min_size=1, max_size=9), st.randoms())
def test_sex_agreement__follows_the_samples_and_names_none_of_one_sex(y_tpm, random):
    order = list(range(len(y_tpm)))
    random.shuffle(order)
    found = sex_agreement(y_tpm, ["A"] * len(y_tpm))
    moved = sex_agreement([y_tpm[i] for i in order], ["A"] * len(y_tpm))
    assert list(moved) == [found[i] for i in order]
    if max(y_tpm) < 5 or max(y_tpm) <= 10 * min(y_tpm):
        assert "no" not in found


def test_sex_agreement__a_library_too_shallow_to_show_y_is_not_named():
    few = "too few counts to detect genes of Y"
    donors, y_counts = ["A"] * 3, [8800, 9200, 0]

    def answers(of_third):
        totals = [2e7, 2e7, of_third]
        return sex_agreement([440, 460, 0.0], donors, y_counts=y_counts, total_counts=totals)

    assert answers(3_000) == ("yes", "yes", few)
    assert answers(3e5) == ("yes", "yes", "no")
    # Without counts the depth is unknown.
    assert answers(np.nan) == ("yes", "yes", "no")
    # A shallow library that expresses Y is compared.
    shallow = {"y_counts": [8800, 2], "total_counts": [2e7, 3_000]}
    assert sex_agreement([440, 460], ["A", "A"], **shallow) == ("yes", "yes")
    assert sex_agreement([440, 0.0], ["A", "A"], **shallow) == (
        "only sample of its donor with enough counts",
        few,
    )
    with pytest.raises(InputError, match="'y_tpm' has 1 samples, 'donors' has 2"):
        sex_agreement([1], ["A", "B"])


def test_check_panel__hand_value():
    found = check_panel(
        [[5, 0.5, 2], [0.5, 3, 1]], directions=("present", "absent", "present"), absent_below=1
    )
    np.testing.assert_array_equal(found.holds, [[True, True, True], [False, False, True]])
    np.testing.assert_array_equal(found.n_holding, [3, 1])


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 100))
def test_check_panel__present_and_absent_are_opposite_at_one_threshold(n, m, seed):
    tpm = np.random.default_rng(seed).exponential(1, (n, m))
    present = check_panel(tpm, directions=("present",) * m)
    absent = check_panel(tpm, directions=("absent",) * m)
    np.testing.assert_array_equal(present.holds, ~absent.holds)
    assert (present.n_holding + absent.n_holding == m).all()


def test_check_panel__nothing_annotated_says_so_and_bad_input_is_refused():
    found = check_panel(np.empty((2, 0)), directions=())
    assert found.reason == "no marker of the panel is annotated"
    with pytest.raises(InputError, match="1 directions for 2 markers"):
        check_panel([[1, 2]], directions=("present",))
    with pytest.raises(InputError, match="unknown direction 'up'"):
        check_panel([[1]], directions=("up",))


def test_call_sex__is_the_definition_written_out_for_each_sample():
    rng = np.random.default_rng(2)
    xist, y_genes = rng.lognormal(0, 1.5, 400), rng.lognormal(0, 1.5, (400, 5))
    expected = []
    for x, y in zip(xist, y_genes, strict=True):
        if sum(y) >= 5 and sum(gene >= 2 for gene in y) >= 2:
            expected.append("mixed" if x >= 2 else "male")
        else:
            expected.append("female" if x >= 2 else "no Y expression")
    found = call_sex(xist, y_genes, present_from=2)
    assert list(found.sex) == expected
    assert set(expected) == {"mixed", "female", "male", "no Y expression"}
    assert [bool(reason) for reason in found.reasons] == [
        sex in {"mixed", "no Y expression"} for sex in expected
    ]


def test_check_panel__is_the_definition_written_out_for_each_sample_and_marker():
    rng = np.random.default_rng(3)
    tpm = rng.lognormal(0, 1.5, (30, 8))
    tpm[0], tpm[1] = 3, 0.5  # exactly at the bounds
    directions = tuple(rng.choice(["present", "absent"], 8).tolist())
    found = check_panel(tpm, directions=directions, present_from=3, absent_below=0.5)
    assert set(directions) == {"present", "absent"}
    for sample, row in enumerate(tpm):
        expected = [
            value >= 3 if direction == "present" else value < 0.5
            for value, direction in zip(row, directions, strict=True)
        ]
        assert found.holds[sample].tolist() == expected
        assert found.n_holding[sample] == sum(expected)


def test_check_panel__null_sound_cells_hold_and_power_a_contaminant_breaks_its_markers_alone():
    directions = ("present",) * 4 + ("absent",) * 5
    for seed in range(100):
        rng = np.random.default_rng(seed)
        cells = np.hstack([rng.lognormal(4, 0.6, (6, 4)), rng.exponential(0.02, (6, 5))])
        sound = check_panel(cells, directions=directions)
        assert sound.holds.all()
        cells[2, 4:] += 0.05 * rng.lognormal(4, 0.2, 5)  # a twentieth of other cells
        mixed = check_panel(cells, directions=directions).holds
        assert np.argwhere(~mixed).tolist() == [[2, marker] for marker in range(4, 9)]
