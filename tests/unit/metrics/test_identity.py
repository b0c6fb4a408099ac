"""Sex by expression and panels of markers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.errors import InputError
from lotwise.metrics.identity import call_sex, check_panel


@pytest.mark.parametrize(
    ("xist", "y_genes", "sex", "reason"),
    [
        (40, 0.3, "female", ""),
        (0, 60, "male", ""),
        (1, 0.99, "female", ""),
        (20, 30, "mixed", "XIST and genes of Y are both expressed"),
        (0.2, 0, "unknown", "neither XIST nor genes of Y are expressed"),
    ],
)
def test_call_sex__all_four_answers(xist, y_genes, sex, reason):
    found = call_sex([xist], [y_genes])
    assert found.sex == (sex,)
    assert found.reasons == (reason,)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=20))
def test_call_sex__each_sample_for_itself_and_mirrored(samples):
    xist, y_genes = map(list, zip(*samples, strict=True))
    found = call_sex(xist, y_genes).sex
    assert found == tuple(call_sex([x], [y]).sex[0] for x, y in samples)
    mirror = {"female": "male", "male": "female"}
    assert call_sex(y_genes, xist).sex == tuple(mirror.get(sex, sex) for sex in found)


def test_call_sex__a_planted_swap_is_seen_among_sound_sets():
    rng = np.random.default_rng(1)
    for _ in range(200):
        male_donor = rng.lognormal(3, 0.5, 6)
        errors = rng.exponential(0.05, 6)
        assert set(call_sex(errors, male_donor).sex) == {"male"}
        swapped_x, swapped_y = errors.copy(), male_donor.copy()
        swapped_x[2], swapped_y[2] = 35.0, errors[2]
        assert call_sex(swapped_x, swapped_y).sex[2] == "female"
        mixture = call_sex([3.5], [0.9 * male_donor[0]])  # a tenth of female cells
        assert mixture.sex == ("mixed",)


def test_call_sex__bad_input_is_refused():
    with pytest.raises(InputError, match="has 1 samples, male_tpm 2"):
        call_sex([1], [1, 2])


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
    with pytest.raises(InputError, match="direction 'up' is not known"):
        check_panel([[1]], directions=("up",))


def test_call_sex__is_the_definition_written_out_for_each_sample():
    rng = np.random.default_rng(2)
    xist, y_genes = rng.lognormal(0, 1.5, (2, 400))
    xist[:9], y_genes[:9] = [0, 0, 0, 2, 2, 2, 3, 3, 3], [0, 2, 3, 0, 2, 3, 0, 2, 3]
    expected = []
    for x, y in zip(xist, y_genes, strict=True):
        if x >= 2:
            expected.append("mixed" if y >= 2 else "female")
        else:
            expected.append("male" if y >= 2 else "unknown")
    found = call_sex(xist, y_genes, present_from=2)
    assert list(found.sex) == expected
    assert set(expected) == {"mixed", "female", "male", "unknown"}
    assert [bool(reason) for reason in found.reasons] == [
        sex in {"mixed", "unknown"} for sex in expected
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
