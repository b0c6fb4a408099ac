"""Servers over real sockets, shared by the tests of this folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from archive_server import ArchiveServer, Site


@pytest.fixture
def site() -> Site:
    """What the server of this test offers."""
    return Site()


@pytest.fixture
def server(site):
    """A server on loopback that offers ``site``."""
    with ArchiveServer(site) as running:
        yield running
