"""Lines of foreign text: any bytes, bounded."""

from __future__ import annotations

import gzip

import pytest

from lotwise.acquire import text
from lotwise.acquire.download.retry import WrongAnswerError
from lotwise.acquire.text import lines_of, number_in


@pytest.mark.parametrize("packed", [False, True])
def test_lines_of__latin_1_byte_and_byte_order_mark(tmp_path, packed, caplog):
    body = b"\xef\xbb\xbfa\tb\r\n\r\nM\xfcller"
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(body) if packed else body)
    assert list(lines_of(path)) == ["a\tb", "", "Müller"]
    assert caplog.text.count("not UTF-8, read as Windows-1252") == 1


def test_lines_of__bomb_is_refused_before_it_is_in_memory(tmp_path, monkeypatch):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"0123456789\n" * 1_000_000))
    with pytest.raises(WrongAnswerError, match="has more than 1,000 bytes when unpacked"):
        list(lines_of(path, most=1000))
    monkeypatch.setattr(text, "LONGEST_LINE", 1 << 20)
    path.write_bytes(gzip.compress(b"\0" * (1 << 25)))
    with pytest.raises(WrongAnswerError, match=r"row 1: has a line of more than 1,048,576 bytes"):
        list(lines_of(path))


@pytest.mark.parametrize("cell", ["", "-1", "²", "٣", "1e3", " 1", "9" * 16, "9" * 5000])
def test_number_in__what_is_no_count(cell):
    assert number_in(cell) is None
