"""Addresses of GEO's files."""

from __future__ import annotations

import pytest

from lotwise.acquire.geo.layout import (
    ListedFile,
    matrix_sources,
    ncbi_tpm_source,
    read_file_list,
    supplementary_source,
    with_listed_size,
)
from lotwise.config.acquire import BaseUrls
from lotwise.errors import InputError

URLS = BaseUrls(geo="https://mirror.example/geo/", geo_download="https://mirror.example/dl")


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (
            "ftp://ftp.ncbi.nlm.nih.gov/geo/series/GSE52nnn/GSE52778/suppl/GSE52778_a.txt.gz",
            "https://mirror.example/geo/series/GSE52nnn/GSE52778/suppl/GSE52778_a.txt.gz",
        ),
        (
            "ftp://ftp.ncbi.nlm.nih.gov/pub/geo/DATA/supplementary/series/GSE52778/GSE52778_a.gz",
            "https://mirror.example/geo/series/GSE52nnn/GSE52778/suppl/GSE52778_a.gz",
        ),
        (
            "ftp://ftp.ncbi.nlm.nih.gov/geo/samples/GSM1nnn/GSM1001/suppl/GSM1001_b%231.txt.gz",
            "https://mirror.example/geo/samples/GSM1nnn/GSM1001/suppl/GSM1001_b%231.txt.gz",
        ),
    ],
)
def test_supplementary_source__present_place(address, url):
    assert supplementary_source("GSE52778", address, URLS).url == url


@pytest.mark.parametrize(
    "address",
    [
        "ftp://ftp-trace.ncbi.nlm.nih.gov/sra/sra-instant/reads/ByStudy/sra/SRP/SRP033/SRP033351",
        "https://evil.example/geo/series/GSE52nnn/GSE52778/suppl/%2e%2e%2fpasswd",
        "https://evil.example/geo/series/../../suppl/x",
    ],
)
def test_supplementary_source__refused(address):
    with pytest.raises(InputError, match=r"is not an address of a GEO file|is not a plain name"):
        supplementary_source("GSE52778", address, URLS)


def test_read_file_list__names_and_sizes(tmp_path):
    path = tmp_path / "filelist.txt"
    path.write_text(
        "#Archive/File\tName\tTime\tSize\tType\n"
        "Archive\tGSE7_RAW.tar\t01/15/2019 12:55:11\t61061120\tTAR\n"
        "File\tGSM1_a.genes.results.gz\t01/14/2019 14:53:56\t14793\tRESULTS\n"
    )
    files = read_file_list(path)
    assert files[0] == ListedFile("GSE7_RAW.tar", 61061120, in_archive=False)
    source = supplementary_source("GSE7", "ftp://x/geo/series/GSEnnn/GSE7/suppl/GSE7_RAW.tar", URLS)
    assert with_listed_size(source, files).integrity.size == 61061120


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("File\t../../x.txt\t1\t5\tTXT", r"'../../x.txt' is not a plain name"),
        ("File\ta.txt\t1\tmany\tTXT", r"row 1: .* is not a row of a file list"),
        ("<html>", r"is not a row of a file list"),
    ],
)
def test_read_file_list__refused(row, words, tmp_path):
    path = tmp_path / "filelist.txt"
    path.write_text(row + "\n")
    with pytest.raises(InputError, match=words):
        read_file_list(path)


def test_matrix_sources__one_a_platform():
    listing = (
        '<a href="../">..</a><a href="GSE7-GPL1_series_matrix.txt.gz">x</a>'
        '<a href="GSE7-GPL2_series_matrix.txt.gz">x</a><a href="GSE77_series_matrix.txt.gz">x</a>'
        '<a href="GSE7-../../x_series_matrix.txt.gz">x</a>'
    )
    assert [source.path for source in matrix_sources("GSE7", listing, URLS)] == [
        "geo/GSE7/GSE7-GPL1_series_matrix.txt.gz",
        "geo/GSE7/GSE7-GPL2_series_matrix.txt.gz",
    ]


def test_ncbi_tpm_source__found_or_none():
    link = (
        '<a href="/geo/download/?type=rnaseq_counts&amp;acc=GSE7&amp;format=file&amp;'
        'file=GSE7_norm_counts_{}_GRCh38.p13_NCBI.tsv.gz">'
    )
    source = ncbi_tpm_source("GSE7", link.format("FPKM") + link.format("TPM"), URLS)
    assert source.path == "geo/GSE7/GSE7_norm_counts_TPM_GRCh38.p13_NCBI.tsv.gz"
    assert source.url.startswith("https://mirror.example/dl/?type=rnaseq_counts&acc=GSE7&")
    assert ncbi_tpm_source("GSE7", link.format("FPKM"), URLS) is None
    assert ncbi_tpm_source("GSE8", link.format("TPM"), URLS) is None
