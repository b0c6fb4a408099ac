"""Fetch the public files that known coefficients are computed from, each checked by SHA-256.

    python tests/real/fetch.py FOLDER

``files.tsv`` lists them with repository, commit and checksum. With ``LOTWISE_REAL_DATA_URL`` set, a
mirror that lays the files out by the column ``path`` stands in. Files whose public address is not
known to us (the column ``repository`` is empty) come from a mirror alone; what needs them is then
skipped by name. ``make test-real`` runs the tests on what was fetched.
"""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

from lotwise.acquire.download.fetch import Downloader
from lotwise.acquire.download.integrity import Integrity
from lotwise.acquire.download.source import Source

LIST = Path(__file__).with_name("files.tsv")
PUBLIC = "https://raw.githubusercontent.com"


def main() -> None:
    folder = Path(sys.argv[1])
    mirror = os.environ.get("LOTWISE_REAL_DATA_URL", "").rstrip("/")
    with LIST.open(encoding="utf-8") as text:
        rows = list(csv.DictReader(text, delimiter="\t"))
    sources = [
        Source(
            f"{mirror}/{row['path']}"
            if mirror
            else f"{PUBLIC}/{row['repository']}/{row['commit']}/{row['source']}",
            row["path"],
            Integrity(size=int(row["bytes"]), sha256=row["sha256"]),
        )
        for row in rows
        if mirror or row["repository"]
    ]
    folder.mkdir(parents=True, exist_ok=True)
    with Downloader(folder) as downloader:
        downloader.fetch_all(sources)
    print(f"{len(sources)} of {len(rows)} files are in {folder}, each with its SHA-256")
    without = [row["path"] for row in rows if not mirror and not row["repository"]]
    if without:
        print(f"no public address is on file for {len(without)}: tests on them skip")


if __name__ == "__main__":
    main()
