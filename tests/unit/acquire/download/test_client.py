"""Proxy settings of the HTTP client."""

from __future__ import annotations

import pytest

from lotwise.acquire.download.client import make_client
from lotwise.config import Config
from lotwise.config.acquire import NetworkSettings
from lotwise.doctor.network import examine_network
from lotwise.errors import InputError

WRONG = "http://proxy.example.org:port"


def test_make_client__names_the_proxy_that_is_configured():
    with pytest.raises(InputError, match=r"^network.proxy 'http://proxy.*:port' cannot be used"):
        make_client(NetworkSettings(proxy=WRONG))


def test_make_client__names_the_environment(monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, WRONG)
    with pytest.raises(InputError, match="the proxy of the environment cannot be used"):
        make_client(NetworkSettings())


def test_examine_network__an_address_that_is_none():
    urls = {"geo": "http://localhost:port/geo"}
    acquire = {"accession": "GSE1", "route": "deposited", "urls": urls}
    (found,) = examine_network(Config(source="accession", acquire=acquire), timeout=1)
    assert (found.state, found.subject) == ("missing", "geo")
    assert found.found.startswith("http://localhost:port/geo is not a valid address (")
