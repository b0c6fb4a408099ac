"""Every reader of foreign bytes, fed with what hypothesis makes of sound and of random ones.

No exception but lotwise's own, and no case over a second.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import time
import warnings
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lotwise.acquire.archive import extract
from lotwise.acquire.columns import read_table
from lotwise.acquire.download.integrity import DamagedError, check_content, error_page_title
from lotwise.acquire.download.manifest import Manifest
from lotwise.acquire.download.retry import seconds_to_wait
from lotwise.acquire.ena import FIELDS, read_report
from lotwise.acquire.geo.layout import matrix_sources, ncbi_tpm_source, read_file_list
from lotwise.acquire.geo.matrix import read_matrix
from lotwise.acquire.geo.soft import read_soft
from lotwise.acquire.reference import read_checksums
from lotwise.config import read_config
from lotwise.config.acquire import BaseUrls
from lotwise.errors import LotwiseError
from lotwise.expression.formats import read_abundance
from lotwise.expression.transcripts import read_transcript_map
from lotwise.files.panels import read_gene_sets, read_panel
from lotwise.samples import read_samples

pytestmark = pytest.mark.fault

N_CASES = 60
SECONDS = 1.0


def tar(names=("a.txt", "b.txt")):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 5
            archive.addfile(member, io.BytesIO(b"hello"))
    return out.getvalue()


ROW = {
    "run_accession": "SRR1", "experiment_accession": "SRX1", "sample_accession": "SAMN1",
    "study_accession": "SRP1", "sample_title": "t", "library_layout": "SINGLE",
    "library_strategy": "RNA-Seq", "read_count": "5", "fastq_ftp": "h/v/SRR1.fastq.gz",
    "fastq_bytes": "7", "fastq_md5": "a" * 32,
}  # fmt: skip
REPORT = "\t".join(FIELDS) + "\n" + "\t".join(ROW.get(name, "") for name in FIELDS) + "\n"
SOFT = (
    "^DATABASE = G\n!Database_name = G\n^SERIES = GSE7\n!Series_title = x\n"
    "!Series_geo_accession = GSE7\n!Series_sample_id = GSM1\n^SAMPLE = GSM1\n"
    "!Sample_title = a\n!Sample_geo_accession = GSM1\n"
)
MATRIX = (
    '!Series_title\t"x"\n!Series_geo_accession\t"GSE7"\n!Series_sample_id\t"GSM1 "\n'
    '!Sample_title\t"a"\n!Sample_geo_accession\t"GSM1"\n!series_matrix_table_begin\n"ID"\n'
)
SALMON = "Name\tLength\tEffectiveLength\tTPM\tNumReads\nt1\t900\t700\t1000000\t5\n"
GTF = 'c\ts\ttranscript\t1\t9\t.\t+\t.\tgene_id "g1"; transcript_id "t1"; gene_name "A";\n'
URLS = BaseUrls()

# Name of the file, a sound body, and what reads it.
READERS = {
    "ENA's report": ("a.tsv", REPORT, read_report),
    "SOFT": ("a.soft", SOFT, lambda path: read_soft(path, "GSE7")),
    "packed SOFT": ("a.soft.gz", gzip.compress(SOFT.encode()), lambda p: read_soft(p, "GSE7")),
    "series matrix": ("a.txt", MATRIX, lambda path: read_matrix([path], "GSE7")),
    "file list": ("f.txt", "#x\nFile\ta.txt\tt\t5\tTXT\n", read_file_list),
    "listing": ("l.html", '<a href="GSE7_series_matrix.txt.gz">',
                lambda p: matrix_sources("GSE7", p.read_text("utf-8", "replace"), URLS)),
    "NCBI's page": ("n.html", '<a href="?x&amp;file=GSE7_norm_counts_TPM_a.tsv.gz">',
                    lambda p: ncbi_tpm_source("GSE7", p.read_text("utf-8", "replace"), URLS)),
    "checksums": ("MD5SUMS", "a" * 32 + "  a.gz\n 123 4 b.gz\n", read_checksums),
    "web page": ("a.txt", "<!-- x --><html><title>t</title>", error_page_title),
    "gzip": ("a.gz", gzip.compress(b"hello" * 50), lambda path: check_content(path, path.name)),
    "tar": ("a.tar", tar(), lambda path: extract(path, path.parent / "out")),
    "deposited table": ("a_gene_tpm.tsv", "gene\ta\tb\ng1\t1\t2\ng2\t3.5\t4\n", read_table),
    "manifest": ("manifest.tsv", "path\turl\tsize\tchecksum\tmodified_ns\ttime\na\tb\t1\tx\t2\t3\n",
                 lambda path: Manifest(path.parent).read()),
    "Retry-After": ("r", "Wed, 21 Oct 2026 07:28:00 GMT",
                    lambda path: seconds_to_wait(path.read_text("latin-1"))),
    "sample sheet": ("s.tsv", "sample\tbatch\tquant\nA\tx\tA.sf\n", read_samples),
    "configuration": ("c.yaml", "levels: [gene]\nreads: {threads: 2}\n", read_config),
    "panel": ("p.yaml", "name: x\nfeatures: [{symbol: A, expected: present}]\n", read_panel),
    "gene sets": ("g.gmt", "set\td\tA\tB\n", read_gene_sets),
    "salmon": ("quant.sf", SALMON, read_abundance),
    "packed salmon": ("quant.sf.gz", gzip.compress(SALMON.encode()), read_abundance),
    "annotation": ("a.gtf", GTF, read_transcript_map),
}  # fmt: skip

NASTY = (b"\x00", b"\xff", b"\n", b"\t", b"\r", b'"', b"<!--", b"-->", b"9" * 400, b"-1", b"nan",
         b"\xef\xbb\xbf", b"^", b"!", b"=", b"{", b"[" * 30, b"_" * 3000, b" " * 3000,
         b"\x1b[2J", b"\xb2", b"1e999", b"../")  # fmt: skip


@st.composite
def spoilt(draw, sound):
    """Bytes near a sound file: cut, repeated, with foreign bytes put in; or quite random ones."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.binary(max_size=600))
    body = sound
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(body)))
        to = min(len(body), at + draw(st.integers(0, 40)))
        put = draw(st.sampled_from(NASTY) | st.binary(max_size=8) | st.just(body[at:to] * 3))
        body = body[:at] + put + body[to:]
    return body[: draw(st.integers(0, len(body)))] if draw(st.booleans()) else body


@pytest.mark.parametrize("reader", READERS)
def test_reader__no_exception_but_ours_and_no_case_over_a_second(reader, tmp_path, record_property):
    record_property("faults", N_CASES)
    name, sound, read = READERS[reader]
    sound = sound.encode() if isinstance(sound, str) else sound
    path = tmp_path / name
    path.write_bytes(sound)
    read(path)

    @settings(
        max_examples=N_CASES, derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(spoilt(sound))
    def feed(body):
        path.write_bytes(body)
        start = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with suppress(LotwiseError, DamagedError):
                read(path)
        assert time.process_time() - start < SECONDS

    feed()
