"""The page on real data is what its script writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.shared
def test_real_data_page__is_what_the_script_writes(shared, tmp_path):
    script = ROOT / "benchmarks" / "real_data_page.py"
    made = tmp_path / "page.md"
    done = subprocess.run(
        [sys.executable, script, shared, made],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    page = ROOT / "docs" / "what-real-data-say.md"
    assert made.read_text(encoding="utf-8") == page.read_text(encoding="utf-8")
