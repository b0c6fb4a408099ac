"""Hand-written results, for tests with a known report."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from handmade import Tree


@pytest.fixture
def tree(tmp_path) -> Tree:
    """Results that a test may change before they are written."""
    return Tree(tmp_path / "results")
