"""Unknown values never pass, and bounds are applied exactly."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.acceptance import Measure
from lotwise.acceptance.judgement import (
    Judgement,
    decided_by_some,
    judge_rows,
    outcome_over_all,
    rounded,
)

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
    assert found.reason == "no answer for T: donor not given"


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


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["pass", "pass"], "pass"),
        (["pass", "fail"], "fail"),
        (["fail", "not assessable"], "fail"),
        (["pass", "not assessable"], "not assessable"),
        (["descriptive", "fail"], "fail"),
        (["not assessable"], "not assessable"),
    ],
)
def test_outcome_over_all__one_failure_fails_whatever_else_there_is(outcomes, expected):
    assert outcome_over_all(outcomes) == expected
    assert outcome_over_all(outcomes[::-1]) == expected


@pytest.mark.parametrize(
    ("shape", "certain"),
    [
        ({"at_least": 0.9}, "fail"),
        ({"at_most": 0.9}, "fail"),
        ({"at_least": 0.9, "reduce": "lowest"}, "fail"),
        ({"at_most": 0.9, "reduce": "highest"}, "fail"),
        ({"at_most": 0.9, "reduce": "lowest"}, None),
        ({"at_least": 0.9, "reduce": "highest"}, None),
        ({"between": [0.2, 0.9], "reduce": "lowest"}, None),
        ({"between": [0.2, 0.9], "reduce": "highest"}, None),
        ({"at_least": 0.9, "reduce": "median"}, None),
        ({"at_least": 0.9, "reduce": "share", "share": 0.5}, None),
        ({"at_least": 2, "reduce": "count"}, "pass"),
    ],
)
def test_decided_by_some__only_what_no_other_row_can_change(shape, certain):
    asked = measure(**shape)
    for outcome in ("pass", "fail", "not assessable"):
        assert decided_by_some(asked, outcome) == (outcome == certain)


@pytest.mark.parametrize(
    ("shape", "beyond"),
    [
        ({"at_least": 0.9, "reduce": "lowest"}, 0.85),
        ({"at_most": 0.9, "reduce": "highest"}, 0.95),
    ],
)
def test_judge_rows__an_extreme_beyond_its_bound_fails_although_another_is_missing(shape, beyond):
    found = judge_rows(measure(**shape), rows(NAN, beyond))
    assert (found.outcome, found.value, found.where) == ("fail", beyond, "A - B2")


def test_judge_rows__the_extreme_of_both_bounds_is_not_known_with_a_missing_row():
    for reduce, value in (("lowest", 0.1), ("highest", 0.5)):
        asked = measure(between=[0.2, 0.4], reduce=reduce)
        assert outcome(asked, rows(value, 0.3)) == "fail"
        assert outcome(asked, rows(value, NAN)) == "not assessable"


def test_judge_rows__zero_is_a_number_like_any_other():
    lowest = judge_rows(measure(at_most=0.1, reduce="lowest"), rows(0.5, 0.0))
    assert (lowest.outcome, lowest.value, lowest.where) == ("pass", 0, "A - B2")
    highest = judge_rows(measure(at_least=-0.1, reduce="highest"), rows(0.0, -0.5))
    assert (highest.outcome, highest.value, highest.where) == ("pass", 0, "A - B1")
    middle = judge_rows(measure(at_most=0.1, reduce="median"), rows(0.0, 0.0, 0.5))
    assert (middle.outcome, middle.value) == ("pass", 0)


def test_judge_rows__a_bound_of_zero_is_a_bound():
    for shape in ({"reduce": "every"}, {"reduce": "median"}):
        assert outcome(measure(at_least=0.0, **shape), rows(-0.1)) == "fail"
        assert outcome(measure(at_most=0.0, **shape), rows(0.1)) == "fail"
    assert outcome(measure(between=[0.0, 0.4], reduce="median"), rows(-0.1)) == "fail"


def test_judge_rows__the_median_meets_both_bounds():
    asked = measure(between=[0.2, 0.4], reduce="median")
    found = [outcome(asked, rows(value)) for value in (0.1, 0.2, 0.3, 0.4, 0.5)]
    assert found == ["fail", "pass", "pass", "pass", "fail"]


@pytest.mark.parametrize(
    ("shape", "values", "reason"),
    [
        ({"at_least": 0.9}, [0.95, 0.96], "all 2 rows meet it"),
        ({"at_least": 0.9}, [0.95], "the one row meets it"),
        ({"at_least": 0.9}, [0.8, 0.95, 0.7], "2 of 3 rows beyond the bound: A - B3, A - B1"),
        (
            {"at_least": "spearman"},
            [0.8],
            "1 of 1 row beyond the bound: A - B1; there its spearman is 0.9",
        ),
        ({"at_least": 0.9}, [NAN, NAN, 0.95], "no number for A - B1 and 1 more row"),
        ({"at_least": 0.9}, [NAN, NAN, NAN], "no number for A - B1 and 2 more rows"),
        ({"at_least": 0.9}, [math.inf], "no number for A - B1: pearson is inf"),
        ({"at_least": 0.9, "reduce": "median"}, [0.8, 0.9, 0.95], "median of 3 rows"),
        ({"at_most": 0.9, "reduce": "lowest"}, [0.8], "lowest of 1 row"),
        (
            {"at_least": 0.9, "reduce": "share", "share": 0.5},
            [0.95, 0.8],
            "1 of 2 rows as required",
        ),
        (
            {"at_least": 0.9, "reduce": "share", "share": 0.6},
            [0.95, 0.8],
            "1 of 2 rows as required; not A - B2",
        ),
        ({"at_least": 2, "reduce": "count"}, [0.95, NAN], "known in 1 of 2 rows"),
    ],
)
def test_judge_rows__the_reason_counts_and_names_the_rows(shape, values, reason):
    assert judge_rows(measure(**shape), rows(*values)).reason == reason


def test_judge_rows__a_pair_with_several_rows_is_named_once():
    found = judge_rows(measure(at_least=0.9), [*rows(0.8, 0.7), *rows(0.6)])
    assert found.reason == "3 of 3 rows beyond the bound: A - B1, A - B2"


def test_judge_rows__without_a_share_all_rows_must_be_as_required():
    asked = measure(at_least=0.9, reduce="share", share=0.5).model_copy(update={"share": None})
    assert outcome(asked, rows(0.95, 0.9)) == "pass"
    assert outcome(asked, rows(0.95, 0.8)) == "fail"


def test_judge_rows__only_known_numbers_are_counted():
    asked = measure(at_least=2, reduce="count")
    found = judge_rows(asked, rows(0.95, NAN, 0.1))
    assert (found.outcome, found.value) == ("pass", 2)
    assert outcome(asked, rows(0.95, NAN)) == "fail"


def test_judge_rows__the_share_of_answers_counts_a_row_without_answer_as_not_met():
    asked = Measure.model_validate({"table": "sex", "statistic": "agrees", "is": "yes"})
    answers = ("yes", "yes", "no", "donor not given")
    made = [{"sample": f"S{i}", "agrees": one, "reason": ""} for i, one in enumerate(answers)]
    found = judge_rows(asked, made)
    assert (found.outcome, found.value, found.where) == ("fail", 0.5, "S2")


@pytest.mark.parametrize(
    ("names", "where"),
    [
        ({"sample": "S1", "batch": "L1"}, "S1"),
        ({"batch": "L1"}, "L1"),
        ({"sample_a": "S1", "sample_b": "S2", "batch_a": "L1", "batch_b": "L2"}, "S1 - S2"),
        ({"sample_a": "", "sample_b": "", "batch_a": "L1", "batch_b": "L2"}, "L1 - L2"),
        ({"sample": "S1", "batch": "L1", "panel": "msc", "marker": "CD34"}, "S1, msc, CD34"),
    ],
)
def test_judge_rows__a_row_is_named_by_its_samples_or_else_by_its_batches(names, where):
    found = judge_rows(measure(at_least=0.9), [{"pearson": 0.95, "reason": ""} | names])
    assert found.where == where


def test_judge_rows__what_has_no_reason_of_its_own_is_named():
    assert judge_rows(INTERVAL, [OF_INTERVAL | {"upper": math.inf}]).reason == (
        "no number for A - B: no interval"
    )
    told = OF_INTERVAL | {"upper": math.inf, "reason": "few features"}
    assert judge_rows(INTERVAL, [told]).reason == "no number for A - B: few features"
    asked = Measure(table="batches", statistic="median_to_others", at_most="prediction_lower")
    for unknown in (NAN, math.inf):
        row = {"batch": "L1", "median_to_others": 0.97, "prediction_lower": unknown, "reason": ""}
        found = judge_rows(asked, [row])
        assert found.outcome == "not assessable"
        assert found.reason == "no number for L1: no prediction_lower"
    switch = Measure.model_validate({"table": "libraries", "statistic": "shallow", "is": False})
    row = {"sample": "S", "shallow": False, "share_of_median": NAN, "reason": ""}
    assert judge_rows(switch, [row]).reason == "no answer for S: share_of_median is unknown"


def test_judge_rows__limits_of_an_interval_are_rounded_as_the_number_is():
    to_two = INTERVAL.model_copy(update={"round_to": 2})
    found = judge_rows(to_two, [OF_INTERVAL | {"lower": 0.896, "upper": 0.9749}])
    assert (found.outcome, found.interval) == ("pass", (0.9, 0.97))
    assert outcome(INTERVAL, [OF_INTERVAL | {"lower": 0.896}]) == "fail"


def test_judge_rows__the_median_is_rounded_before_it_is_compared():
    asked = measure(at_least=0.945, reduce="median")
    assert judge_rows(asked, rows(0.94, 0.95)).outcome == "pass"
    found = judge_rows(asked.model_copy(update={"round_to": 2}), rows(0.94, 0.95))
    assert (found.outcome, found.value) == ("fail", 0.94)


def test_judge_rows__the_deciding_row_brings_its_interval():
    lowest = Measure(table="intervals", statistic="pearson", at_most=0.96, reduce="lowest")
    wide = OF_INTERVAL | {"sample_b": "C", "pearson": 0.9, "lower": 0.8}
    found = judge_rows(lowest, [OF_INTERVAL, wide])
    assert (found.value, found.interval, found.where) == (0.9, (0.8, 0.97), "A - C")
    middle = lowest.model_copy(update={"reduce": "median"})
    found = judge_rows(middle, [OF_INTERVAL, wide])
    assert (found.value, found.interval, found.where) == (pytest.approx(0.925), None, "")


def test_judge_rows__a_warning_does_not_matter_where_the_number_itself_is_judged():
    asked = Measure(table="intervals", statistic="pearson", at_least=0.9)
    assert outcome(asked, [OF_INTERVAL | {"warning": "single features were resampled"}]) == "pass"


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [(0.125, 2, 0.12), (0.375, 2, 0.38), (2.5, 0, 2.0), (-0.125, 2, -0.12), (1234.5678, 1, 1234.6)],
)
def test_rounded__half_goes_to_the_even_digit(value, decimals, expected):
    assert rounded(value, decimals) == expected


def test_rounded__what_is_not_finite_stays():
    assert math.isnan(rounded(NAN, 2))
    assert rounded(-math.inf, 2) == -math.inf
