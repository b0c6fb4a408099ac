"""Check whether each base address of the configuration responds."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import httpx

from lotwise.acquire.accession import kind_of
from lotwise.acquire.download.client import make_client
from lotwise.config import Config
from lotwise.doctor.finding import Finding

_SERVER_ERROR: Final = 500
_OF_GEO: Final = ("series", "geo_sample")


def examine_network(config: Config, *, timeout: float) -> Iterator[Finding]:
    """Check each base address from which the run downloads; any response other than an error is ok.

    Parameters
    ----------
    timeout
        Seconds to wait for an address; all are requested at once.
    """
    urls = needed_urls(config)
    if not urls:
        yield _unused("nothing is downloaded: the source is not an accession")
        return
    network = config.acquire.network
    if network.offline:
        yield _unused(
            "not checked (offline: true): required files must already be in the downloads folder"
        )
        return
    settings = network.model_copy(update={"connect_timeout": timeout, "read_timeout": timeout})
    with make_client(settings) as client, ThreadPoolExecutor(len(urls)) as pool:
        yield from pool.map(lambda named: _ask(client, *named), urls.items())


def needed_urls(config: Config) -> dict[str, str]:
    """Return the base addresses from which a run downloads, by their names in the configuration.

    Examples
    --------
    >>> list(needed_urls(Config(source="accession", acquire={"route": "ncbi"})))
    ['geo', 'geo_download']
    >>> list(needed_urls(Config(source="accession", acquire={"accession": "SRP033351"})))
    ['ena_portal', 'ena_fastq']
    """
    if config.source != "accession":
        return {}
    names = {
        "reads": ["geo", "ena_portal", "ena_fastq"],
        "deposited": ["geo"],
        "ncbi": ["geo", "geo_download"],
    }[config.acquire.route]
    accession = config.acquire.accession
    if accession and kind_of(accession) not in _OF_GEO:
        names.remove("geo")
    reference = config.acquire.reference
    if config.acquire.route == "reads" and reference and reference.source != "files":
        names.append(reference.source)
    return {name: getattr(config.acquire.urls, name) for name in names}


def _ask(client: httpx.Client, name: str, url: str) -> Finding:
    try:
        # Only the headers are needed: a listing can be long.
        with client.stream("GET", f"{url}/") as answer:
            status = answer.status_code
    except httpx.InvalidURL as error:
        found = f"{url} is not a valid address ({error})"
    except httpx.TimeoutException:
        found = f"{url} does not respond in time"
    except httpx.HTTPError as error:
        found = f"{url} cannot be reached ({error})"
    else:
        if status < _SERVER_ERROR:
            return Finding(check="network", subject=name, state="ok", found=f"{url} answers")
        found = f"{url} responds with {status}"
    return Finding(
        check="network",
        subject=name,
        state="missing",
        found=found,
        remedy=f"try again later, set network.proxy, or give a mirror in acquire.urls.{name}",
    )


def _unused(found: str) -> Finding:
    return Finding(check="network", subject="sources", state="unused", found=found)
