"""`lotwise fetch` where servers answer with status 200 and nonsense, drip, bomb or fall silent."""

from __future__ import annotations

import csv
import gzip
import signal
import subprocess
import sys
import time

import pytest
from archive_server import always, first, never
from geo_site import GeoSample, add_ncbi_tpm, add_series, base_urls, fastq_of, tar_of

from lotwise.acquire.download.budget import CapError
from lotwise.acquire.download.fetch import Downloader, Source
from lotwise.acquire.download.manifest import MANIFEST
from lotwise.acquire.download.retry import DownloadError
from lotwise.config.acquire import NetworkSettings
from lotwise.errors import InputError

pytestmark = pytest.mark.fault

QUICK = NetworkSettings(
    connect_timeout=0.3, read_timeout=0.25, attempts=2, backoff=0.01, slow_window=0.3
)
SERIES = "GSE900001"
APOLOGIES = {
    "busy": b"Service busy, try later\n",
    "json": b'{"message": "error"}',
    "empty": b"",
    "undecodable": b"\xff\xfe\x00\x01" * 50,
    "bare comment": b"<!---->" * 34 + b"x",
}


@pytest.fixture
def place(tmp_path, server):
    options = ["--downloads", tmp_path / "downloads"]
    for name, url in base_urls(server.url).items():
        options += ["--base-url", f"{name}={url}"]
    return tmp_path, options


@pytest.fixture
def series(site):
    samples = [
        GeoSample(f"GSM90000{i}", f"lot {i}", (), f"SRX90000{i}",
                  {f"SRR90000{i}": [fastq_of(i)]})
        for i in range(2)
    ]  # fmt: skip
    rsem = b"gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM\n"
    rsem += b"g1\tt1\t1000\t900\t10\t1000000\t5\n"
    members = {f"GSM90000{i}_x.genes.results": rsem for i in range(2)}
    add_series(site, SERIES, "x", samples, supplementary={f"{SERIES}_RAW.tar": tar_of(members)})
    add_ncbi_tpm(site, SERIES, b"GeneID\tGSM900000\tGSM900001\n1\t1000000\t1000000\n")
    return site


@pytest.fixture
def fetching(run_cli, place, monkeypatch):
    """Fetch with short waits."""
    monkeypatch.setattr("lotwise.acquire.download.fetch.delay_before", lambda *_, **__: 0.01)

    def call(*options):
        folder, common = place
        return run_cli("fetch", SERIES, "--samples", folder / "s.tsv", *options, *common)

    return call


def key_with(site, part):
    [key] = [key for key in site.documents if part in key]
    return key


# What is asked for by which route, and what the message says of an apology in its place.
ASKED = {
    "filereport": ("reads", "is not a file report of ENA"),
    "filelist.txt": ("deposited", "is not a row of a file list"),
    "family.soft": ("reads", ""),
}


@pytest.mark.parametrize("apology", APOLOGIES)
@pytest.mark.parametrize("asked", ASKED)
def test_fetch__bad_answer_with_status_200_does_not_stick(asked, apology, series, fetching):
    route, words = ASKED[asked]
    key = key_with(series, asked)
    whole = series.documents[key]
    body = APOLOGIES[apology]
    series.documents[key] = gzip.compress(body) if asked.endswith("soft") else body
    code, _, err = fetching("--route", route)
    assert code == 3, err
    assert (words if body else "") in err
    assert "Traceback" not in err
    if apology in {"busy", "json"} and asked != "family.soft":
        assert f"begins with {body.decode().strip()!r} (in each of 3 attempts)" in err
    series.documents[key] = whole
    code, _, err = fetching("--route", route)
    assert code == 0, err


def test_fetch__bad_answer_that_was_kept_by_an_earlier_run(series, fetching, place):
    """It is known, by address and checksum, and it is nonsense: it is asked for again."""
    assert fetching("--route", "reads")[0] == 0
    [report] = (place[0] / "downloads").rglob("*.filereport.tsv")
    whole = report.read_bytes()
    status = report.stat()
    manifest = place[0] / "downloads" / MANIFEST
    text = manifest.read_text()
    report.write_bytes(b"Service busy")
    changed = text.replace(f"\t{status.st_size}\t", "\t12\t").replace(
        str(status.st_mtime_ns), str(report.stat().st_mtime_ns)
    )
    manifest.write_text(changed)
    assert fetching("--route", "reads")[0] == 0
    assert report.read_bytes() == whole


def test_fetch__a_record_that_is_refused_is_not_kept(series, fetching, place):
    """It is a report, and says what lotwise cannot use: exit code 2, and asked for again."""
    key = key_with(series, "filereport")
    whole = series.documents[key]
    series.documents[key] = whole.replace(b"SINGLE", b"TRIPLE")
    code, _, err = fetching("--route", "reads")
    assert code == 2
    assert "column 'library_layout': must be PAIRED or SINGLE, got 'TRIPLE'" in err
    series.documents[key] = whole
    assert fetching("--route", "reads")[0] == 0


@pytest.mark.parametrize("member", ["GSM900000_{x}.genes.results", "n" * 240 + ".genes.results"])
def test_fetch__names_of_members(member, site, fetching, place):
    """Braces, which are wildcards to Snakemake, and names as long as they may be."""
    if member.startswith("n"):
        member = "GSM900000_" + member[10:]
    rsem = b"gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM\n"
    rsem += b"g1\tt1\t1000\t900\t10\t1000000\t5\n"
    sample = [GeoSample("GSM900000", "lot", ())]
    members = {member: rsem}
    add_series(site, SERIES, "x", sample, supplementary={f"{SERIES}_RAW.tar": tar_of(members)})
    code, _, err = fetching("--route", "deposited")
    assert code == 0, err
    with (place[0] / "s.tsv").open() as sheet:
        [row] = csv.DictReader(sheet, delimiter="\t")
    assert not set(row["quant"]) & set("{}")
    assert (place[0] / row["quant"]).is_file()


def test_fetch__escape_sequence_in_a_title_is_shown_as_its_code(site, fetching):
    title, runs = "lot \x1b[2J\x1b]0;x\x07", {"SRR900000": [fastq_of(0)]}
    add_series(site, SERIES, "x", [GeoSample("GSM900000", title, (), "SRX900000", runs)])
    _, out, err = fetching("--route", "reads")
    assert "\x1b" not in out + err
    assert r"\x1b[2J" in out + err


@pytest.mark.parametrize("fault", ["silent", "drip"])
def test_fetch__headers_that_do_not_come_in_time(fault, site, server, tmp_path):
    site.add("/a.txt", b"abc")
    server.plan = always(fault)
    start = time.monotonic()
    with (
        Downloader(tmp_path, network=QUICK) as downloader,
        pytest.raises(
            DownloadError, match=r"within the time limit|headers of the response took more"
        ),
    ):
        downloader.fetch(Source(f"{server.url}/a.txt", "a.txt"))
    assert time.monotonic() - start < 3
    server.plan = first(fault)
    with Downloader(tmp_path, network=QUICK) as downloader:
        assert downloader.fetch(Source(f"{server.url}/a.txt", "a.txt")).read_bytes() == b"abc"


@pytest.fixture
def _long_silence(monkeypatch):
    monkeypatch.setattr("archive_server.STALL", 60)


def seconds_of_a_start():
    """How long lotwise takes to start and end now: 0.2 s, or many on a machine that is busy."""
    command, lasted = [sys.executable, "-m", "lotwise", "--version"], []
    for _ in range(2):
        start = time.monotonic()
        subprocess.run(command, check=True, capture_output=True)
        lasted.append(time.monotonic() - start)
    return max(lasted)


EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.mark.usefixtures("_long_silence")
@pytest.mark.parametrize("interruption", EXIT_CODES)
@pytest.mark.parametrize("fault", ["silent", "drip", "unreachable"])
def test_fetch__interrupted_before_headers_came(fault, interruption, site, server, tmp_path):
    add_series(site, SERIES, "x", [GeoSample("GSM900000", "lot", ())])
    server.plan = always(fault)
    urls = base_urls(server.url)
    if fault == "unreachable":
        urls["geo"] = "http://192.0.2.1/geo"  # for documentation: nobody answers (RFC 5737)
    options = [item for pair in urls.items() for item in ("--base-url", "=".join(pair))]
    command = [sys.executable, "-m", "lotwise", "fetch", SERIES, "--downloads", tmp_path, *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + 15
        while not (server.log or (tmp_path / ".lotwise").exists()) and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.5)
        assert process.poll() is None or fault == "unreachable"
        start = time.monotonic()
        process.send_signal(interruption)
        _, err = process.communicate()
        waited = time.monotonic() - start
    if process.returncode == 3:
        pytest.skip("this machine has no route at all, so nothing is waited for")
    # To stop takes about the work of a start, twice with noise; on an idle machine that is 0.5 s.
    assert waited < 1 + 2 * seconds_of_a_start(), "1 s is promised, where the machine is idle"
    assert process.returncode == EXIT_CODES[interruption], err
    assert "Traceback" not in err


def test_fetch__what_is_unpacked_counts(site, server, tmp_path):
    """389 kB that become 400 MB."""
    site.add("/a.txt", gzip.compress(b"\0" * (400 << 20)))
    bomb = site.documents["/a.txt"]
    assert len(bomb) < 500_000
    server.plan = lambda _path, _n: "bomb"
    network = QUICK.model_copy(update={"max_total_gib": 0.01})
    with (
        Downloader(tmp_path, network=network) as downloader,
        pytest.raises(CapError, match=r"reach .*, but the limit is 10.2 MiB"),
    ):
        downloader.fetch(Source(f"{server.url}/a.txt", "a.txt"))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 1 << 20


def test_fetch__password_in_an_address_is_used_and_printed_nowhere(
    site, server, tmp_path, caplog, capsys
):
    site.add("/a.txt", b"abc")
    url = f"{server.url}/a.txt".replace("http://", "http://me:geheim@")
    with caplog.at_level("DEBUG"), Downloader(tmp_path, network=QUICK) as downloader:
        downloader.fetch(Source(url, "a.txt"))
        assert server.log[-1][1]["authorization"].startswith("Basic ")
        for fault in ("500", "404", "html", "truncate"):
            server.plan = always(fault)
            with pytest.raises(DownloadError) as raised:
                downloader.fetch(Source(url, f"{fault}.txt"))
            assert "geheim" not in str(raised.value)
        server.plan = never
        with pytest.raises(InputError, match="no good") as refused:
            downloader.fetch_as(Source(url, "a.txt"), _refuse)
    with (
        Downloader(tmp_path, network=NetworkSettings(offline=True)) as downloader,
        pytest.raises(DownloadError, match="offline") as raised,
    ):
        downloader.fetch(Source(url, "b.txt"))
    printed = [caplog.text, *capsys.readouterr(), str(raised.value), str(refused.value)]
    printed += [p.read_text(errors="replace") for p in tmp_path.rglob("*") if p.is_file()]
    assert not any("geheim" in text for text in printed)


def _refuse(_path):
    msg = "no good"
    raise InputError(msg)
