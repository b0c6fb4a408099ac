"""The built documentation: that of `make docs`, made anew where something is newer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "docs" / "_build" / "html"
SOURCES = ("docs/**/*.md", "docs/**/*.py", "src/lotwise/**/*.py", "config/panels/*.yaml")
SPHINX = ("-W", "--keep-going", "-n", "-E", "-q", "-j", "auto")


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the pages; one process builds them, with warnings as errors."""
    SITE.parent.mkdir(exist_ok=True)
    with FileLock(SITE.parent / "lock"):
        if not is_fresh():
            done = subprocess.run(
                [sys.executable, "-m", "sphinx", *SPHINX, "docs", str(SITE)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
    return SITE


def is_fresh() -> bool:
    # Written last, so a build that broke off is not taken for whole.
    built = SITE / "objects.inv"
    newest = max(path.stat().st_mtime for found in SOURCES for path in ROOT.glob(found))
    return built.is_file() and built.stat().st_mtime > newest
