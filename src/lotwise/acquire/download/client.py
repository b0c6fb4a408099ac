"""The HTTP client of downloads: time-outs, proxies, certificates."""

from __future__ import annotations

import os
import ssl
from typing import Final

import httpcore
import httpx

from lotwise.acquire.download.source import without_login
from lotwise.config.acquire import NetworkSettings
from lotwise.errors import InputError

_REDIRECTS: Final = 10
_READ: Final = 1 << 18


def make_client(network: NetworkSettings) -> httpx.Client:
    """Return the client; certificates and proxies of the environment are used.

    Raises
    ------
    InputError
        The certificates cannot be read, or the proxy is invalid.
    """
    # The default of 64 KiB per read halves the throughput of a fast line (benchmarks/download.py).
    httpcore.HTTP11Connection.READ_NUM_BYTES = _READ
    verify: ssl.SSLContext | bool = True
    try:
        if network.ca_bundle is not None:
            verify = ssl.create_default_context(cafile=network.ca_bundle)
        return httpx.Client(
            verify=verify,
            proxy=network.proxy,
            follow_redirects=True,
            max_redirects=_REDIRECTS,
            timeout=httpx.Timeout(network.read_timeout, connect=network.connect_timeout, pool=None),
            headers={"User-Agent": "lotwise"},
        )
    except OSError as error:
        raise InputError(
            f"cannot be read as certificates ({error.strerror or error})",
            path=network.ca_bundle or os.environ.get("SSL_CERT_FILE"),
            remedy="set 'ca_bundle' or 'SSL_CERT_FILE' to a PEM file",
        ) from error
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        came = (
            f"network.proxy {without_login(network.proxy)[0]!r}"
            if network.proxy
            else "the proxy of the environment"
        )
        raise InputError(
            f"{came} cannot be used ({_words(error)})",
            remedy="set 'HTTPS_PROXY' or 'network.proxy' to http://HOST:PORT",
        ) from error


def _words(error: Exception) -> str:
    # Invalid addresses may contain a password, and libraries quote them.
    return "it is not a valid address" if "@" in str(error) else str(error)
