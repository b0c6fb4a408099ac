"""The real Snakemake on the repository's workflow, and what its report shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
BIN: Final = Path(sys.executable).parent
ENVIRONMENT: Final = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def run(*command: object, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program of this environment."""
    words = [BIN / str(command[0]), *map(str, command[1:])]
    return subprocess.run(
        words, cwd=cwd, env=ENVIRONMENT, check=check, capture_output=True, text=True
    )


def snakemake(
    *arguments: object, cwd: Path, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run the repository's workflow; its configuration is found in ``cwd``."""
    common = ("--snakefile", ROOT / "Snakefile", "--cores", "2")
    return run("snakemake", *common, *arguments, cwd=cwd, check=check)


def jobs_of(dry_run: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Return the number of jobs per rule from the table of a dry run."""
    lines = dry_run.stdout.split("Job stats:")[1].splitlines()
    found = (re.fullmatch(r"(\w+)\s+(\d+)", line) for line in lines)
    return {match[1]: int(match[2]) for match in found if match}


def report_of(*arguments: object, cwd: Path) -> dict[str, set[str]]:
    """Let Snakemake make its report; give the files that it shows by category.

    Each has a caption in whole words and is in the archive.
    """
    snakemake(*arguments, "--report", "report.zip", cwd=cwd)
    with zipfile.ZipFile(cwd / "report.zip") as packed:
        page = packed.read("report/report.html").decode("utf-8")
        packed_files = {name.rpartition("/")[2] for name in packed.namelist()}
    shown = _declared(page, "results")
    for path, entry in shown.items():
        words = re.sub(r"<[^>]+>", "", entry["caption"]).strip()
        assert len(words) > 40, path
        assert "{" not in words, path
        assert entry["filename"] in packed_files, path
    categories = {
        name: {path for paths in parts.values() for path in paths}
        for name, parts in _declared(page, "categories").items()
    }
    assert set().union(*categories.values()) == set(shown)
    return categories


def _declared(page: str, name: str) -> Any:
    """Return an object declared by the page."""
    found = re.search(rf"var {name} = (?={{\")", page)
    assert found is not None, name
    return json.JSONDecoder().raw_decode(page[found.end() :])[0]
