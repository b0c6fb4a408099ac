"""Throughput and memory of a download over loopback, beside curl's.

Run ``python benchmarks/download.py [GIGABYTES]``. The server sends with ``sendfile``; each
client takes the file three times, in turn, and the median counts. Beside curl alone stands
curl followed by ``sha256sum``, which is what lotwise does in one go.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERVER = ROOT / "tests" / "services" / "archive_server.py"
N_ROUNDS = 3

CLIENT = """
import sys
from pathlib import Path
from lotwise.acquire.download import Downloader, Source
from lotwise.config.acquire import NetworkSettings
import time

root, url = Path(sys.argv[1]), sys.argv[2]
began = time.perf_counter()
with Downloader(root, network=NetworkSettings(max_total_gib=None), progress=False) as downloader:
    downloader.fetch(Source(url, "big.bin"))
seconds = time.perf_counter() - began
status = Path("/proc/self/status").read_text()
print(seconds, next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


def main() -> None:
    gigabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    size = int(gigabytes * 1e9)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_random(place / "site" / "big.bin", size)
        with subprocess.Popen(
            [sys.executable, str(SERVER), str(place / "site"), "0"],
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            try:
                url = f"{server.stdout.readline().strip()}/big.bin" if server.stdout else ""
                report(place, url, size)
            finally:
                server.terminate()


def report(place: Path, url: str, size: int) -> None:
    out = place / "out.bin"
    peak = 0.0

    def lotwise() -> float:
        nonlocal peak
        target = place / "lotwise"
        done = subprocess.run(
            [sys.executable, "-c", CLIENT, str(target), url],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        )
        seconds, kilobytes = map(float, done.stdout.split())
        peak = max(peak, kilobytes / 1024)
        for path in sorted(target.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        return seconds

    def curl() -> float:
        began = time.perf_counter()
        subprocess.run(["curl", "-s", "-o", str(out), url], check=True)
        return time.perf_counter() - began

    def curl_and_sum() -> float:
        began = time.perf_counter()
        subprocess.run(["curl", "-s", "-o", str(out), url], check=True)
        subprocess.run(["sha256sum", str(out)], check=True, capture_output=True)
        seconds = time.perf_counter() - began
        out.unlink()
        return seconds

    clients: dict[str, Callable[[], float]] = {
        "curl": curl,
        "curl + sha256sum": curl_and_sum,
        "lotwise": lotwise,
    }
    taken: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(N_ROUNDS):
        for name, client in clients.items():
            taken[name].append(client())
    best = statistics.median(taken["curl"])
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        print(f"{name:18s} {size / median / 1e6:7.0f} MB/s   {best / median:.2f} of curl")
    print(f"lotwise, resident memory at most {peak:.0f} MiB for {size / 1e9:g} GB")


def write_random(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True)
    block = os.urandom(1 << 24)
    with path.open("wb") as out:
        for start in range(0, size, len(block)):
            out.write(block[: size - start])


if __name__ == "__main__":
    main()
