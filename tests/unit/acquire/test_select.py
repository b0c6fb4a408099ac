"""Choosing samples and naming their batches."""

from __future__ import annotations

import re

import pytest
import yaml
from pydantic import ValidationError

from lotwise.acquire.cautions import cautions
from lotwise.acquire.ena import EnaRun
from lotwise.acquire.select import Candidate, choose
from lotwise.acquire.sheet import sheet_names
from lotwise.acquire.study import Study
from lotwise.config.acquire import ReferenceSettings, SampleSelection
from lotwise.errors import InputError

CANDIDATES = [
    Candidate("GSM1", "MSC one", ("lot: FP-001", "dose: 1 μM")),
    Candidate("GSM2", "MSC two", ("lot: FP-002",)),
    Candidate("GSM3", "MSC FP-003"),
    Candidate("GSM4", "iPSC"),
]


def chosen_of(**selection):
    found = choose(CANDIDATES, SampleSelection(**selection), origin="config.yaml")
    return [(one.candidate.accession, one.batch) for one in found]


@pytest.mark.parametrize(
    ("pattern", "batches"),
    [
        (r"FP-\d+", ["FP-001", "FP-002", "FP-003"]),
        (r"FP-(\d+)", ["001", "002", "003"]),
        (r"(F)P-(?P<batch>\d+)", ["001", "002", "003"]),
    ],
)
def test_choose__pattern_over_title_and_characteristics(pattern, batches):
    assert [batch for _, batch in chosen_of(pattern=pattern, n_batches=3)] == batches


def test_choose__by_accession_and_title_in_the_order_of_the_series():
    choices = [{"sample": "iPSC", "batch": "start"}, {"sample": "GSM1"}]
    assert chosen_of(choose=choices) == [("GSM1", "MSC one"), ("GSM4", "start")]


def test_choose__nothing_said_takes_all():
    assert len(chosen_of()) == 4


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (
            {"pattern": "XX"},
            r"matches no title, .* or other field; change 'acquire.samples.pattern'",
        ),
        (
            {"pattern": r"FP-\d+", "n_batches": 2},
            r"3 batches were found \(FP-001, FP-002, FP-003\)",
        ),
        (
            {"choose": [{"sample": "GSM9"}]},
            r"'GSM9' matches no sample; change 'acquire.samples.choose'",
        ),
    ],
)
def test_choose__every_sample_is_listed(selection, words):
    with pytest.raises(InputError, match=words) as caught:
        chosen_of(**selection)
    message = str(caught.value)
    assert message.startswith("config.yaml: ")
    for candidate in CANDIDATES:
        assert candidate.describe() in message
    assert "\n" not in message


def test_choose__one_sample_of_two_batches():
    mixed = [Candidate("GSM1", "pool of FP-001 and FP-002")]
    with pytest.raises(InputError, match=r"it matches FP-001, FP-002 in the sample GSM1"):
        choose(mixed, SampleSelection(pattern=r"FP-\d+"), origin="c")
    # The title says one and a characteristic another: neither is believed.
    mixed = [Candidate("GSM1", "MSC FP-001", ("lot: FP-002",))]
    with pytest.raises(InputError, match=r"it matches FP-001, FP-002 in the sample GSM1"):
        choose(mixed, SampleSelection(pattern=r"FP-\d+"), origin="c")


def test_choose__many_samples_are_all_listed():
    many = [Candidate(f"GSM{i}", f"sample {i}") for i in range(200)]
    with pytest.raises(InputError, match=r"GSM0 .*GSM60 .*GSM199 'sample 199'"):
        choose(many, SampleSelection(pattern="XX"), origin="c")


def test_choose__title_of_two_samples():
    twins = [Candidate("GSM1", "MSC"), Candidate("GSM2", "MSC")]
    with pytest.raises(InputError, match="'MSC' matches 2 samples"):
        choose(twins, SampleSelection(choose=({"sample": "MSC"},)), origin="c")
    with pytest.raises(InputError, match="GSM1 is chosen twice"):
        choose(
            CANDIDATES,
            SampleSelection(choose=({"sample": "GSM1"}, {"sample": "MSC one"})),
            origin="c",
        )


def test_selection__refused():
    with pytest.raises(ValidationError, match="is not a valid regular expression"):
        SampleSelection(pattern="(")
    with pytest.raises(ValidationError, match="not both"):
        SampleSelection(pattern="x", choose=({"sample": "y"},))


def test_runs_of__a_report_without_experiments_links_nothing_by_a_blank():
    def run(number):
        accession = f"SAMN{number}"
        return EnaRun(
            run=f"SRR{number}", experiment="", sample=accession, secondary_sample="", study="",
            alias="", title="", paired=True, strategy="RNA-Seq", n_reads=None, fastq=(),
        )  # fmt: skip

    runs = (run(1), run(2))
    candidates = tuple(Candidate.of_runs([one]) for one in runs)
    study = Study("PRJ", "", (), candidates, runs, (), None)
    assert [study.runs_of(one) for one in candidates] == [(runs[0],), (runs[1],)]


def test_sheet_names__batch_accession_or_refused():
    def of(*batches):
        titles = [Candidate(f"GSM{i}", batch) for i, batch in enumerate(batches)]
        return sheet_names(choose(titles, SampleSelection(), origin="c"))

    assert of("L1", "L2") == {"GSM0": "L1", "GSM1": "L2"}
    assert of("L1", "L1") == {"GSM0": "GSM0", "GSM1": "GSM1"}
    assert of("lot one", "L2") == {"GSM0": "GSM0", "GSM1": "GSM1"}
    with pytest.raises(InputError, match=r"'5 μM' is not a valid batch of GSM0"):
        of("5 μM")
    with pytest.raises(InputError, match=r"of GSM0, 'aaa.*has 201 characters, but at most 200"):
        of("a" * 201)
    assert of("a" * 200)


def test_choose__a_pattern_that_would_take_for_ever(monkeypatch):
    monkeypatch.setattr("lotwise.acquire.select._PATTERN_SECONDS", 0.2)
    with pytest.raises(InputError, match=r"the sample titles took more than 0.2 s"):
        choose(
            [Candidate("GSM1", "a" * 60)], SampleSelection(pattern="(a+)+b"), origin="config.yaml"
        )


def sample(accession, title, *traits, **fields):
    named = tuple((name.replace("_", " "), value) for name, value in fields.items())
    return Candidate(accession, title, traits, frozenset({accession}), named)


LINES = [
    sample("GSM1", "a", "cell line: N1", "treatment: Untreated", description="lib 7"),
    sample("GSM2", "b", "cell line: N1", "treatment: Dex"),
    sample("GSM3", "c", "cell line: N2", "treatment: Untreated"),
    sample("GSM4", "d", "cell line: N2", "treatment: Dex"),
]


def lines_of(**selection):
    return choose(LINES, SampleSelection(**selection), origin="config.yaml")


def test_choose__fields_are_combined():
    found = lines_of(
        where={"Treatment": "untreated"},
        batch="{cell line}",
        donor=r"N\d",
        condition="{treatment}",
    )
    assert [(one.candidate.accession, one.batch, one.donor, one.condition) for one in found] == [
        ("GSM1", "N1", "N1", "Untreated"),
        ("GSM3", "N2", "N2", "Untreated"),
    ]


def test_choose__without_excluded_ones():
    assert [one.batch for one in lines_of(exclude=["GSM1", "d"])] == ["b", "c"]
    with pytest.raises(InputError, match="exclude' lists 'GSM9', which is not one of the samples"):
        lines_of(exclude=["GSM9"])


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (
            {"where": {"treatment": "Alb"}},
            r"where' \{treatment: Alb\} matches no sample; change 'acquire",
        ),
        ({"where": {"dose": "1"}}, "no sample has a field 'dose'; use another field"),
        ({"batch": "{lot}"}, "no sample has a field 'lot'; use another field"),
        ({"batch": "{description}"}, "GSM2 'b' has no field 'description', but 'acquire.samples"),
    ],
)
def test_choose__what_does_not_fit_offers_a_line_that_does(selection, words):
    with pytest.raises(InputError, match=words) as caught:
        lines_of(**selection)
    [line] = re.findall(r"`acquire.samples: (.*?)`", str(caught.value))
    assert [one.batch for one in lines_of(**yaml.safe_load(line))] == ["N1", "N2"]


def test_choose__a_pattern_is_found_in_the_description_last():
    described = [
        sample("GSM1", "MSC FP-001", description="compared with FP-002"),
        sample("GSM2", "MSC", description="of lot FP-002"),
    ]
    found = choose(described, SampleSelection(pattern=r"FP-\d+"), origin="c")
    assert [one.batch for one in found] == ["FP-001", "FP-002"]


def test_cautions__organisms_platforms_and_shared_libraries():
    mixed = [
        Candidate("GSM1", "a", (), frozenset({"GSM1", "SRX1", "SAMN1"}),
                  (("organism", "Homo sapiens"), ("platform", "GPL1"))),
        Candidate("GSM2", "b", (), frozenset({"GSM2", "SRX1", "SAMN1"}),
                  (("organism", "Mus musculus"), ("platform", "GPL2"))),
    ]  # fmt: skip
    assert cautions(mixed, ReferenceSettings(release="44")) == [
        "the samples come from several organisms: Homo sapiens (GSM1); Mus musculus (GSM2)",
        "the samples were measured on several platforms: GPL1 (GSM1); GPL2 (GSM2)",
        (
            "GSM1, GSM2 share SAMN1: they come from one biological sample and are not independent "
            "replicates"
        ),
        "GSM1, GSM2 share SRX1: they come from one library and are not independent replicates",
        "the samples come from Mus musculus, but acquire.reference is for human",
    ]
    assert cautions(mixed[:1], ReferenceSettings(release="44")) == []
