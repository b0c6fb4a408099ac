"""Servers over real sockets, shared by the tests of this folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
# Results written by hand, for the report.
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "report"))

from archive_server import ArchiveServer, Site

# Run by the validator's own Python, which has what it imports.
collect_ignore = ["offline_contexts.py"]


@pytest.fixture
def site() -> Site:
    """What the server of this test offers."""
    return Site()


@pytest.fixture
def server(site):
    """A server on loopback that offers ``site``."""
    with ArchiveServer(site) as running:
        yield running


@pytest.fixture
def run_cli(monkeypatch, capsys):
    """Run the command line in this process; gives exit code, standard output and error."""
    from lotwise import cli

    def running(*arguments: str):
        monkeypatch.setattr(sys, "argv", ["lotwise", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return running
