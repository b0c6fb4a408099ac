"""Downloads by processes that are killed, that work at the same time, and that stay small."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from archive_server import ArchiveServer, Site
from geo_site import GeoSample, add_series, base_urls, fastq_of

from lotwise.acquire.download.manifest import STATE, Manifest

pytestmark = pytest.mark.fault

N_KILLS = 15

FETCH = """
import json, sys
from pathlib import Path
from lotwise.acquire.download.fetch import Downloader, Source
from lotwise.acquire.download.integrity import Integrity
from lotwise.config.acquire import NetworkSettings

root, sources = Path(sys.argv[1]), json.loads(sys.argv[2])
network = NetworkSettings(max_total_gib=None, backoff=0.01)
with Downloader(root, network=network) as downloader:
    downloader.fetch_all([Source(u, p, Integrity(md5=m)) for u, p, m in sources])
# Not ru_maxrss: a child begins with its parent's there.
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


def start(root, sources):
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, str(root), json.dumps(sources)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


def finish(process):
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


@pytest.fixture
def bodies():
    rng = np.random.default_rng(5)
    return {
        f"/f{i}.txt.gz": gzip.compress(rng.bytes(3_000_000).hex().encode(), 1, mtime=0)
        for i in range(4)
    }


def sources_of(server, bodies, *, checked=2):
    """Half of the files with a published MD5, half without."""
    return [
        (
            server.url + path,
            path[1:],
            hashlib.md5(body, usedforsecurity=False).hexdigest() if i < checked else None,
        )
        for i, (path, body) in enumerate(bodies.items())
    ]


def test_fetch_all__killed_at_random_moments(bodies, tmp_path, record_property):
    record_property("faults", N_KILLS)
    rng = np.random.default_rng(11)
    root = tmp_path / "root"
    site = Site()
    for path, body in bodies.items():
        site.add(path, body)
    with ArchiveServer(site) as server:
        server.pace = 0.004
        sources = sources_of(server, bodies)
        n_interrupted = n_resumed = 0
        for _ in range(N_KILLS):
            server.log.clear()
            process = start(root, sources)
            while not server.log and process.poll() is None:
                time.sleep(0.01)
            time.sleep(rng.uniform(0, 0.6))
            process.send_signal(signal.SIGKILL)
            process.communicate()
            n_interrupted += process.returncode == -signal.SIGKILL
            n_resumed += any("range" in headers for _, headers in server.log)
            Manifest(root).read()
            for path, body in bodies.items():
                target = root / path[1:]
                if target.exists():
                    assert target.read_bytes() == body
                    # So that the next round has something to do.
                    target.unlink()
        assert n_interrupted >= N_KILLS // 2, "the kills came too late to test anything"
        assert n_resumed >= 1, "nothing was resumed"
        server.pace = 0.0
        finish(start(root, sources))
    for path, body in bodies.items():
        assert (root / path[1:]).read_bytes() == body
    assert [p.name for p in (root / STATE).iterdir() if p.suffix != ".lock"] == []


def test_fetch_all__two_processes_fetch_each_file_once(bodies, tmp_path):
    site = Site()
    for path, body in bodies.items():
        site.add(path, body)
    with ArchiveServer(site) as server:
        server.pace = 0.01
        sources = sources_of(server, bodies)
        for process in [start(tmp_path, sources), start(tmp_path, sources)]:
            finish(process)
        assert dict(server.requests) == dict.fromkeys(bodies, 1)
    assert set(Manifest(tmp_path).read()) == {path[1:] for path in bodies}


EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.mark.parametrize("interruption", EXIT_CODES)
def test_fetch__interrupted_while_the_server_is_silent(
    interruption, site, server, tmp_path, monkeypatch
):
    """Half of a file came and then nothing: the command ends at once, and goes on another day."""
    monkeypatch.setattr("archive_server.STALL", 60)
    sample = GeoSample("GSM900000", "lot", (), "SRX900000", {"SRR900000": [fastq_of(1, 500)]})
    add_series(site, "GSE900001", "x", [sample])
    options = [item for pair in base_urls(server.url).items()
               for item in ("--base-url", "=".join(pair))]  # fmt: skip
    sheet = tmp_path / "samples.tsv"
    command = [
        sys.executable, "-m", "lotwise", "fetch", "GSE900001", "--samples", sheet,
        "--downloads", tmp_path / "downloads", *options,
    ]  # fmt: skip
    server.plan = lambda path, n: "stall" if path.endswith("fastq.gz") and n == 0 else None
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while not any("fastq" in path for path in server.requests) and process.poll() is None:
            time.sleep(0.02)
        time.sleep(0.5)
        process.send_signal(interruption)
        start = time.monotonic()
        _, err = process.communicate()
        waited = time.monotonic() - start
    assert waited < 20, "it waited for the silent server"
    assert process.returncode == EXIT_CODES[interruption]
    assert "no file was left incomplete" in err
    assert "Traceback" not in err
    assert not sheet.exists()
    subprocess.run(command, check=True, capture_output=True)
    assert "range" in server.log[-1][1]
    assert len(sheet.read_text().splitlines()) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")
def test_fetch_all__memory_stays_flat(tmp_path):
    body = tmp_path / "big.bin"
    with body.open("wb") as out:
        out.truncate(400 * 2**20)
    site = Site()
    site.add("/big.bin", body)
    with ArchiveServer(site) as server:
        kilobytes = int(finish(start(tmp_path / "d", [(f"{server.url}/big.bin", "big.bin", None)])))
    assert (tmp_path / "d" / "big.bin").stat().st_size == 400 * 2**20
    assert kilobytes < 100 * 1024
