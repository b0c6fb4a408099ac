"""Whether the doctor tells an archive that answers from one that does not, over real sockets."""

from __future__ import annotations

import socket
import time

from archive_server import always, never
from geo_site import base_urls

from lotwise.config import Config
from lotwise.doctor.network import examine_network


def config_for(urls, **network):
    acquire = {
        "accession": "GSE150969",
        "urls": urls,
        "network": network,
        "reference": {"source": "gencode", "release": "44"},
    }
    return Config(source="accession", acquire=acquire)


def states(config, timeout=20.0):
    return {found.subject: found.state for found in examine_network(config, timeout=timeout)}


def test_examine_network__answers_of_any_kind_but_an_error(server):
    found = states(config_for(base_urls(server.url)))
    assert found == dict.fromkeys(["geo", "ena_portal", "ena_fastq", "gencode"], "ok")


def only_failure(urls, timeout):
    found = examine_network(config_for(urls), timeout=timeout)
    (failed,) = (finding for finding in found if finding.state != "ok")
    assert (failed.subject, failed.state) == ("ena_fastq", "missing")
    assert "acquire.urls.ena_fastq" in failed.remedy
    return failed.found


def test_examine_network__an_archive_that_fails_is_named(site, server):
    site.add("/sra/vol1/run.fastq.gz", b"reads")
    server.plan = lambda path, n: "500" if path.startswith("/sra") else never(path, n)
    assert "responds with 500" in only_failure(base_urls(server.url), timeout=20)


def test_examine_network__a_host_that_refuses_is_named(server):
    urls = base_urls(server.url) | {"ena_fastq": "http://127.0.0.1:9"}
    assert "http://127.0.0.1:9 cannot be reached" in only_failure(urls, timeout=20)


def test_examine_network__silence_is_not_waited_for(server):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        start = time.monotonic()
        found = only_failure(base_urls(server.url) | {"ena_fastq": url}, timeout=2)
    assert found == f"{url} does not respond in time"
    assert time.monotonic() - start < 20


def test_examine_network__offline_is_said_and_nothing_asked(server):
    server.plan = always("500")
    (found,) = examine_network(config_for(base_urls(server.url), offline=True), timeout=1)
    assert (found.state, "offline" in found.found) == ("unused", True)
