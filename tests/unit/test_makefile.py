"""`make install` where Python cannot make an environment."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_check__leaves_out_only_tests_that_exist():
    """A renamed test would stay on the list, and run in `make check` although it takes long."""
    listed = (ROOT / "tests" / "long_tests.txt").read_text().split()
    assert listed
    gone = []
    for test in listed:
        path, _, name = test.partition("::")
        function = f"def {name}(" if name else ""
        if not (ROOT / path).is_file() or function not in (ROOT / path).read_text():
            gone.append(test)
    assert gone == []


def test_install__without_ensurepip_leaves_no_half_environment(tmp_path, require):
    """As on Debian without python3-venv: the next make died of "No module named pip"."""
    require("make")
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\nif [ "$1" = -m ]; then mkdir -p .venv/bin; touch .venv/bin/python; exit 1; fi\n'
    )
    python.chmod(0o755)
    # Of a make that runs this test nothing must reach the one that is tested.
    inherited = {"MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "VENV", "UV", "PYTHON"}
    environment = {name: value for name, value in os.environ.items() if name not in inherited}
    said = subprocess.run(
        ["make", "install", "UV=", f"PYTHON={python}"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode != 0
    assert "apt install python3-venv" in said.stdout
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize(
    ("venv", "first"), [("/opt/venv", "/opt/venv/bin"), (".venv", "{here}/.venv/bin")]
)
def test_path__begins_with_the_environment_wherever_it_is(tmp_path, require, venv, first):
    require("make")
    shutil.copy(ROOT / "Makefile", tmp_path)
    said = subprocess.run(
        ["make", "--silent", f"VENV={venv}", "--eval", "show: ; @echo $$PATH", "show"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "MAKEFLAGS"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.startswith(f"{first.format(here=tmp_path)}:")
