"""Which files a call wrote."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from lotwise.files.atomic import atomic_path
from lotwise.files.written import add_removed, add_written, note_written


def write(path, text):
    with atomic_path(path) as temporary:
        temporary.write_text(text)


def of(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_note_written__only_what_this_process_wrote(tmp_path):
    write(tmp_path / "before.tsv", "0")
    with note_written() as written:
        write(tmp_path / "own.tsv", "1")
        # As another process, or a person, would do meanwhile.
        (tmp_path / "foreign.tsv").write_text("2")
        (tmp_path / "before.tsv").write_text("3")
    write(tmp_path / "after.tsv", "4")
    assert written == {tmp_path / "own.tsv": of("1")}


def test_note_written__the_content_written_and_not_what_stands_there_later(tmp_path):
    with note_written() as written:
        write(tmp_path / "a.tsv", "1")
        (tmp_path / "a.tsv").write_text("edited")
    assert written == {tmp_path / "a.tsv": of("1")}


def test_note_written__a_write_that_fails_changes_nothing(tmp_path):
    def fail():
        with atomic_path(tmp_path / "a.tsv"):
            raise ValueError("no")

    with note_written() as written, pytest.raises(ValueError, match="no"):
        fail()
    assert written == {}


def test_note_written__threads_and_blocks_within_blocks(tmp_path):
    names = [tmp_path / f"{n}.tsv" for n in range(8)]
    with note_written() as outer:
        with note_written() as inner, ThreadPoolExecutor(4) as pool:
            list(pool.map(write, names, ["x"] * 8))
        assert inner == dict.fromkeys(names, of("x"))
        add_written({tmp_path / "beside.tsv": of("y")})
    assert set(outer) == {*names, tmp_path / "beside.tsv"}
    assert set(inner) == {*names}


def test_note_written__a_removed_file_has_no_checksum_until_it_is_written_again(tmp_path):
    with note_written() as written:
        add_removed(tmp_path / "a.tsv")
        assert written == {tmp_path / "a.tsv": ""}
        write(tmp_path / "a.tsv", "1")
    assert written == {tmp_path / "a.tsv": of("1")}
