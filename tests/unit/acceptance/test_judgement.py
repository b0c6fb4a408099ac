"""Unknown values never pass, and bounds are applied exactly."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.acceptance import Measure
from lotwise.acceptance.judgement import Judgement, judge_rows

pytestmark = pytest.mark.requirement("VER-006", "VER-009")

NAN = math.nan
JUST_BELOW = math.nextafter(0.9, 0)


def measure(**given: object) -> Measure:
    base = {"table": "pairs", "statistic": "pearson", "rows": {"feature_set": "all"}}
    return Measure.model_validate(base | given)


def rows(*values: float, **others: object) -> list[dict]:
    return [
        {"sample_a": "A", "sample_b": f"B{i}", "pearson": value, "spearman": 0.9, "reason": ""}
        | others
        for i, value in enumerate(values, start=1)
    ]


def outcome(asked: Measure, found: list[dict]) -> str:
    return judge_rows(asked, found).outcome


@pytest.mark.parametrize(
    ("bound", "values", "expected", "value", "where"),
    [
        ({"at_least": 0.9}, [0.95, 0.9], "pass", 0.9, "A - B2"),
        ({"at_least": 0.9}, [0.95, JUST_BELOW], "fail", JUST_BELOW, "A - B2"),
        ({"at_most": 0.9}, [0.2, 0.9], "pass", 0.9, "A - B2"),
        ({"at_most": 0.9}, [0.2, 0.91, 0.95], "fail", 0.95, "A - B3"),
        ({"between": [0.2, 0.4]}, [0.2, 0.39], "pass", 0.2, "A - B1"),
        ({"between": [0.2, 0.4]}, [0.3, 0.1], "fail", 0.1, "A - B2"),
        ({"at_least": 0.9, "reduce": "lowest"}, [0.95, 0.8], "fail", 0.8, "A - B2"),
        ({"at_most": 0.9, "reduce": "lowest"}, [0.95, 0.8], "pass", 0.8, "A - B2"),
        ({"at_least": 0.9, "reduce": "highest"}, [0.95, 0.8], "pass", 0.95, "A - B1"),
        ({"at_most": 0.9, "reduce": "highest"}, [0.95, 0.8], "fail", 0.95, "A - B1"),
        ({"at_least": 0.9, "reduce": "median"}, [0.95, 0.8, 0.91], "pass", 0.91, ""),
        ({"at_least": 0.9, "reduce": "median"}, [0.95, 0.8], "fail", 0.875, ""),
        ({"at_least": 0.9, "reduce": "share", "share": 0.5}, [0.95, 0.8], "pass", 0.5, ""),
        ({"at_least": 0.9, "reduce": "share", "share": 0.51}, [0.95, 0.8], "fail", 0.5, ""),
        ({"at_least": 2, "reduce": "count"}, [0.1, 0.2], "pass", 2, ""),
        ({"at_least": 3, "reduce": "count"}, [0.1, 0.2], "fail", 2, ""),
        ({"at_least": "spearman"}, [0.9, 0.95], "pass", 0.9, "A - B1"),
        ({"at_least": "spearman"}, [0.89, 0.95], "fail", 0.89, "A - B1"),
    ],
)  # fmt: skip
def test_judge_rows__by_hand(bound, values, expected, value, where):
    found = judge_rows(measure(**bound), rows(*values))
    assert (found.outcome, found.where) == (expected, where)
    assert found.value == pytest.approx(value, abs=1e-15)


def test_judge_rows__a_tenth_of_thirty_is_three():
    """A share is computed by one division: 3 of 30 is a tenth, although 0.1 * 30 is more than 3."""
    asked = measure(at_least=0.9, reduce="share", share=0.1)
    assert outcome(asked, rows(*[0.95] * 3, *[0.1] * 27)) == "pass"
    assert outcome(asked, rows(*[0.95] * 2, *[0.1] * 28)) == "fail"


def test_judge_rows__no_rows_are_not_assessable():
    for reduce in ("every", "lowest", "highest", "median", "count"):
        assert outcome(measure(at_least=0, reduce=reduce), []) == "not assessable"


@pytest.mark.parametrize("value", [NAN, math.inf, -math.inf])
def test_judge_rows__a_missing_number_gives_its_reason(value):
    found = judge_rows(measure(at_least=0.9), rows(value, reason="B is constant"))
    assert found == Judgement(
        outcome="not assessable",
        where="A - B1",
        reason="no number for A - B1: B is constant",
    )


def test_judge_rows__a_row_beyond_the_bound_fails_whatever_is_missing():
    assert outcome(measure(at_least=0.9), rows(0.95, NAN)) == "not assessable"
    assert outcome(measure(at_least=0.9), rows(0.85, NAN)) == "fail"
    for reduce in ({"reduce": "median"}, {"reduce": "share", "share": 0.1}):
        assert outcome(measure(at_least=0.9, **reduce), rows(0.85, NAN)) == "not assessable"
    assert outcome(measure(at_most=0.9, reduce="lowest"), rows(0.85, NAN)) == "not assessable"


def test_judge_rows__a_bound_that_is_missing_is_not_assessable():
    asked = Measure(table="batches", statistic="median_to_others", at_least="prediction_lower")
    row = {"batch": "L1", "median_to_others": 0.97, "prediction_lower": NAN, "reason": "few"}
    found = judge_rows(asked, [row])
    assert found.outcome == "not assessable"
    assert found.reason == "no number for L1: few"
    found = judge_rows(asked, [row | {"prediction_lower": 0.96}])
    assert found.outcome == "pass"
    assert found.reason == "the one row meets it; there its prediction_lower is 0.96"
    assert outcome(asked, [row | {"prediction_lower": 0.98}]) == "fail"


INTERVAL = Measure(table="intervals", statistic="pearson", at_least=0.9, use="interval")
OF_INTERVAL = {
    "sample_a": "A", "sample_b": "B", "pearson": 0.95, "lower": 0.91, "upper": 0.97,
    "warning": "", "reason": "",
}  # fmt: skip


def test_judge_rows__the_interval_must_meet_the_bound():
    found = judge_rows(INTERVAL, [OF_INTERVAL])
    assert (found.outcome, found.value, found.interval) == ("pass", 0.95, (0.91, 0.97))
    assert outcome(INTERVAL, [OF_INTERVAL | {"lower": 0.89}]) == "fail"
    assert outcome(INTERVAL, [OF_INTERVAL | {"lower": NAN}]) == "not assessable"
    asked = Measure(table="intervals", statistic="pearson", at_least=0.9)
    assert outcome(asked, [OF_INTERVAL | {"lower": 0.89}]) == "pass"
    within = Measure(table="agreement", statistic="bias", rows={"bin": 0}, between=(-1, 1),
                     use="interval")  # fmt: skip
    row = {"sample_a": "A", "sample_b": "B", "bin": 0, "bias": 0.0, "reason": ""}
    assert outcome(within, [row | {"lower": -0.9, "upper": 0.9}]) == "pass"
    assert outcome(within, [row | {"lower": -0.9, "upper": 1.1}]) == "fail"


def test_judge_rows__an_interval_known_to_be_too_narrow_can_fail_but_not_pass():
    narrow = OF_INTERVAL | {"warning": "single features were resampled"}
    found = judge_rows(INTERVAL, [narrow])
    assert (found.outcome, found.value) == ("not assessable", 0.95)
    assert found.reason == "the interval meets the bound, but single features were resampled"
    assert outcome(INTERVAL, [narrow | {"lower": 0.89}]) == "fail"
    shared = INTERVAL.model_copy(update={"reduce": "share", "share": 0.5})
    found = judge_rows(shared, [narrow])
    assert (found.outcome, found.value) == ("not assessable", 1.0)
    assert "single features were resampled" in found.reason


def test_judge_rows__answers():
    asked = Measure.model_validate({"table": "sex", "statistic": "agrees", "is": "yes"})
    row = {"sample": "S", "agrees": "yes", "reason": "XIST without genes of Y"}
    found = judge_rows(asked, [row])
    assert (found.outcome, found.value, found.where) == ("pass", 1.0, "")
    found = judge_rows(asked, [row, row | {"sample": "T", "agrees": "no"}])
    assert (found.outcome, found.value, found.where) == ("fail", 0.5, "T")
    found = judge_rows(asked, [row, row | {"sample": "T", "agrees": "donor not given"}])
    assert found.outcome == "not assessable"
    assert found.reason == "no number for T: agrees is 'donor not given'"


def test_judge_rows__an_answer_with_a_reason_is_no_answer():
    asked = Measure.model_validate(
        {"table": "process_change", "statistic": "equivalent", "is": "yes"}
    )
    row = {"attribute": "R", "equivalent": "yes", "reason": "1 post lots of 3 planned"}
    found = judge_rows(asked, [row])
    assert found.outcome == "not assessable"
    assert "1 post lots of 3 planned" in found.reason


def test_judge_rows__a_marker_that_is_not_annotated_is_neither_there_nor_absent():
    asked = Measure.model_validate(
        {"table": "identity", "statistic": "holds", "rows": {"panel": "msc"}, "is": "yes"}
    )
    row = {"panel": "msc", "sample": "S", "marker": "CD34", "holds": "not annotated"}
    found = judge_rows(asked, [row])
    assert found.outcome == "not assessable"
    assert "S, msc, CD34" in found.reason


def test_judge_rows__switches_are_known_with_their_number():
    asked = Measure.model_validate({"table": "libraries", "statistic": "shallow", "is": False})
    row = {"sample": "S", "shallow": False, "share_of_median": 1.0, "reason": "few samples"}
    assert outcome(asked, [row]) == "pass"
    assert outcome(asked, [row | {"shallow": True, "share_of_median": 0.1}]) == "fail"
    assert outcome(asked, [row | {"share_of_median": NAN}]) == "not assessable"


def test_judge_rows__a_zero_that_stands_for_nothing_is_not_a_number():
    """If a statistic was not computed, whole numbers are 0; only the reason shows it."""
    rows = {"unit": "TPM"}
    asked = Measure(table="replicate_qc", statistic="n_one_only", rows=rows, at_most=100)
    row = {"sample_a": "A", "sample_b": "B", "n_one_only": 0, "reason": "not computed"}
    assert outcome(asked, [row]) == "not assessable"
    assert outcome(asked, [row | {"reason": ""}]) == "pass"


numbers = st.one_of(st.floats(-1, 1), st.just(NAN), st.sampled_from([math.inf, -math.inf]))
bounds = st.floats(-1, 1)
shapes = st.sampled_from(
    [{"reduce": name} for name in ("every", "lowest", "highest", "median")]
    + [{"reduce": "share", "share": 0.5}, {"reduce": "share", "share": 1.0}]
)


@settings(max_examples=40)
@given(st.lists(numbers, max_size=6), bounds, shapes, st.sampled_from(["at_least", "at_most"]))
def test_judge_rows__never_passes_on_what_is_not_known(values, bound, shape, side):
    found = judge_rows(measure(**{side: bound}, **shape), rows(*values))
    # The lowest known value is below a bound even if another is missing, so it cannot pass.
    if not values or not all(map(math.isfinite, values)):
        assert found.outcome != "pass"
    if found.outcome != "not assessable":
        assert found.value is not None
        assert math.isfinite(found.value)


@settings(max_examples=40)
@given(st.lists(numbers, min_size=1, max_size=6), bounds, bounds, shapes)
def test_judge_rows__a_bound_that_is_easier_is_met_where_the_harder_is(values, one, other, shape):
    easy, hard = sorted((one, other))
    order = ["fail", "not assessable", "pass"]
    found = rows(*values)
    at_least = [
        order.index(outcome(measure(at_least=bound, **shape), found)) for bound in (hard, easy)
    ]
    at_most = [
        order.index(outcome(measure(at_most=bound, **shape), found)) for bound in (easy, hard)
    ]
    assert at_least == sorted(at_least)
    assert at_most == sorted(at_most)


def test_judge_rows__of_margins_that_are_one_float_the_lower_value_is_told():
    asked = measure(at_least=1.0, reduce="every")
    assert judge_rows(asked, rows(0.0, 3e-28)).value == 0
    assert judge_rows(asked, rows(3e-28, 0.0)).value == 0


@settings(max_examples=40)
@given(st.lists(numbers, min_size=1, max_size=6), bounds, shapes, st.randoms())
def test_judge_rows__the_order_of_rows_does_not_matter(values, bound, shape, random):
    asked = measure(at_least=bound, **shape)
    found = rows(*values)
    shuffled = random.sample(found, len(found))
    one, other = judge_rows(asked, found), judge_rows(asked, shuffled)
    assert (one.outcome, one.value) == (other.outcome, other.value)


@pytest.mark.parametrize(
    ("value", "round_to", "outcome"),
    [(0.9461, None, "fail"), (0.9461, 2, "pass"), (0.945, 2, "fail"), (0.9450001, 2, "pass")],
)
def test_judge_rows__full_precision_unless_the_criterion_names_decimals(value, round_to, outcome):
    """Half to even: 0.945 is 0.94, which does not meet 0.95."""
    measure = Measure(
        table="batches", statistic="median_to_others", at_least=0.95, round_to=round_to
    )
    row = {"batch": "L1", "median_to_others": value, "reason": ""}
    found = judge_rows(measure, [row])
    assert found.outcome == outcome
    assert found.value == (value if round_to is None else round(value, 2))
    assert ("rounded to 2 decimals" in measure.bound) == (round_to is not None)
