"""Checks of received files, archives and checksum lists."""

from __future__ import annotations

import gzip
import io
import random
import subprocess
import tarfile
import time

import pytest

from lotwise.acquire.archive import extract
from lotwise.acquire.download.integrity import (
    DamagedError,
    Integrity,
    bsd_sum,
    check_content,
    error_page_title,
    is_wrapped,
    read_gzip_to_end,
    read_tar_to_end,
    unwrap_gzip,
)
from lotwise.acquire.download.retry import FaultError, delay_before, seconds_to_wait
from lotwise.acquire.reference import read_checksums
from lotwise.config.acquire import NetworkSettings, ReferenceSettings
from lotwise.errors import InputError


def test_bsd_sum__equals_the_program(tmp_path, require):
    require("sum")
    path = tmp_path / "a"
    path.write_bytes(bytes(range(256)) * 9 + b"lotwise")
    done = subprocess.run(["sum", str(path)], capture_output=True, text=True, check=True)
    checksum, blocks = map(int, done.stdout.split()[:2])
    assert bsd_sum(path) == checksum
    Integrity(bsd_sum=checksum, bsd_blocks=blocks).check(path, size=2311, digest="")
    with pytest.raises(DamagedError, match=", expected"):
        Integrity(bsd_sum=checksum ^ 1, bsd_blocks=blocks).check(path, size=2311, digest="")
    with pytest.raises(DamagedError, match="3 blocks were received, but 4 were expected"):
        Integrity(bsd_sum=checksum, bsd_blocks=4).check(path, size=2311, digest="")


def test_read_gzip_to_end__every_truncation_is_noticed(tmp_path):
    whole = gzip.compress(b"ACGT" * 30) + gzip.compress(b"second member")
    path = tmp_path / "a.gz"
    first_member = len(gzip.compress(b"ACGT" * 30))
    for length in range(len(whole)):
        if length == first_member:
            # A file cut exactly between two members is a whole gzip file.
            continue
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedError):
            read_gzip_to_end(path)
    path.write_bytes(whole)
    read_gzip_to_end(path)


def test_read_gzip_to_end__flipped_bits_that_change_the_content_are_noticed(tmp_path):
    body = b"ACGTTGCA" * 40
    whole = gzip.compress(body, mtime=0)
    path = tmp_path / "a.gz"
    n_noticed = 0
    for index in range(10, len(whole)):
        for bit in range(8):
            flipped = bytes([whole[index] ^ (1 << bit)])
            path.write_bytes(whole[:index] + flipped + whole[index + 1 :])
            try:
                read_gzip_to_end(path)
            except DamagedError:
                n_noticed += 1
            else:
                # Padding between blocks carries nothing.
                assert gzip.decompress(path.read_bytes()) == body
    assert n_noticed > 8 * (len(whole) - 10) * 0.9


def test_is_wrapped__only_what_the_server_added(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(b"a"))
    assert not is_wrapped(path, "x.gz", "gzip")
    assert is_wrapped(path, "x.txt", "gzip")
    assert not is_wrapped(path, "x.txt", "identity")
    path.write_bytes(gzip.compress(gzip.compress(b"a")))
    assert is_wrapped(path, "x.gz", "identity")


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (b"<!DOCTYPE html><html><head><title> Not\nhere </title>", "Not here"),
        (b"\xef\xbb\xbf  <HTML>", "no title"),
        (b'<?xml version="1.0"?>\n<!-- c --><!doctype HTML>', "no title"),
        (b"sample\t<html>", None),
        (b"<htmlish>", None),
        (b"", None),
    ],
)
def test_error_page_title__html_only(body, title, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(body)
    assert error_page_title(path) == title


@pytest.mark.parametrize(
    "body",
    [
        b"<!---->" * 34 + b"x",
        b"<!---->" * 34 + b"<html>",
        b"<!--" * 5_000,
        b"<?xml " * 5_000,
        b" " * 10_000 + b"<html>",
        b"<html>" + b"<title" * 5_000,
        b"<html><title>" + b" " * 100_000,
    ],
)
def test_error_page_title__takes_no_time_whatever_comes(body, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(body)
    start = time.process_time()
    error_page_title(path)
    assert time.process_time() - start < 0.2


def header(name, size_field, kind=b"0"):
    """A header of tar with any bytes in the place of the size."""
    info = tarfile.TarInfo(name)
    info.type = kind
    block = bytearray(info.tobuf())
    block[124:136] = size_field
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


NEGATIVE = b"\xff" * 11 + b"\x00"  # -256 in base 256
HUGE = b"\x80" + b"\xff" * 11


@pytest.mark.parametrize(
    "blocks",
    [
        [header("a.txt", NEGATIVE)],
        [header("a.txt", b"\xff" * 10 + b"\xfe\x00")],
        [header("a.txt", HUGE)],
        [header("././@LongLink", NEGATIVE, b"L")],
        [header("././@LongLink", HUGE, b"L")],
        [header("pax", NEGATIVE, b"x")],
        [header("pax", b"00000001000\0", b"x"), b"14 size=-1024\n".ljust(512, b"\0"),
         header("a.txt", b"00000000000\0")],
        [header("././@LongLink", b"00000000001\0", b"L"), b"a" * 512] * 2_000,
        [b"\xff" * 512],
    ],
)  # fmt: skip
def test_read_tar_to_end__hostile_headers_end(blocks, tmp_path):
    """A negative size makes tarfile go back to the same header, for ever."""
    path = tmp_path / "a.tar"
    path.write_bytes(b"".join(blocks) + b"\0" * 1024)
    start = time.process_time()
    with pytest.raises(DamagedError, match="tar"):
        read_tar_to_end(path)
    assert time.process_time() - start < 1
    with pytest.raises(InputError, match=r"a.tar: is damaged \((the )?tar"):
        extract(path, tmp_path / "out")


def test_extract__sparse_member(tmp_path, require):
    """A few bytes that would become gigabytes."""
    require("tar")
    with (tmp_path / "big.txt").open("wb") as big:
        big.truncate(1 << 33)
    subprocess.run(["tar", "-cSf", "a.tar", "big.txt"], cwd=tmp_path, check=True)
    with pytest.raises(InputError, match=r"the archive member 'big.txt' is not a regular file"):
        extract(tmp_path / "a.tar", tmp_path / "out")


def test_extract__member_with_the_longest_name(tmp_path):
    name = "n" * 251 + ".txt"
    (tmp_path / "a.tar").write_bytes(packed([(name, b"1")]))
    [path] = extract(tmp_path / "a.tar", tmp_path / "out")
    assert path.read_bytes() == b"1"


def test_unwrap_gzip__tells_what_it_needs_before_it_writes(tmp_path):
    path, target = tmp_path / "a.gz", tmp_path / "a"
    path.write_bytes(gzip.compress(b"\0" * (5 << 20)))

    def reserve(size):
        if size > 2 << 20:
            raise InputError("too much")

    with pytest.raises(InputError, match="too much"):
        unwrap_gzip(path, target, reserve=reserve)
    assert target.stat().st_size <= 2 << 20


def packed(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for member, body in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


def special(name, kind, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def test_read_tar_to_end__truncated(tmp_path):
    path = tmp_path / "a.tar"
    whole = packed([("a.txt", b"x" * 2000), ("b.txt", b"y" * 2000)])
    path.write_bytes(whole)
    read_tar_to_end(path)
    for length in (0, 100, 600, 2000, 2560, 3000, 4500):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedError, match="tar"):
            read_tar_to_end(path)


@pytest.mark.parametrize(
    "member",
    [
        "../a.txt", "/etc/a.txt", "d/a.txt", ".bashrc", "a\\b.txt",
        special("a.txt", tarfile.SYMTYPE, "/etc/passwd"),
        special("a.txt", tarfile.LNKTYPE, "b.txt"),
        special("a.txt", tarfile.FIFOTYPE),
        special("a.txt", tarfile.CHRTYPE),
    ],
    ids=["up", "absolute", "folder", "hidden", "backslash", "symlink", "link", "fifo", "device"],
)  # fmt: skip
def test_extract__writes_nothing_outside(member, tmp_path):
    path = tmp_path / "a.tar"
    path.write_bytes(packed([("good.txt", b"1"), (member, b"")]))
    with pytest.raises(InputError, match=r"is not a plain name|is not a regular file"):
        extract(path, tmp_path / "out")
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["a.tar"]


def test_extract__wanted_members_whole(tmp_path):
    path = tmp_path / "a.tar"
    path.write_bytes(packed([("a.txt.gz", gzip.compress(b"1")), ("b.bw", b"2")]))
    [out] = extract(path, tmp_path / "out", wanted=lambda name: name.endswith(".gz"))
    assert gzip.decompress(out.read_bytes()) == b"1"
    path.write_bytes(packed([("c.txt.gz", gzip.compress(b"1")[:-3])]))
    with pytest.raises(InputError, match=r"the archive member 'c.txt.gz': gzip"):
        extract(path, tmp_path / "out")
    path.write_bytes(packed([("a.txt", b"1"), ("a.txt", b"2")]))
    with pytest.raises(InputError, match=r"the file 'a.txt' twice"):
        extract(path, tmp_path / "out2")


def test_extract__member_changed_on_disk_is_written_anew(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as tar:
        for name in ("a.txt", "b.txt"):
            member = tarfile.TarInfo(name)
            member.size = 3
            tar.addfile(member, io.BytesIO(b"abc"))
    changed, kept = extract(path, tmp_path / "out")
    changed.write_bytes(b"abx")
    before = kept.stat().st_mtime_ns
    extract(path, tmp_path / "out")
    assert changed.read_bytes() == b"abc"
    assert kept.stat().st_mtime_ns == before


def test_check_content__name_promises_gzip(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"plain")
    check_content(path, "a.txt")
    with pytest.raises(DamagedError, match=r"is not gzip, although its name ends in \.gz"):
        check_content(path, "a.txt.gz")


def test_read_checksums__both_forms(tmp_path):
    path = tmp_path / "MD5SUMS"
    path.write_text(f"{'a' * 32}  ./x.fa.gz\n{'B' * 32} *y.gtf.gz\n\n24521 36 z.fa.gz\n")
    assert read_checksums(path) == {
        "x.fa.gz": Integrity(md5="a" * 32),
        "y.gtf.gz": Integrity(md5="b" * 32),
        "z.fa.gz": Integrity(bsd_sum=24521, bsd_blocks=36),
    }
    path.write_text("<html>")
    with pytest.raises(InputError, match=r"row 1: '<html>' is not a checksum"):
        read_checksums(path)
    path.write_text(f"{'a' * 32}  x\n{'b' * 32}  x\n")
    with pytest.raises(InputError, match="x has two checksums"):
        read_checksums(path)


def test_reference_settings__complete():
    with pytest.raises(ValueError, match="needs a 'release'"):
        ReferenceSettings()
    with pytest.raises(ValueError, match="needs 'transcripts' and 'annotation'"):
        ReferenceSettings(source="files")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), (None, None), ("soon", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)
def test_seconds_to_wait__both_forms(header, seconds):
    assert seconds_to_wait(header) == seconds


def test_delay_before__doubles_with_jitter_and_never_below_retry_after():
    network = NetworkSettings(backoff=1, backoff_ceiling=8)
    jitter = random.SystemRandom()
    for attempt, most in ((1, 1), (2, 2), (3, 4), (4, 8), (9, 8)):
        delays = [
            delay_before(attempt, fault=FaultError("x"), network=network, jitter=jitter)
            for _ in range(50)
        ]
        assert most / 2 <= min(delays) < max(delays) <= most
    asked = FaultError("x", retry_after=99)
    assert delay_before(1, fault=asked, network=network, jitter=jitter) == 99
