"""What a command line imports before it is asked to do anything."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lotwise import cli
from lotwise.errors import LotwiseWarning

# Of the libraries of lotwise alone click may be there; it is what prints the help.
HEAVY = (
    "anndata", "h5py", "httpx", "jinja2", "matplotlib", "numpy", "openpyxl", "pandas", "polars",
    "pydantic", "scipy", "seaborn", "yaml", "zarr",
)  # fmt: skip
CODE = """
import sys
from lotwise.cli import main
sys.argv = ["lotwise", *sys.argv[1:]]
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("no-such-command",)])
def test_help__imports_nothing_heavy(arguments):
    done = subprocess.run(
        [sys.executable, "-c", CODE, *arguments], capture_output=True, text=True, check=False
    )
    imported = done.stderr.splitlines()[-1].split()
    assert "click" in imported
    assert not set(HEAVY) & set(imported)


@pytest.mark.parametrize("step", ["verdict", "record", "workbook"])
def test_step__that_reads_tables_imports_no_library_of_matrices_or_charts(step, own_run):
    """`import anndata` alone takes about a second."""
    results = own_run / "results"
    arguments = {
        "verdict": ["--criteria", "example", "--out", results],
        "record": [own_run / "input" / "samples.tsv", "--out", results, "--configuration", "{}"],
        "workbook": [results],
    }[step]
    done = subprocess.run(
        [sys.executable, "-c", CODE, step, *map(str, arguments)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    imported = done.stderr.splitlines()[-1].split()
    assert "lotwise.record.calls" in imported
    assert not {"altair", "anndata", "matplotlib", "seaborn"} & set(imported)


def test_warnings__each_text_is_printed_once(capsys):
    show = cli._show_each_once()
    for text in ("no  two\nbatches", "no two batches", "another"):
        show(LotwiseWarning(text), LotwiseWarning, "file.py", 1)
    assert capsys.readouterr().err == (
        "lotwise: warning: no two batches\nlotwise: warning: another\n"
    )
