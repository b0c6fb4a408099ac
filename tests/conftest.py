"""What all tests share: the real data, and foreign programs that may be absent."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"


def pytest_collection_modifyitems(config, items):
    if "network" not in (config.option.markexpr or ""):
        deselected = [item for item in items if item.get_closest_marker("network")]
        if deselected:
            config.hook.pytest_deselected(items=deselected)
            items[:] = [item for item in items if item not in deselected]


def needs_program(*names: str) -> None:
    """Skip without one of ``names``; fail instead where the run must have them all."""
    missing = [name for name in names if shutil.which(name) is None]
    if not missing:
        return
    words = f"needs {', '.join(missing)} on PATH"
    if os.environ.get("LOTWISE_REQUIRE_TOOLS") == "1":
        pytest.fail(f"{words}, and LOTWISE_REQUIRE_TOOLS=1 forbids to skip")
    pytest.skip(words)


@pytest.fixture(scope="session")
def require():
    """The function ``require("Rscript")``: skip, or fail in CI, without the program."""
    return needs_program


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the real data in {os.path.relpath(SHARED, ROOT)}")
    return SHARED
