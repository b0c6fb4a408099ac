"""`make test-real`: the public files are fetched, verified, and give the known coefficients."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from archive_server import ArchiveServer, Site

ROOT = Path(__file__).resolve().parents[2]
FETCH = ROOT / "tests" / "real" / "fetch.py"
KNOWN = "tests/golden/test_real_quantifications.py::test_read_quant__r_of_real_samples"
pytestmark = pytest.mark.shared


@pytest.fixture
def mirror(shared):
    site = Site()
    for path in shared.rglob("*"):
        if path.is_file():
            site.add("/" + path.relative_to(shared).as_posix(), path)
    with ArchiveServer(site) as server:
        yield server


def fetch(mirror, folder):
    environment = os.environ | {"LOTWISE_REAL_DATA_URL": mirror.url}
    return subprocess.run(
        [sys.executable, FETCH, folder],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_fetch__brings_every_file_and_the_known_coefficients_hold(mirror, tmp_path):
    done = fetch(mirror, tmp_path / "real")
    assert done.returncode == 0, done.stderr
    assert "60 of 60 files are in" in done.stdout
    environment = os.environ | {"LOTWISE_REAL_DATA": str(tmp_path / "real")}
    checked = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{KNOWN}[gencode_rsem]"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in checked.stdout, checked.stdout


def test_fetch__a_file_that_is_not_the_listed_one_is_refused_by_name(mirror, tmp_path):
    name = "/geuvadis_refseq/samples.txt"
    body = Path(mirror.site.documents[name]).read_bytes()
    mirror.site.documents[name] = body.replace(b"ERR", b"XRR", 1)
    done = fetch(mirror, tmp_path / "real")
    assert done.returncode != 0
    assert "samples.txt" in done.stderr
    assert not (tmp_path / "real" / "geuvadis_refseq" / "samples.txt").exists()
