"""Cells as XML, against what XlsxWriter writes."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO

import pytest
from xlsxwriter.workbook import Workbook

from lotwise.report.cells import MOST_CHARACTERS, xml_of_rows

WORDS = [
    "SEPT2",
    "=1+1",
    " a",
    "a ",
    "a\tb\nc",
    "<&>\"'",
    "x\x00y\x1f",
    "_x0041_",
    "_x00_",
    "\ufffe\uffff",
    "\N{GREEK SMALL LETTER BETA}",
    "http://a.b",
    "12",
]


def written_by_xlsxwriter(cells):
    held = BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(held, options) as book:
        sheet = book.add_worksheet()
        for row, cell in enumerate(cells, start=1):
            sheet.write_string(row, 0, cell)
    xml = zipfile.ZipFile(held).read("xl/worksheets/sheet1.xml").decode()
    return re.search("<sheetData>(.*)</sheetData>", xml, re.DOTALL)[1]


def test_xml_of_rows__text_is_what_xlsxwriter_writes():
    assert xml_of_rows([[word] for word in WORDS], [str]) == written_by_xlsxwriter(WORDS)


@pytest.mark.parametrize(
    ("cell", "kind", "expected"),
    [
        ("1e-05", float, '<c r="A2"><v>1e-05</v></c>'),
        ("0.1234567890123456789", float, '<c r="A2"><v>0.1234567890123456789</v></c>'),
        ("7", int, '<c r="A2"><v>7</v></c>'),
        ("NaN", float, '<c r="A2" t="inlineStr"><is><t>NaN</t></is></c>'),
        ("inf", float, '<c r="A2" t="inlineStr"><is><t>inf</t></is></c>'),
        ("5a", int, '<c r="A2" t="inlineStr"><is><t>5a</t></is></c>'),
        ("True", bool, '<c r="A2" t="b"><v>1</v></c>'),
        ("False", bool, '<c r="A2" t="b"><v>0</v></c>'),
        ("true", bool, '<c r="A2" t="inlineStr"><is><t>true</t></is></c>'),
        ("", str, ""),
        ("", float, ""),
        ("", bool, ""),
    ],
)
def test_xml_of_rows__cell_of_its_type(cell, kind, expected):
    assert xml_of_rows([[cell]], [kind]) == f'<row r="2">{expected}</row>'


def test_xml_of_rows__places_of_rows_and_columns():
    xml = xml_of_rows([["1"] * 28, ["2"] * 28], [int] * 28)
    assert re.findall('c r="([A-Z]+[0-9]+)"', xml)[26:30] == ["AA2", "AB2", "A3", "B3"]


def test_xml_of_rows__short_row_has_empty_cells():
    assert xml_of_rows([["a", "b"], ["c"]], [str, str]).endswith(
        '<row r="3"><c r="A3" t="inlineStr"><is><t>c</t></is></c></row>'
    )


def test_xml_of_rows__no_rows():
    assert xml_of_rows([], [str]) == ""


def test_xml_of_rows__long_text_is_cut_before_it_is_escaped():
    xml = xml_of_rows([["&" * (MOST_CHARACTERS + 1)]], [str])
    shown = re.search("<t>(.*)</t>", xml)[1].replace("&amp;", "&")
    assert len(shown) == MOST_CHARACTERS
    assert shown.endswith("&... (cut, 32,768 characters)")
