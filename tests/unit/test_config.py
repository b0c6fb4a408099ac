"""The configuration is strict, bounded and equal to its template."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from lotwise.config import (
    Config,
    CorrelationConfig,
    EvidenceConfig,
    ExpressionConfig,
    FiguresConfig,
    GenotypeConfig,
    Limits,
    ReadsConfig,
    as_options,
    figures_of,
    parse_config,
    read_config,
    tables_of,
    write_template,
)
from lotwise.config.attributes import read_attributes
from lotwise.errors import InputError
from lotwise.evidence.catalogue import records

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("given", "key", "nearest"),
    [
        ({"sample": "x"}, "sample", "samples"),
        ({"figure": {}}, "figure", "figures"),
        ({"correlation": {"pseudo_count": 1}}, "correlation.pseudo_count",
         "correlation.pseudocount"),
        ({"figures": {"decimal": 3}}, "figures.decimal", "figures.decimals"),
        ({"tx2gene": "x"}, "tx2gene", "expression.tx2gene"),
        ({"expression": {"min_share": 1}}, "expression.min_share", "expression.min_shared"),
    ],
)  # fmt: skip
def test_parse_config__unknown_keys_name_the_nearest(given, key, nearest):
    with pytest.raises(InputError, match=f"key '{key}' is unknown; did you mean '{nearest}'"):
        parse_config(given, source="c.yaml")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"correlation": {"pseudocount": 0}}, "key 'correlation.pseudocount' is 0; .*greater than"),
        ({"correlation": {"pseudocount": "many"}}, "is 'many'; .*valid number"),
        ({"correlation": {"pseudocount": float("inf")}}, "is inf; .*finite"),
        ({"correlation": {"threshold": float("nan")}}, "is nan"),
        ({"correlation": {"n_contributions": 1.5}}, "key 'correlation.n_contributions' is 1.5"),
        ({"figures": {"decimals": 9}}, "key 'figures.decimals' is 9"),
        ({"figures": {"formats": []}}, "key 'figures.formats' is"),
        ({"figures": {"formats": ["gif"]}}, "key 'figures.formats.0' is 'gif'"),
        ({"figures": {"style": "pretty"}}, "is 'pretty'; .*'paper' or 'density'"),
        ({"levels": "gene"}, "key 'levels' is 'gene'"),
        ({"levels": ["gene", "gene"]}, "key 'levels' is .*; gene is listed twice"),
        ({"expression": {"min_shared": 1.01}}, "less than or equal to 1"),
        ({"expression": None}, "key 'expression' is None"),
        ({"evidence": {"statistics": ["sensitivities"]}}, "key 'evidence.statistics.0' is"),
        ({"evidence": {"coverage": 1}}, "key 'evidence.coverage' is 1; .*less than 1"),
        ({"evidence": {"outlier_below": 0}}, "less than 0"),
        ({"evidence": {"passing": 1.1}}, "key 'evidence.passing' is 1.1"),
        ({"evidence": {"panels": ["sex", "mine/sex.yaml"]}}, "two panels are named 'sex'"),
        (
            {"reads": {"quantifier": "rsem", "bootstraps": 5}},
            "key 'reads.bootstraps' is 5; must be 0 for RSEM",
        ),
        (
            {"reads": {"quantifier": "rsem", "aligner": "star", "genome": "g.fa"}},
            "key 'reads.aligner' is 'star'; it requires a genome and a GTF",
        ),
    ],
)
def test_parse_config__values_out_of_bounds(given, words):
    with pytest.raises(InputError, match=rf"c\.yaml: .*{words}"):
        parse_config(given, source="c.yaml")


def keys_of(model) -> dict:
    return {
        name: keys_of(value)
        if isinstance(value, BaseModel)
        else keys_in(value)
        if isinstance(value, dict)
        else None
        for name, value in ((name, getattr(model, name)) for name in type(model).model_fields)
    }


def keys_in(tree) -> dict:
    return {key: keys_in(value) if isinstance(value, dict) else None for key, value in tree.items()}


def test_write_template__has_every_key_with_one_line_each():
    text = write_template(Config())
    assert keys_in(yaml.safe_load(text)) == keys_of(Config())
    for line in text.splitlines():
        assert "  # " in line
        assert line.split("  # ")[1].strip() not in {"", "None"}


def test_config_yaml__of_the_repository_has_every_key():
    written = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    assert keys_in(written) == keys_of(parse_config(written))


configs = st.builds(
    Config,
    samples=st.just(Path("my samples.tsv")),
    expression=st.builds(
        ExpressionConfig,
        tx2gene=st.sampled_from([None, Path("a: b.gtf"), Path("# c")]),
        min_shared=st.floats(0, 1),
        matrix_level=st.sampled_from([None, "gene"]),
    ),
    correlation=st.builds(
        CorrelationConfig,
        pseudocount=st.floats(1e-9, 1e9),
        n_contributions=st.integers(1, 10**6),
    ),
    evidence=st.builds(
        EvidenceConfig,
        statistics=st.sampled_from([(), ("batches",), EvidenceConfig().statistics]),
        blocks=st.sampled_from([None, Path("sets.gmt")]),
        passing=st.sampled_from([None, 0.98]),
    ),
    figures=st.builds(
        FiguresConfig, note=st.text(st.characters(exclude_categories=["Cs"])), decimals=st.just(3)
    ),
)


@given(configs)
def test_write_template__round_trips(config):
    assert parse_config(yaml.safe_load(write_template(config))) == config


def test_as_options__leave_out_what_is_absent():
    section = ExpressionConfig(tx2gene=Path("map.gtf"))
    assert as_options(section) == [
        "--tx2gene", "map.gtf", "--min-shared", "0.9", "--tpm-sum", "million",
    ]  # fmt: skip


def test_as_options__a_switch_stands_alone():
    assert "--bootstraps" not in as_options(ExpressionConfig())
    words = as_options(ExpressionConfig(bootstraps=True))
    assert words[words.index("--bootstraps") :] == ["--bootstraps"]


@pytest.mark.parametrize(
    "section", [ExpressionConfig, CorrelationConfig, EvidenceConfig, FiguresConfig]
)
def test_as_options__are_options_of_the_command_line(section):
    from lotwise.cli.compare import command

    known = {flag for parameter in command.params for flag in parameter.opts}
    assert {word for word in as_options(section()) if word.startswith("--")} <= known


@pytest.mark.parametrize("panels", [(), ("sex",), ("sex", "mine.yaml")])
@pytest.mark.parametrize("statistics", [(), ("batches",), EvidenceConfig().statistics])
def test_as_options__come_back_from_the_command_line(panels, statistics):
    """An empty list too, in whose place the command line would take its own."""
    from lotwise.cli.evidence import command
    from lotwise.cli.options import pick

    section = EvidenceConfig(panels=panels, statistics=statistics)
    given = command.make_context("evidence", ["gene", "--out", "out", *as_options(section)])
    assert pick(EvidenceConfig, given.params) == section


def test_as_options__what_is_left_out_has_no_option():
    section = FiguresConfig().model_copy(update={"style": "", "formats": ()})
    assert as_options(section) == ["--decimals", "4"]


def test_as_options__of_reads_are_options_of_quantify():
    from lotwise.cli.quantify import command

    known = {flag for parameter in command.params for flag in parameter.opts}
    section = ReadsConfig(limits=Limits(smallest_share_used=0.25))
    # The genotypes have a command of their own.
    said = as_options(section.model_copy(update={"genotype": ()}))
    assert {word for word in said if word.startswith("--")} <= known
    assert said[said.index("--smallest-share-used") + 1] == "0.25"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no keys; start from"),
        ("- a\n", "has no keys"),
        ("samples: [a\nb: c\n", r"row \d: is not YAML"),
        ("note: 2024-31-12\n", r"row 1: is not YAML \('2024-31-12' looks like a date .*month"),
        ("results: a\nresults: b\n", r"row 2: is not YAML \(the key 'results' occurs twice\)"),
    ],
)
def test_read_config__refuses(tmp_path, text, words):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_config(path)


def test_read_config__missing_and_directory(tmp_path):
    with pytest.raises(InputError, match=r"no such configuration; `lotwise init DIR`"):
        read_config(tmp_path / "c.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        read_config(tmp_path)


def test_config__is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Config().samples = Path("x")


def test_tables_of__levels_have_their_own():
    config = EvidenceConfig()
    gene, isoform = (set(tables_of(config, level)) for level in ("gene", "isoform"))
    of_change = {"process_change", "quality_range", "process_features"}
    assert gene - isoform == {"identity", "sex", "gene_sets", "gene_set_batches", *of_change}
    assert isoform - gene == {"isoform_usage", "uncertainty_strata", "isoform_shares"}


def test_tables_of__every_record_has_its_place():
    config = EvidenceConfig(genotypes=Path("alleles.npz"))
    made = {name for level in ("gene", "isoform") for name in tables_of(config, level)}
    assert made == {record.table for record in records()}


def test_tables_of__without_what_a_statistic_needs_there_is_no_table():
    assert "donors" not in tables_of(EvidenceConfig(), "gene")
    assert "genotype" not in figures_of(EvidenceConfig(), "gene")
    given = EvidenceConfig(genotypes=Path("alleles.npz"))
    assert "donors" in tables_of(given, "gene")
    assert "genotype" in figures_of(given, "gene")
    off = EvidenceConfig(genotypes=Path("alleles.npz"), statistics=("batches",))
    assert tables_of(off, "gene") == ("batches",)


def test_as_options__of_genotypes_are_options_of_genotype():
    from lotwise.cli.genotype import command

    known = {flag for parameter in command.params for flag in parameter.opts}
    said = as_options(GenotypeConfig().model_copy(update={"compare": ()}))
    assert {word for word in said if word.startswith("--")} <= known
    assert said == ["--fragments", "2000000", "--min-depth", "15", "--seed", "0"]


@pytest.mark.parametrize("level", ["gene", "isoform"])
def test_figures_of__nothing_switched_on_is_nothing_drawn(level):
    assert figures_of(EvidenceConfig(statistics=()), level) == ()
    assert "sensitivity" in figures_of(EvidenceConfig(), level)


@pytest.mark.parametrize(
    "given",
    [
        {"reads": {"bootstraps": True}},
        {"evidence": {"passing": True}},
        {"evidence": {"seed": False}},
        {"correlation": {"most_pairs": True}},
        {"acquire": {"network": {"attempts": True}}},
    ],
)
def test_parse_config__yes_and_no_are_no_numbers(given):
    with pytest.raises(InputError, match=r"is (True|False); yes and no are not allowed here"):
        parse_config(given)


def test_parse_config__tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    read = parse_config({"samples": "~/s.tsv", "reads": {"transcripts": "~/t.fa"}})
    assert (str(read.samples), str(read.reads.transcripts)) == ("/home/me/s.tsv", "/home/me/t.fa")
    assert parse_config({"figures": {"note": "~ 3 lots"}}).figures.note == "~ 3 lots"


ATTRIBUTES = """
lots: {pre: 6, post: 3}
k: 3
attributes:
- {name: vegf, gene: VEGFA, margin: 1, rationale: that of the lots of 2025}
- {name: r, r: median, margin: 0.3, rationale: that of the lots of 2025, sd: 0.1}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: r", "name: vegf", "two attributes are named 'vegf'"),
        ("gene: VEGFA, ", "", "give one of panel, gene, gene_set, r, got none"),
        ("r: median", "r: median, gene: X", "got gene and r"),
        ("margin: 1,", "margin: 0,", "attributes.1.margin: Input should be greater than 0"),
        ("margin: 1,", "margn: 1,", "attributes.1.margn: unknown key; did you mean 'margin'"),
        ("pre: 6", "pre: 1", "lots.pre: Input should be greater than or equal to 2"),
        (", rationale: that of the lots of 2025}", "}", "attributes.1.rationale: Field required"),
    ],
)
def test_read_attributes__names_the_place_of_a_slip(tmp_path, old, new, message):
    path = tmp_path / "attributes.yaml"
    path.write_text(ATTRIBUTES)
    assert [one.kind for one in read_attributes(path).attributes] == ["gene", "r"]
    path.write_text(ATTRIBUTES.replace(old, new, 1))
    with pytest.raises(InputError, match=message):
        read_attributes(path)
