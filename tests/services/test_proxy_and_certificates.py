"""Proxies and certificates: respected where configured, refused in one line where not."""

from __future__ import annotations

import socket
import ssl
import subprocess

import pytest
from archive_server import ArchiveServer
from proxy_server import ProxyServer

from lotwise.acquire.download.fetch import Downloader, Source
from lotwise.acquire.download.retry import DownloadError
from lotwise.config.acquire import AcquireSettings, NetworkSettings
from lotwise.errors import EXIT_SURROUNDINGS, InputError

BODY = b"a table\n"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
# Known to no name server (RFC 2606): only the proxy can lead there.
HOST = "archive.invalid"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="session")
def authority(tmp_path_factory, require):
    """A certificate authority of our own and what it signed for HOST and localhost."""
    require("openssl")
    folder = tmp_path_factory.mktemp("authority")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
            "-subj", "/CN=An authority of our own")  # fmt: skip
    openssl("req", *curve, "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={HOST}")
    (folder / "names").write_text(f"subjectAltName=DNS:{HOST},DNS:localhost")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-out", "server.pem", "-days", "2", "-extfile", "names")  # fmt: skip
    return folder


@pytest.fixture
def secure(site, authority):
    """The server of files, over TLS with a certificate of the authority."""
    site.add("/a.txt", BODY)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "server.pem", authority / "server.key")
    with ArchiveServer(site, tls=context) as running:
        yield running


def fetch(root, url, **network):
    with Downloader(root, network=NetworkSettings(backoff=0, attempts=3, **network)) as downloader:
        return downloader.fetch(Source(url, "a.txt")).read_bytes()


@pytest.mark.parametrize("by", ["configuration", "environment"])
def test_fetch__through_a_proxy(by, site, server, tmp_path, monkeypatch):
    site.add("/a.txt", BODY)
    with ProxyServer({HOST: server.port}) as proxy:
        settings = {"proxy": proxy.url} if by == "configuration" else {}
        if by == "environment":
            monkeypatch.setenv("http_proxy", proxy.url)
        assert fetch(tmp_path, f"http://{HOST}/a.txt", **settings) == BODY
    assert proxy.asked == [f"GET http://{HOST}/a.txt"]


def test_fetch__not_through_the_proxy_where_the_environment_says_so(
    site, server, tmp_path, monkeypatch
):
    site.add("/a.txt", BODY)
    with ProxyServer({}) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert fetch(tmp_path, f"{server.url}/a.txt") == BODY
    assert proxy.asked == []


@pytest.mark.parametrize("by", ["configuration", "environment"])
def test_fetch__https_through_a_tunnel(by, secure, authority, tmp_path, monkeypatch):
    with ProxyServer({HOST: secure.port}) as proxy:
        settings = {"proxy": proxy.url, "ca_bundle": authority / "ca.pem"}
        if by == "environment":
            monkeypatch.setenv("https_proxy", settings.pop("proxy"))
            monkeypatch.setenv("SSL_CERT_FILE", str(settings.pop("ca_bundle")))
        assert fetch(tmp_path, f"https://{HOST}/a.txt", **settings) == BODY
    assert proxy.asked == [f"CONNECT {HOST}:443"]


def test_fetch__proxy_that_asks_for_a_password(secure, authority, tmp_path):
    bundle = {"ca_bundle": authority / "ca.pem"}
    with ProxyServer({HOST: secure.port}, login="me:secret") as proxy:
        with pytest.raises(
            DownloadError, match=r"the proxy refused the request \(407 Proxy Auth"
        ) as caught:
            fetch(tmp_path, f"https://{HOST}/a.txt", proxy=proxy.url, **bundle)
        assert caught.value.exit_code == EXIT_SURROUNDINGS
        assert len(proxy.asked) == 1, "a proxy that refuses is not asked again"
        with_password = proxy.url.replace("//", "//me:secret@")
        assert fetch(tmp_path, f"https://{HOST}/a.txt", proxy=with_password, **bundle) == BODY


def test_fetch__proxy_that_is_not_there(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(DownloadError, match=r"no connection \(.*refused.*after 3 attempts"):
            fetch(tmp_path, f"http://{HOST}/a.txt", proxy=proxy)


def test_fetch__authority_that_is_not_trusted(secure, tmp_path):
    url = f"https://localhost:{secure.port}/a.txt"
    with pytest.raises(
        DownloadError,
        match=r"server's certificate is not trusted .*set 'ca_bundle' or 'SSL_CERT_FILE",
    ) as caught:
        fetch(tmp_path, url)
    assert caught.value.exit_code == EXIT_SURROUNDINGS
    assert "\n" not in str(caught.value)
    assert "attempts" not in str(caught.value), "another attempt would see the same certificate"
    assert not (tmp_path / "a.txt").exists()
    assert not secure.requests


def test_fetch__certificate_of_another_host(secure, authority, tmp_path):
    with pytest.raises(DownloadError, match=r"is not trusted .*127\.0\.0\.1"):
        fetch(
            tmp_path,
            f"https://127.0.0.1:{secure.port}/a.txt",
            ca_bundle=authority / "ca.pem",
        )


def test_fetch__unprotected_redirect_is_not_followed(secure, server, authority, tmp_path):
    secure.site.add("/b.txt", BODY)
    secure.plan = lambda path, _n: "downgrade" if path == "/a.txt" else None
    secure.elsewhere = f"{server.url}/b.txt"
    with pytest.raises(DownloadError, match=r"was redirected to an unencrypted address, http://"):
        fetch(
            tmp_path,
            f"https://localhost:{secure.port}/a.txt",
            ca_bundle=authority / "ca.pem",
        )
    assert not (tmp_path / "a.txt").exists()


def test_fetch__unprotected_hop_on_the_way_is_not_followed(secure, server, authority, tmp_path):
    """From https through http back to https: whoever stands there can lead elsewhere."""
    secure.site.add("/b.txt", BODY)
    server.site.add("/hop", b"")
    server.plan = lambda path, _n: "downgrade" if path == "/hop" else None
    server.elsewhere = f"https://localhost:{secure.port}/b.txt"
    secure.plan = lambda path, _n: "downgrade" if path == "/a.txt" else None
    secure.elsewhere = f"{server.url}/hop"
    source = Source(f"https://localhost:{secure.port}/a.txt", "a.txt")
    network = NetworkSettings(ca_bundle=authority / "ca.pem", attempts=1)
    with Downloader(tmp_path, network=network) as downloader:
        with pytest.raises(
            DownloadError, match=r"was redirected to an unencrypted address, http://.*/hop"
        ):
            downloader.fetch(source)
        assert downloader.sizes([source])["a.txt"].startswith(
            "was redirected to an unencrypted address"
        )
    assert not (tmp_path / "a.txt").exists()


@pytest.mark.parametrize("content", [None, "no certificate"])
@pytest.mark.parametrize("by", ["configuration", "environment"])
def test_fetch__bundle_that_is_none(by, content, tmp_path, monkeypatch):
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    settings = {"ca_bundle": bundle} if by == "configuration" else {}
    if by == "environment":
        monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with pytest.raises(InputError, match=r"bundle\.pem: cannot be read as certificates \(.+\); s"):
        fetch(tmp_path / "d", "https://localhost:1/a.txt", **settings)


def test_fetch__proxy_that_cannot_be_used(tmp_path, monkeypatch):
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:1")
    with pytest.raises(InputError, match=r"the proxy of the environment cannot be used \("):
        fetch(tmp_path, f"https://{HOST}/a.txt")
    with pytest.raises(ValueError, match=r"proxy"):
        AcquireSettings.model_validate({"network": {"proxy": "127.0.0.1:3128"}})
