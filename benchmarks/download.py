"""Throughput and memory of a download over loopback, compared with curl.

Run ``python benchmarks/download.py [GIGABYTES]`` (2 by default). The server sends with
``sendfile``. lotwise, which computes the SHA-256 while it receives, and curl take the file three
times and the median counts, of lotwise less what its start costs; curl followed by
``sha256sum`` takes it once. Ends in exit code 1 where memory passes the bound.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import Timing, has_program, less, report, time_command

ROOT = Path(__file__).resolve().parents[1]
SERVER = ROOT / "tests" / "services" / "archive_server.py"
MOST_MEGABYTES = 100

CLIENT = """
import shutil, sys
from pathlib import Path
from lotwise.acquire.download.fetch import Downloader, Source
from lotwise.config.acquire import NetworkSettings

root, urls = Path(sys.argv[1]), sys.argv[2:]
shutil.rmtree(root, ignore_errors=True)
with Downloader(root, network=NetworkSettings(max_total_gib=None), progress=False) as downloader:
    downloader.fetch_all([Source(url, "big.bin") for url in urls])
"""


def main() -> None:
    if not has_program("curl"):
        return
    gigabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_random(place / "site" / "big.bin", int(gigabytes * 1e9))
        with subprocess.Popen(
            [sys.executable, str(SERVER), str(place / "site"), "0"],
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            try:
                url = f"{server.stdout.readline().strip()}/big.bin" if server.stdout else ""
                ours = compare(place, url, f"download of {gigabytes:g} GB")
            finally:
                server.terminate()
    if ours.megabytes > MOST_MEGABYTES:
        sys.exit(f"{ours.megabytes:.0f} MB of memory, the bound is {MOST_MEGABYTES} MB")


def compare(place: Path, url: str, case: str) -> Timing:
    target, out = place / "lotwise", place / "curl.bin"
    client = [sys.executable, "-c", CLIENT, target]
    curl = ["curl", "-s", "-o", out, url]
    idle = time_command("lotwise, nothing to fetch", client)
    ours = less(time_command("lotwise", [*client, url]), idle)
    peers = [
        time_command("curl", curl, runs=3),
        time_command(
            "curl + sha256sum", ["sh", "-c", f"curl -s -o {out} {url} && sha256sum {out}"], runs=1
        ),
    ]
    report(case, ours, peers, needed={"curl": 0.7})
    return ours


def write_random(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True)
    block = os.urandom(1 << 24)
    with path.open("wb") as out:
        for start in range(0, size, len(block)):
            out.write(block[: size - start])


if __name__ == "__main__":
    main()
