"""Downloads against a server that misbehaves, each fault alone and then mixed at random."""

from __future__ import annotations

import gzip
import hashlib
import re
import socket
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from archive_server import (
    FAULTS,
    LASTING,
    OF_PARTS,
    ArchiveServer,
    Site,
    always,
    date_of,
    first,
    never,
)

from lotwise.acquire.download.budget import CapError
from lotwise.acquire.download.fetch import Downloader, Source
from lotwise.acquire.download.integrity import Integrity, bsd_sum
from lotwise.acquire.download.manifest import STATE, Manifest
from lotwise.acquire.download.retry import DownloadError, NotFoundError
from lotwise.config.acquire import NetworkSettings
from lotwise.errors import EXIT_SURROUNDINGS, EnvironmentFault, InputError

pytestmark = pytest.mark.fault

N_MIXED_RUNS, BLOCK = 200, 20

QUICK = NetworkSettings(
    connect_timeout=2,
    read_timeout=0.25,
    attempts=6,
    backoff=0.01,
    backoff_ceiling=0.05,
    slow_window=0.1,
    slowest_bytes_per_second=20_000,
)


def content(seed: int, size: int = 60_000) -> bytes:
    return np.random.default_rng(seed).bytes(size // 2).hex().encode()


def packed(seed: int) -> bytes:
    return gzip.compress(content(seed), 1, mtime=0)


def md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def fetch(root, sources, network=QUICK):
    with Downloader(root, network=network) as downloader:
        return downloader.fetch_all(sources)


def strays(root, sources):
    """Files that are neither wanted nor state of the downloader."""
    wanted = {root / source.path for source in sources} | {root / "manifest.tsv"}
    return [
        path
        for path in root.rglob("*")
        if path.is_file() and path not in wanted and STATE not in path.parts
    ]


@pytest.fixture
def served(site, server):
    return site, server


@pytest.fixture
def packed_source(site, server):
    body = packed(0)
    site.add("/reads/a.fastq.gz", body)
    return Source(
        f"{server.url}/reads/a.fastq.gz",
        "reads/a.fastq.gz",
        Integrity(size=len(body), md5=md5(body)),
    )


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in LASTING])
@pytest.mark.parametrize("with_checksum", [True, False])
def test_fetch__passing_fault_once(fault, with_checksum, packed_source, served, tmp_path):
    site, server = served
    source = packed_source if with_checksum else Source(packed_source.url, packed_source.path)
    # A fault of parts needs one to be there.
    faults = ["truncate", fault] if fault in OF_PARTS else [fault]
    server.plan = lambda _path, n: faults[n] if n < len(faults) else None
    if with_checksum and fault.startswith("change"):
        with pytest.raises(DownloadError, match="bytes were received, but"):
            fetch(tmp_path, [source])
        assert not (tmp_path / source.path).exists()
        return
    [path] = fetch(tmp_path, [source])
    assert path.read_bytes() == site.documents["/reads/a.fastq.gz"]
    assert strays(tmp_path, [source]) == []
    if fault in OF_PARTS:
        assert "range" in server.log[1][1]


LASTING_FAULTS = [
    ("403", DownloadError, r"HTTP 403 No$"),
    ("404", NotFoundError, r"HTTP 404 No; check the accession"),
    ("redirect_loop", DownloadError, r"the redirects form a loop"),
    ("429", DownloadError, r"HTTP 429 Too Many, after 6 attempts; run again later"),
    ("500", DownloadError, r"HTTP 500 No, after 6 attempts"),
    ("reset", DownloadError, r"the transfer was interrupted .*, after 6 attempts"),
    ("stall", DownloadError, r"no data were received within the time limit, after 6 attempts"),
    ("trickle", DownloadError, r"too slow: [\d,]+ bytes per second, after 6 attempts"),
    ("truncate", DownloadError, r"after 6 attempts"),
    ("long_length", DownloadError, r"after 6 attempts"),
    ("short_length", DownloadError, r"but [\d,]+ were expected, in each of 3 attempts"),
    (
        "corrupt",
        DownloadError,
        r"md5 is \w{32}, expected \w{32}, in each of 3 attempts; the file was not kept",
    ),
    ("html", DownloadError, r"bytes were received, but"),
]


@pytest.mark.parametrize("case", LASTING_FAULTS, ids=[case[0] for case in LASTING_FAULTS])
def test_fetch__lasting_fault(case, packed_source, served, tmp_path):
    fault, error, words = case
    site, server = served
    server.plan = always(fault)
    with pytest.raises(error, match=words) as caught:
        fetch(tmp_path, [packed_source])
    assert caught.value.exit_code == EXIT_SURROUNDINGS
    assert packed_source.url in str(caught.value)
    assert not (tmp_path / packed_source.path).exists()
    assert server.requests["/reads/a.fastq.gz"] == {
        "redirect_loop": 11,
        "403": 1,
        "404": 1,
        **dict.fromkeys(("short_length", "corrupt", "html"), 3),
    }.get(fault, 6)
    server.plan = never
    [path] = fetch(tmp_path, [packed_source])
    assert path.read_bytes() == site.documents["/reads/a.fastq.gz"]


def test_fetch__error_page_is_named(site, server, tmp_path):
    site.add("/filelist.txt", b"<html><head><title>Down for maintenance</title></head></html>")
    with pytest.raises(DownloadError, match=r"a web page was received .*'Down for maintenance'"):
        fetch(tmp_path, [Source(f"{server.url}/filelist.txt", "filelist.txt")])
    assert not (tmp_path / "filelist.txt").exists()


def test_fetch__connection_refused(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/a.txt"
        with pytest.raises(DownloadError, match=r"no connection \(.*refused.*\), after 6 attempts"):
            fetch(tmp_path, [Source(url, "a.txt")])


def test_fetch__no_such_host(tmp_path):
    with pytest.raises(DownloadError, match=r"no connection \("):
        fetch(tmp_path, [Source("http://nowhere.invalid/a.txt", "a.txt")])


def test_fetch__retry_after_is_waited_for(server, packed_source, tmp_path):
    server.retry_after = "1"
    server.plan = first("429")
    start = time.monotonic()
    fetch(tmp_path, [packed_source])
    assert time.monotonic() - start >= 1.0


def test_fetch__retry_after_too_long(site, server, packed_source, tmp_path):
    server.retry_after = "86400"
    server.plan = always("429")
    with pytest.raises(DownloadError, match=r"the server asks to wait 86,400 s; run again after"):
        fetch(tmp_path, [packed_source])
    assert server.requests["/reads/a.fastq.gz"] == 1


def test_fetch__long_backoff_is_not_what_the_server_asks_for(server, packed_source, tmp_path):
    server.plan = first("500")
    network = QUICK.model_copy(update={"backoff": 0.05, "retry_after_ceiling": 0.001})
    fetch(tmp_path, [packed_source], network)
    assert server.requests["/reads/a.fastq.gz"] == 2


def test_fetch__resumes_where_it_broke_off(site, server, packed_source, tmp_path):
    server.plan = first("truncate")
    fetch(tmp_path, [packed_source])
    size = packed_source.integrity.size
    assert server.log[1][1]["range"] == f"bytes={size // 2}-"
    assert "if-range" in server.log[1][1]


def test_fetch__plain_file_changed_between_two_parts(site, server, tmp_path, caplog):
    """Neither gzip nor a checksum would tell that the halves are of two versions."""
    site.add("/a.txt", content(3))
    server.plan = lambda _path, n: ["truncate", "change_unnoticed", None][min(n, 2)]
    with caplog.at_level("INFO", logger="lotwise"):
        [path] = fetch(tmp_path, [Source(f"{server.url}/a.txt", "a.txt")])
    assert "the file on the server changed during the download" in caplog.text
    assert path.read_bytes() == site.documents["/a.txt"] != content(3)
    assert server.requests["/a.txt"] == 3


def test_fetch__plain_file_whose_range_is_ignored(site, server, tmp_path):
    site.add("/a.txt", content(3))
    server.plan = lambda _path, n: ["truncate", "ignore_range", None][min(n, 2)]
    [path] = fetch(tmp_path, [Source(f"{server.url}/a.txt", "a.txt")])
    assert "range" in server.log[1][1]
    assert path.read_bytes() == content(3)
    assert server.requests["/a.txt"] == 2


@pytest.mark.parametrize("tells", ["date", "weak", ""])
@pytest.mark.parametrize("changes", [True, False])
def test_fetch__resumes_by_date_and_never_by_less(tells, changes, site, server, tmp_path):
    """A weak ETag, or none, does not tell that the bytes are the same: all is asked for anew."""
    server.tells = tells
    site.add("/a.txt", content(3))
    faults = ["change" if changes else "truncate"]
    server.plan = lambda _path, n: faults[n] if n < len(faults) else None
    [path] = fetch(tmp_path, [Source(f"{server.url}/a.txt", "a.txt")])
    assert path.read_bytes() == site.documents["/a.txt"]
    assert (path.read_bytes() == content(3)) == (not changes)
    asked = server.log[1][1]
    if tells == "date":
        assert asked["range"] == f"bytes={len(content(3)) // 2}-"
        assert asked["if-range"] == date_of(content(3))
    else:
        assert "range" not in asked


def test_fetch__nothing_more_to_send(site, server, tmp_path, caplog):
    site.add("/a.txt", content(3))
    server.plan = lambda _path, n: ["truncate", "no_more", None][min(n, 2)]
    with caplog.at_level("INFO", logger="lotwise"):
        [path] = fetch(tmp_path, [Source(f"{server.url}/a.txt", "a.txt")])
    assert "HTTP 416: the file on the server is shorter than the part" in caplog.text
    assert path.read_bytes() == content(3)
    assert "range" not in server.log[2][1]


def test_fetch__part_that_ends_early(site, server, tmp_path):
    site.add("/a.txt", content(3))
    server.plan = lambda _path, n: ["truncate", "short_part", None][min(n, 2)]
    [path] = fetch(tmp_path, [Source(f"{server.url}/a.txt", "a.txt")])
    assert path.read_bytes() == content(3)
    assert server.requests["/a.txt"] == 3


def test_fetch__resumes_across_runs(site, server, packed_source, tmp_path):
    server.plan = always("truncate")
    with pytest.raises(DownloadError, match="after 6 attempts"):
        fetch(tmp_path, [packed_source], QUICK)
    server.plan = never
    fetch(tmp_path, [packed_source])
    assert server.log[-1][1]["range"].startswith("bytes=")


def test_fetch__second_run_asks_nothing(site, server, packed_source, tmp_path):
    fetch(tmp_path, [packed_source])
    server.requests.clear()
    fetch(tmp_path, [packed_source])
    fetch(tmp_path, [packed_source], NetworkSettings(offline=True))
    assert not server.requests
    entry = Manifest(tmp_path).read()["reads/a.fastq.gz"]
    assert (entry.url, entry.size) == (packed_source.url, packed_source.integrity.size)
    assert entry.checksum == f"md5:{packed_source.integrity.md5}"


@pytest.mark.parametrize("with_checksum", [True, False])
def test_fetch__changed_on_disk_is_fetched_anew(
    with_checksum, site, server, packed_source, tmp_path
):
    source = packed_source if with_checksum else Source(packed_source.url, packed_source.path)
    [path] = fetch(tmp_path, [source])
    body = path.read_bytes()
    path.write_bytes(body[:-1] + b"?")
    fetch(tmp_path, [source])
    assert path.read_bytes() == body


def test_fetch__placed_by_hand(site, server, packed_source, tmp_path):
    path = tmp_path / packed_source.path
    path.parent.mkdir()
    path.write_bytes(site.documents["/reads/a.fastq.gz"])
    fetch(tmp_path, [packed_source])
    assert not server.requests, "the published checksum fits, so nothing is to be fetched"


def test_fetch__checksum_of_another_kind_is_checked_once(site, server, packed_source, tmp_path):
    """Fetched while the source gave none; now it does, and the file may be another one by now."""
    bare = Source(packed_source.url, packed_source.path)
    [path] = fetch(tmp_path, [bare])
    server.requests.clear()
    elsewhere = Source(f"{server.url}/mirror", packed_source.path, packed_source.integrity)
    fetch(tmp_path, [elsewhere])
    assert not server.requests, "it fits, so nothing is fetched"
    entry = Manifest(tmp_path).read()[packed_source.path]
    assert (entry.url, entry.checksum) == (elsewhere.url, f"md5:{packed_source.integrity.md5}")

    other = packed(7)
    site.add("/reads/a.fastq.gz", other)
    for integrity in (
        Integrity(sha256=hashlib.sha256(other).hexdigest()),
        sums_of(other, tmp_path),
    ):
        path.unlink()
        site.add("/reads/a.fastq.gz", packed(0))
        fetch(tmp_path, [packed_source])
        site.add("/reads/a.fastq.gz", other)
        fetch(tmp_path, [Source(packed_source.url, packed_source.path, integrity)])
        assert path.read_bytes() == other
        # What was checked is noted, and not read again.
        entry = Manifest(tmp_path).read()[packed_source.path]
        assert entry.agrees_with(integrity)


def sums_of(body, folder):
    """What `sum` says of a file: all that Ensembl publishes."""
    file = folder / "body"
    file.write_bytes(body)
    integrity = Integrity(bsd_sum=bsd_sum(file), bsd_blocks=-(-len(body) // 1024))
    file.unlink()
    return integrity


def test_fetch__gzip_within_gzip_that_the_source_describes(site, server, tmp_path):
    """Deposited so: by its checksum it is what it should be, and nothing is taken off."""
    body = gzip.compress(packed(0), 1, mtime=0)
    site.add("/a.txt.gz", body)
    source = Source(f"{server.url}/a.txt.gz", "a.txt.gz", Integrity(size=len(body), md5=md5(body)))
    [path] = fetch(tmp_path, [source])
    assert path.read_bytes() == body


def test_fetch__place_that_cannot_be_written(packed_source, tmp_path):
    """A fault of the disk is one line: here a folder stands where the part belongs."""
    key = hashlib.sha256(packed_source.path.encode()).hexdigest()[:16]
    (tmp_path / STATE / f"{key}.part").mkdir(parents=True)
    with pytest.raises(EnvironmentFault, match=r"a\.fastq\.gz: cannot be written \("):
        fetch(tmp_path, [packed_source])


def test_fetch__offline_says_what_is_missing(packed_source, tmp_path):
    with pytest.raises(
        EnvironmentFault, match=r"\(offline\), but 1 file is missing: reads/a.fastq.gz \(from http"
    ):
        fetch(tmp_path, [packed_source], NetworkSettings(offline=True))


@pytest.mark.parametrize(
    "path", ["../a.txt", "/etc/a.txt", "a/../../b.txt", "a//b", "", ".hidden", "a\x00b", "C:\\a"]
)
def test_fetch__never_leaves_its_directory(path, site, server, tmp_path):
    site.add("/a.txt", b"a")
    with pytest.raises(InputError, match="is not a plain name"):
        fetch(tmp_path / "root", [Source(f"{server.url}/a.txt", path)])
    assert list(tmp_path.rglob("*.txt")) == []


def test_fetch__link_out_of_the_directory(site, server, tmp_path):
    site.add("/a.txt", b"a")
    (tmp_path / "root").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="a link points outside"):
        fetch(tmp_path / "root", [Source(f"{server.url}/a.txt", "link/a.txt")])
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_fetch__cap_known_beforehand(packed_source, server, tmp_path):
    network = QUICK.model_copy(update={"max_total_gib": 1e-6})
    with pytest.raises(CapError, match=r"58.\d KiB|[\d.]+ KiB in 1 file.* the limit is 1.0 KiB"):
        fetch(tmp_path, [packed_source], network)
    assert not server.requests
    with Downloader(tmp_path, network=network, over_cap=True) as downloader:
        downloader.fetch(packed_source)


def test_fetch__cap_of_unknown_sizes(packed_source, server, tmp_path):
    network = QUICK.model_copy(update={"max_total_gib": 1e-6})
    with pytest.raises(CapError, match=r"the downloads of this run reach .* the limit is 1.0 KiB"):
        fetch(tmp_path, [Source(packed_source.url, packed_source.path)], network)
    assert not (tmp_path / packed_source.path).exists()


def test_fetch__cap_is_of_the_run(site, server, tmp_path):
    """Records, reads and tables are fetched one after another; the limit is on all of them."""
    bodies = {f"{name}.txt": content(seed, 1000) for seed, name in enumerate("ab")}
    for name, body in bodies.items():
        site.add(f"/{name}", body)
    network = QUICK.model_copy(update={"max_total_gib": 1500 / 2**30})
    with Downloader(tmp_path, network=network) as downloader:
        for name, body in bodies.items():
            source = Source(f"{server.url}/{name}", name, Integrity(size=len(body)))
            if name == "a.txt":
                downloader.fetch(source)
                continue
            with pytest.raises(CapError, match=r"2.0 KiB in 2 file.* the limit is 1.5 KiB"):
                downloader.fetch(source)


def test_fetch__room_for_the_rest_is_enough(site, server, packed_source, tmp_path, monkeypatch):
    """Half of it lies there already."""
    server.plan = always("truncate")
    with pytest.raises(DownloadError):
        fetch(tmp_path, [packed_source], QUICK.model_copy(update={"attempts": 1}))
    server.plan = never
    free = packed_source.integrity.size * 2 // 3
    monkeypatch.setattr("shutil.disk_usage", lambda _path: SimpleNamespace(free=free))
    fetch(tmp_path, [packed_source])
    assert "range" in server.log[-1][1]


def test_fetch__disk_too_small(server, tmp_path):
    source = Source(f"{server.url}/a", "a", Integrity(size=2**60))
    network = QUICK.model_copy(update={"max_total_gib": None})
    with pytest.raises(EnvironmentFault, match=r"would be downloaded, .* are free"):
        fetch(tmp_path, [source], network)


def test_fetch_all__one_missing_does_not_stop_the_others(site, server, tmp_path):
    site.add("/a.txt", b"a")
    sources = [Source(f"{server.url}/{name}", name) for name in ("no.txt", "a.txt")]
    with pytest.raises(NotFoundError, match=r"/no.txt: HTTP 404"):
        fetch(tmp_path, sources)
    assert (tmp_path / "a.txt").read_bytes() == b"a"


def test_fetch_all__limit_per_host(site, server, tmp_path):
    at_once, most, lock = 0, 0, threading.Lock()

    names = [f"f{i}.txt" for i in range(6)]
    for name in names:
        site.add(f"/{name}", content(1, 200))
    original = site.find

    def find(path, query):
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.05)
        with lock:
            at_once -= 1
        return original(path, query)

    site.find = find
    network = QUICK.model_copy(update={"workers": 6, "workers_per_host": 2})
    fetch(tmp_path, [Source(f"{server.url}/{name}", name) for name in names], network)
    assert most == 2


def test_fetch__two_at_once_do_it_once(site, server, packed_source, tmp_path):
    server.plan = first("trickle")
    slow = QUICK.model_copy(update={"slow_window": 60})
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(fetch, tmp_path, [packed_source], slow)]
        time.sleep(0.1)
        jobs += [pool.submit(fetch, tmp_path, [packed_source]) for _ in range(3)]
        for job in jobs:
            assert job.result(30)[0].is_file()
    # The trickle was cut off once; nobody but the holder of the lock asked.
    assert server.requests["/reads/a.fastq.gz"] == 2


@pytest.mark.parametrize("block", range(N_MIXED_RUNS // BLOCK))
def test_fetch_all__mixed_faults(block, tmp_path, record_property):
    """Runs wait more than they work, so some of them go on at once."""
    seeds = range(block * BLOCK, (block + 1) * BLOCK)
    record_property("faults", BLOCK)
    with ThreadPoolExecutor(5) as pool:
        outcomes = list(pool.map(lambda seed: mixed_run(seed, tmp_path / str(seed)), seeds))
    # Each block holds runs that came through and runs that were told to give up.
    assert 0 < sum(outcomes) < BLOCK


# What no check can notice in a file of which the source says nothing.
UNNOTICED = frozenset({"corrupt", "short_length", "gzip_of_gzip"})
# What a run that was told to give up says, each with what to do.
WORDS = re.compile(
    r"HTTP \d{3}|was interrupted|time limit|bytes per second|transfer ended|expected|a web page was"
    r"|gzip|form a loop|no connection|changed during the download|server is shorter"
)


def fault_of(seed, path, n, *, share):
    """The fault of a request: a function of its arguments, however threads run."""
    rng = np.random.default_rng([seed, zlib.crc32(path.encode()), n])
    if rng.random() > share:
        return None
    names = [name for name in FAULTS if name not in LASTING] + sorted(LASTING)
    fault = str(rng.choice(names))
    bare = path.startswith("/bare")
    # What has a published checksum does not change under it.
    if fault.startswith("change") and not bare:
        return None
    return None if fault in UNNOTICED and path == "/bare.txt" else fault


def mixed_run(seed, tmp_path):
    """One run under seeded faults, checked, then repeated without; True where it came through."""
    root = tmp_path / "root"
    site = Site()
    bodies = {
        "/checked.fastq.gz": packed(seed),
        "/bare.txt.gz": packed(seed + 1),
        "/bare.txt": content(seed + 3, 20_000),
        "/plain.txt": content(seed + 2, 20_000),
    }
    for path, body in bodies.items():
        site.add(path, body)
    share = np.random.default_rng(seed).uniform(0.2, 0.8)

    with ArchiveServer(site) as server:
        server.plan = lambda path, n: fault_of(seed, path, n, share=share)
        sources = [
            Source(
                server.url + path,
                path[1:],
                Integrity()
                if path.startswith("/bare")
                else Integrity(size=len(body), md5=md5(body)),
            )
            for path, body in bodies.items()
        ]
        # A name that leads out refuses the run before anything is asked for.
        with pytest.raises(InputError, match="is not a plain name"):
            fetch(root, [*sources, Source(f"{server.url}/plain.txt", "../plain.txt")])
        assert not server.requests
        error = None
        try:
            fetch(root, sources)
        except DownloadError as caught:
            error = caught
        present = 0
        for path in bodies:
            right = [site.documents[path], *site.versions.get(path, [])]
            target = root / path[1:]
            if target.exists():
                present += 1
                assert target.read_bytes() in right, (seed, path)
        assert (present == len(bodies)) == (error is None), seed
        if error is not None:
            assert error.exit_code == EXIT_SURROUNDINGS
            assert any(str(error).startswith(f"{source.url}: ") for source in sources), seed
            assert WORDS.search(str(error)), (seed, str(error))
        assert strays(root, sources) == [], seed
        assert [path.name for path in tmp_path.iterdir()] == ["root"], seed

        server.plan = never
        time.sleep(0.05)
        for path, target in zip(bodies, fetch(root, sources), strict=True):
            assert target.read_bytes() in [site.documents[path], *site.versions.get(path, [])]
    return error is None
