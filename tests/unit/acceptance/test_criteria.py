"""Criteria refuse unknown words, and their SHA-256 depends only on their content."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lotwise.acceptance import SHIPPED, Criteria, parse_criteria, path_of_criteria, read_criteria
from lotwise.errors import InputError

PAIRS = {
    "id": "r",
    "rationale": "because",
    "level": "gene",
    "table": "pairs",
    "rows": {"relation": "between", "feature_set": "all"},
    "statistic": "pearson",
    "at_least": 0.95,
}


OVER_TWO_FOLD = {
    "id": "two-fold",
    "rationale": "few genes differ",
    "level": "gene",
    "table": "agreement",
    "rows": {"bin": 0},
    "statistic": "share_over_2_fold",
}


def text_of(*criteria: dict, **top: object) -> str:
    return yaml.safe_dump({"title": "t", **top, "criteria": list(criteria)}, sort_keys=False)


def parse(*criteria: dict, **top: object) -> Criteria:
    return parse_criteria(text_of(*criteria, **top), source="c.yaml")


def without(*names: str) -> dict:
    return {name: value for name, value in PAIRS.items() if name not in names}


@pytest.mark.parametrize("name", SHIPPED)
def test_read_criteria__shipped_have_a_rationale_for_each_line(name):
    read = read_criteria(name)
    assert (read.name, read.text) == (name, path_of_criteria(name).read_text())
    assert read.criteria.source
    for criterion in read.criteria.criteria:
        assert len(criterion.rationale.split()) > 10


@pytest.mark.parametrize(("kind", "bound"), [("isogenic", 0.9), ("anisogenic", 0.8)])
def test_read_criteria__encode_lines_are_on_spearman_and_depth(kind, bound):
    depth, spearman = read_criteria(f"encode_{kind}").criteria.criteria
    assert (spearman.table, spearman.statistic, spearman.at_least) == (
        "replicate_qc",
        "spearman",
        bound,
    )
    assert (depth.statistic, depth.at_least) == ("total_counts", 20_000_000)


@pytest.mark.parametrize(
    ("criterion", "words"),
    [
        (PAIRS | {"at_leest": 1}, "criterion 'r': key 'at_leest' is unknown; did you mean 'at_lea"),
        (PAIRS | {"table": "pair"}, "table 'pair' is unknown; did you mean 'pairs'"),
        (PAIRS | {"statistic": "persons"}, "'persons' cannot be judged .* mean 'pearson'"),
        (PAIRS | {"statistic": "reason"}, "'reason' cannot be judged"),
        (PAIRS | {"level": "genes"}, "key 'level' is 'genes'; input should be 'gene' or 'isoform'"),
        (without("rationale"), "criterion 'r': key 'rationale' is missing"),
        (PAIRS | {"rationale": " "}, "key 'rationale' is ' '"),
        (without("id"), "criterion number 1: key 'id' is missing"),
        (PAIRS | {"id": "a b"}, "key 'id' is 'a b'"),
        (PAIRS | {"id": "overall"}, "'overall' is reserved for the outcome"),
        (PAIRS | {"rows": {"relations": "between"}}, "no column 'relations'; .* 'relation'"),
        (PAIRS | {"rows": {"feature_set": "al"}}, "feature_set is 'al'; did you mean 'all'"),
        (
            PAIRS | {"rows": {"relation": "between"}},
            "each feature_set; choose one under rows, such as feature_set: all",
        ),
        (
            PAIRS | {"table": "agreement", "statistic": "share_over_2_fold", "rows": {}},
            r"each bin; choose one under rows \(bin: 0 is all features, ",
        ),
        (PAIRS | {"rows": {"feature_set": "all", "n_features": "3"}}, "must be a whole number"),
        (PAIRS | {"rows": {"feature_set": "all", "reason": ""}}, "only in tables of features"),
        (without("at_least"), "'at_least', 'at_most', 'between' and 'is'; got none"),
        (PAIRS | {"at_most": 1}, "got at_least and at_most"),
        (PAIRS | {"at_least": "0.9"}, "'0.9' is text, .*; write the number out, 0.9"),
        (PAIRS | {"at_least": "2e7"}, "write the number out, 20000000"),
        (PAIRS | {"at_least": "spearmann"}, "no column of numbers .* mean 'spearman'"),
        (PAIRS | {"at_least": True}, "key 'at_least' is True"),
        (PAIRS | {"at_least": float("nan")}, "key 'at_least' is nan; .*finite"),
        (PAIRS | {"at_least": float("inf")}, "key 'at_least' is inf; .*finite"),
        (without("at_least") | {"between": [1, 0]}, "between must give the lower bound first"),
        (without("at_least") | {"between": [1]}, "key 'between' is"),
        (PAIRS | {"at_least": 95}, "bound is 95, but 'pearson' .* -1 and 1; write 95 % as 0.95"),
        (without("at_least") | {"between": [0.9, 1.5]}, "bound is 1.5, but 'pearson' is always"),
        (
            OVER_TWO_FOLD | {"at_most": 5},
            "bound is 5, but 'share_over_2_fold' is always between 0 and 1; write 5 % as 0.05",
        ),
        (OVER_TWO_FOLD | {"at_most": -0.1}, "the bound is -0.1, but 'share_over_2_fold' is always"),
        (PAIRS | {"at_least": -1}, "'pearson' is always between -1 and 1, so .* cannot fail"),
        (without("at_least") | {"between": [-1, 1]}, "so this criterion cannot fail"),
        (OVER_TWO_FOLD | {"at_most": 1}, "so this criterion cannot fail; .* or use tier: 3"),
        (PAIRS | {"round_to": 1}, "round_to: 1 is coarser than the bound 0.95"),
        (without("at_least") | {"is": "yes"}, "'pearson' is a number, so use 'at_least'"),
        (PAIRS | {"reduce": "lowst"}, "key 'reduce' is 'lowst'"),
        (PAIRS | {"reduce": "share"}, "give 'reduce: share' and a fraction"),
        (PAIRS | {"share": 0.5}, "give 'reduce: share' and a fraction"),
        (PAIRS | {"reduce": "share", "share": 0}, "key 'share' is 0; .*greater than 0"),
        (PAIRS | {"reduce": "median", "at_least": "spearman"}, "if the bound is a column"),
        (without("at_least") | {"reduce": "count", "at_most": 3}, "missing rows would meet"),
        (
            without("at_least", "rows")
            | {"table": "sex", "statistic": "agrees", "is": "yes", "reduce": "lowest"},
            "answers are judged row by row: 'reduce' must be 'every' or 'share', not 'lowest'",
        ),
        (
            without("rows") | {"table": "intervals", "use": "interval", "reduce": "median"},
            "intervals are judged row by row: 'reduce' must be 'every' or 'share', not 'median'",
        ),
        (PAIRS | {"use": "interval"}, "'pearson' of 'pairs' has no interval; .* intervals: pearso"),
        (
            PAIRS | {"table": "sex", "rows": {}, "statistic": "agrees", "at_least": 1},
            "'agrees' is not a number, so use 'is' instead of 'at_least'",
        ),
        (PAIRS | {"table": "sex", "level": "isoform", "rows": {}}, "exists only at gene level"),
        (
            without("at_least", "rows") | {"table": "sex", "statistic": "sex", "is": "femal"},
            "unknown answer 'femal'; did you mean 'female'",
        ),
        (
            without("at_least", "rows")
            | {"table": "libraries", "statistic": "shallow", "is": "no"},
            "'is' must be true or false for 'shallow'",
        ),
        (PAIRS | {"needs": [{"table": "pairs"}]}, "criterion 'r': needs: key 'statistic' is missi"),
        (
            PAIRS | {"needs": [{"tabel": "pairs", "because": "x", "statistic": "pearson"}]},
            "needs: key 'tabel' is unknown; did you mean 'table'",
        ),
    ],
)  # fmt: skip
def test_parse_criteria__refuses_in_one_line_that_names_the_criterion(criterion, words):
    with pytest.raises(InputError, match=words) as refused:
        parse(criterion)
    assert str(refused.value).startswith("c.yaml: ")
    assert "\n" not in str(refused.value)


def test_parse_criteria__needs_without_a_level_take_the_criterions():
    isoform = PAIRS | {"level": "isoform"}
    need = {"because": "x", "table": "sex", "statistic": "agrees", "is": "yes"}
    with pytest.raises(InputError, match="'sex' does not exist at isoform level; give a level"):
        parse(isoform | {"needs": [need]})
    found = parse(isoform | {"needs": [need | {"level": "gene"}]})
    assert found.files() == ("correlation/isoform.pairs.tsv", "evidence/gene.sex.tsv")


ONE = (
    "criteria:\n- {id: a, rationale: b, level: gene, table: batch_pairs, statistic: pearson, "
    "reduce: lowest, at_least: 0.9}\n"
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no criteria; the keys 'title' and 'criteria' are required"),
        ("- a", "has no criteria"),
        ("title: t\n", "key 'criteria' is missing"),
        ("title: t\ncriteria: []\n", "key 'criteria' is"),
        ("title: t\ncriteria: {a: 1}\n", "key 'criteria'|criteria"),
        (f"title:\n{ONE}", "key 'title' is None; input should be a valid string"),
        (f"title: ''\n{ONE}", "key 'title' is ''"),
        (f"title: t\n{ONE.replace('0.9', 'yes')}", "key 'at_least' is True"),
        (
            f"title: t\n{ONE.replace('0.9', '010')}",
            "YAML interprets '010' as a number in a special notation",
        ),
        ("title: [a\n", r"row \d: is not YAML"),
        ("titel: t\ntitle: t\ncriteria: []\n", "key 'titel' is unknown; did you mean 'title'"),
        ("title: t\ntitle: u\n", "row 2: is not YAML .*the key 'title' occurs twice"),
        ("? [a, b]\n: c\n? [d]\n: e\n", "is not YAML .*unhashable"),
        ("a: !!python/object/apply:os.getcwd []\n", "is not YAML"),
    ],
)
def test_parse_criteria__refuses_files_that_are_none(text, words):
    with pytest.raises(InputError, match=words):
        parse_criteria(text, source="c.yaml")


def test_parse_criteria__a_bound_that_stands_twice_is_no_bound():
    text = text_of(PAIRS) + "  at_least: 0.5\n"
    with pytest.raises(InputError, match="the key 'at_least' occurs twice"):
        parse_criteria(text, source="c.yaml")


def test_parse_criteria__names_are_unique():
    with pytest.raises(InputError, match="two criteria are called 'r'"):
        parse(PAIRS, PAIRS)


def test_read_criteria__names_those_shipped(tmp_path):
    with pytest.raises(
        InputError, match=r"no such acceptance criteria; built-in criteria are example, enc"
    ):
        read_criteria(tmp_path / "mine.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"title: \xe9")
    with pytest.raises(InputError, match="cannot be read"):
        read_criteria(tmp_path / "latin.yaml")


def test_parse_criteria__yes_and_no_are_answers_quoted_or_not():
    base = "title: t\ncriteria:\n- {id: a, rationale: b, level: gene, table: sex, statistic: agrees"
    answers = [
        parse_criteria(f"{base}, is: {word}}}", source="c").criteria[0].is_
        for word in ("yes", "'yes'", "no")
    ]
    assert answers == ["yes", "yes", "no"]


def test_sha256__is_of_what_the_criteria_say_not_of_their_layout():
    plain = parse(PAIRS)
    shuffled = dict(reversed(PAIRS.items()))
    commented = f"# decided in May\n{text_of(PAIRS)}\n\n"
    same = [
        parse(shuffled),
        parse_criteria(commented, source="other.yaml"),
        parse(PAIRS | {"reduce": "every", "use": "value"}),
        parse(PAIRS | {"rows": dict(reversed(PAIRS["rows"].items()))}),
    ]
    assert {one.sha256 for one in same} == {plain.sha256}
    assert re.fullmatch("[0-9a-f]{64}", plain.sha256)


@pytest.mark.parametrize(
    "changed",
    [
        {"at_least": 0.9500001},
        {"rationale": "because."},
        {"rows": {"feature_set": "all"}},
        {"level": "isoform"},
        {"needs": [PAIRS | {"because": "x"}]},
        {"id": "r2"},
    ],
)
def test_sha256__changes_with_whatever_is_said(changed):
    if "needs" in changed:
        need = {name: value for name, value in PAIRS.items() if name not in {"id", "rationale"}}
        changed = {"needs": [need | {"because": "x"}]}
    assert parse(PAIRS | changed).sha256 != parse(PAIRS).sha256


@pytest.mark.parametrize(
    "criterion",
    [
        PAIRS | {"at_least": 1},
        PAIRS | {"round_to": 2},
        PAIRS | {"at_least": -1, "tier": 3},
        PAIRS | {"at_least": 12, "reduce": "count"},
        PAIRS | {"needs": [{"because": "x", **without("id", "rationale"), "at_least": -1}]},
        OVER_TWO_FOLD | {"at_most": 0},
        PAIRS
        | {"table": "ceilings", "rows": {"method": "thinning"}, "statistic": "ratio"}
        | {"at_least": 1.01},
    ],
)
def test_parse_criteria__bounds_that_can_be_met_and_missed(criterion):
    parse(PAIRS | {"id": "other"}, criterion)


@given(st.text(min_size=1).filter(str.strip))
@settings(max_examples=30)
def test_sha256__hostile_text_is_text(words):
    found = parse(PAIRS | {"rationale": words}, title=words)
    assert (found.title, found.criteria[0].rationale) == (words, words)
    assert len(found.sha256) == 64


@pytest.mark.parametrize(
    ("given", "bound"),
    [
        ({"at_least": 0.95}, ">= 0.95"),
        (
            {"at_most": 20_000_000, "table": "libraries", "rows": {}, "statistic": "total_counts"},
            "<= 20000000",
        ),
        ({"between": [0.9, "spearman"]}, "between 0.9 and its spearman"),
        ({"at_least": 0.9, "reduce": "share", "share": 0.8}, ">= 0.9 in a share of 0.8 or more"),
    ],
)
def test_bound__in_words(given, bound):
    assert parse(without("at_least") | given).criteria[0].bound == bound


def test_sentence__says_the_criterion_or_what_its_author_wrote():
    assert parse(PAIRS).criteria[0].sentence() == (
        "At gene level, pearson must be at least 0.95 in every row of the table pairs "
        "(relation between, feature set all)"
    )
    assert parse(PAIRS | {"statement": "R is high"}).criteria[0].sentence() == "R is high"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"reduce": "median"}, "the median pearson of the table pairs (.*) must be at least 0.95"),
        (
            {"reduce": "share", "share": 0.9},
            "pearson must be at least 0.95 in at least 90 % of the rows of the table pairs",
        ),
        (
            {"reduce": "count", "at_least": 6},
            "pearson must be known in at least 6 rows of the table",
        ),
        ({"at_least": "ccc"}, "pearson must be at least its ccc in every row of the table pairs"),
    ],
)
def test_sentence__reads_as_english_however_rows_are_reduced(given, words):
    assert re.match(f"At gene level, {words}", parse(PAIRS | given).criteria[0].sentence())


DEPTH = {
    "table": "libraries",
    "statistic": "share_of_median",
    "at_least": 0.1,
    "rows": {},
}


def test_uncovered__names_what_no_deciding_criterion_looks_at():
    assert parse(PAIRS).uncovered == ("identity", "depth", "size of differences")
    assert parse(PAIRS, PAIRS | DEPTH | {"id": "d"}).uncovered == (
        "identity",
        "size of differences",
    )
    needed = PAIRS | {"needs": [{"because": "x", **DEPTH}]}
    assert "depth" not in parse(needed).uncovered
    described = PAIRS | DEPTH | {"id": "d", "tier": 3}
    assert "depth" in parse(PAIRS, described).uncovered
    assert read_criteria("example").criteria.uncovered == ()


@pytest.mark.parametrize("relation", ["within", ["within"]])
def test_uncovered__criteria_on_replicates_and_libraries_compare_no_batches(relation):
    within = PAIRS | {"id": "w", "rows": {"relation": relation, "feature_set": "all"}}
    depth = PAIRS | DEPTH | {"id": "d"}
    assert parse(within, depth).uncovered[0] == "differences between batches"
    described = PAIRS | {"tier": 3}
    assert "differences between batches" in parse(within, described).uncovered
    assert "differences between batches" not in parse(within, PAIRS).uncovered


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tier": 4}, "key 'tier' is 4; input should be 1, 2 or 3"),
        ({"tier": 3}, "every criterion is of tier 3"),
    ],
)
def test_parse_criteria__tiers_are_one_to_three_and_some_decide(given, message):
    with pytest.raises(InputError, match=message):
        parse(PAIRS | given)


def test_sha256__what_is_new_and_left_out_changes_nothing():
    before = "770f3515229e"
    assert parse(PAIRS).sha256 != parse(PAIRS | {"tier": 2}).sha256
    assert parse(PAIRS).sha256 != parse(PAIRS, protocol="CP-7").sha256
    assert parse(PAIRS).sha256.startswith(before)
