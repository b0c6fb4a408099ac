"""Sizes of files that are there, without a network."""

from __future__ import annotations

import gzip

from lotwise.acquire.download.fetch import Downloader, Source
from lotwise.config.acquire import NetworkSettings


def test_sizes__of_a_file_that_the_manifest_does_not_know(tmp_path):
    """As one that was put there by hand, for a machine without network."""
    content = gzip.compress(b"by hand")
    (tmp_path / "a.txt.gz").write_bytes(content)
    known, absent = (Source(f"https://localhost/{name}", name) for name in ("a.txt.gz", "b.txt"))
    with Downloader(tmp_path, network=NetworkSettings(offline=True)) as downloader:
        assert downloader.sizes([known, absent]) == {"a.txt.gz": len(content), "b.txt": "offline"}
