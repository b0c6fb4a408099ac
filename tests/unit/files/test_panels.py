"""Panels of markers and gene sets from files."""

from __future__ import annotations

import pytest

from lotwise.errors import InputError
from lotwise.files.panels import SHIPPED, Marker, read_gene_sets, read_panel


@pytest.mark.parametrize("name", SHIPPED)
def test_read_panel__shipped_panels_name_their_source_and_each_gene_once(name):
    panel = read_panel(name)
    assert panel.name == name
    assert panel.source
    symbols = [marker.symbol for marker in panel.markers]
    ids = [marker.ensembl for marker in panel.markers]
    assert len(set(symbols)) == len(symbols)
    assert len(set(ids)) == len(ids)
    assert all(text.startswith("ENSG") and len(text) == 15 for text in ids)


def test_read_panel__a_users_panel(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nabsent_below: 0.5\nfeatures:\n  - {symbol: GFAP, expected: absent}\n"
    )
    panel = read_panel(path)
    assert panel.absent_below == 0.5
    assert (panel.present_from, panel.notes) == (10, "")
    assert panel.markers == (Marker(symbol="GFAP", expected="absent"),)


def test_read_panel__alternatives_unspecific_markers_and_notes(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nnotes: read with care\nfeatures:\n"
        "- any_of:\n  - {symbol: A, expected: absent}\n  - {symbol: B, expected: present}\n"
        "- {symbol: C, expected: absent, specific: false, note: common}\n"
    )
    panel = read_panel(path)
    assert panel.notes == "read with care"
    assert panel.markers == (
        Marker(symbol="A", expected="absent", group="A or B"),
        Marker(symbol="B", expected="present", group="A or B"),
        Marker(symbol="C", expected="absent", specific=False, note="common"),
    )


def test_read_panel__pluripotency_counts_pou5f1_only_with_nanog():
    markers = {marker.symbol: marker for marker in read_panel("residual_pluripotency").markers}
    assert markers["POU5F1"].group == markers["NANOG"].group == "POU5F1 or NANOG"
    assert [name for name, marker in markers.items() if not marker.specific] == ["SOX2", "DNMT3B"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: [", "is not YAML"),
        ("name: a\nname: b\n", "the key 'name' occurs twice"),
        ("just text", "is not a panel"),
        ("name: a\nfeatures: []\n", "needs a name and a list"),
        (
            "name: a\nfeatures:\n- {symbol: A, expected: up}\n",
            "'expected' of A is 'up', but must be",
        ),
        ("name: a\nfeatures:\n- {symbol: A, expect: absent}\n", "did you mean 'expected'"),
        ("name: a\nfeature: 1\nfeatures:\n- {symbol: A}\n", "did you mean 'features'"),
        ("name: a\nfeatures:\n- {expected: absent}\n", "has no symbol"),
        (
            "name: a\nfeatures: [{symbol: A, expected: absent}, {symbol: A, expected: male}]\n",
            "the symbol 'A' occurs 2 times",
        ),
        (
            (
                "name: a\nfeatures:\n- {symbol: A, ensembl: ENSG00000000001.2, expected: absent}\n"
                "- {symbol: B, ensembl: ENSG00000000001, expected: absent}\n"
            ),
            "the Ensembl id 'ENSG00000000001' occurs 2 times",
        ),
        ("name: a\nfeatures:\n- any_of: [{symbol: A, expected: absent}]\n", "two or more features"),
        (
            (
                "name: a\nfeatures:\n- any_of:\n  - {symbol: A, expected: male}\n"
                "  - {symbol: B, expected: male}\n"
            ),
            "A is listed under 'any_of', but its 'expected' is male",
        ),
        ("name: a\nfeatures:\n- {any_of: [], symbol: A}\n", "did you mean|there are any_of"),
        (
            "name: a\nfeatures:\n- {symbol: A, expected: absent, specific: 1}\n",
            "'specific' of A must be true or false, got 1",
        ),
        (
            "name: a\nnotes: [x]\nfeatures:\n- {symbol: A, expected: absent}\n",
            "'notes' must be text",
        ),
        (
            "name: a\npresent_from: .inf\nfeatures:\n- {symbol: A, expected: absent}\n",
            "'present_from' must be .*inf",
        ),
        (
            "name: a\npresent_from: 0\nfeatures:\n- {symbol: A, expected: absent}\n",
            "'present_from' must be .*0",
        ),
    ],
)
def test_read_panel__faults_name_the_file(tmp_path, text, message):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_panel(path)
    assert "bad.yaml" in str(caught.value)


def test_read_panel__no_such_file_names_those_shipped():
    with pytest.raises(InputError, match="no such panel; built-in panels: sex"):
        read_panel("sexx")


def test_read_gene_sets__reads_each_gene_once(tmp_path):
    path = tmp_path / "sets.gmt"
    path.write_text("\ufeffA\tabout\tg1\tg2\tg1\t\n\nB\t\tg3\n", encoding="utf-8")
    assert read_gene_sets(path) == {"A": ("g1", "g2"), "B": ("g3",)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A\tabout\n", "row 1: each line must have a name"),
        ("A\tx\tg\nA\tx\tg\n", "row 2: the set 'A' occurs twice"),
        ("\n", "contains no gene set"),
    ],
)
def test_read_gene_sets__faults_name_the_row(tmp_path, text, message):
    path = tmp_path / "sets.gmt"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_gene_sets(path)
    with pytest.raises(InputError, match="no such GMT file"):
        read_gene_sets(tmp_path / "absent.gmt")


FAULTS_OF_PANELS = {
    "one symbol twice": (
        "name: x\nfeatures: [{symbol: A, expected: present}, {symbol: A, expected: absent}]",
        r"the symbol 'A' occurs 2 times; keep only one of them",
    ),
    "shipped name": (
        "name: sex\nfeatures: [{symbol: A, expected: present}]",
        r"'sex' is the name of a built-in panel",
    ),
    "bounds": (
        "name: x\npresent_from: 1\nabsent_below: 5\nfeatures: [{symbol: A, expected: present}]",
        r"'present_from' is 1 and 'absent_below' is 5: a gene with a TPM between",
    ),
}


@pytest.mark.parametrize("fault", FAULTS_OF_PANELS)
def test_read_panel__that_contradicts_itself(fault, tmp_path):
    text, words = FAULTS_OF_PANELS[fault]
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_panel(path)


def test_read_panel__what_is_left_blank_is_not_the_word_none(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text(
        "name: x\ntitle:\nsource:\nfeatures: [{symbol: A, expected: present, ensembl: }]"
    )
    panel = read_panel(path)
    assert (panel.title, panel.source, panel.markers[0].ensembl) == ("x", "", "")
