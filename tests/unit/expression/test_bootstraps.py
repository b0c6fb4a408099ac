import gzip

import numpy as np
import pytest

from lotwise.errors import InputError
from lotwise.expression.formats import read_abundance


@pytest.fixture
def quant(files):
    """One sample of salmon with three bootstraps, its transcripts in another order there."""
    path = files.salmon("quant.sf")
    folder = files.folder / "aux_info" / "bootstrap"
    folder.mkdir(parents=True)
    names = "\t".join(reversed(files.transcripts)) + "\n"
    (folder / "names.tsv.gz").write_bytes(gzip.compress(names.encode()))
    drawn = np.stack([files.counts[::-1] + number for number in range(3)])
    (folder / "bootstraps.gz").write_bytes(gzip.compress(drawn.astype("<f8").tobytes()))
    return path


def test_read_salmon_bootstraps__by_name(files, quant):
    drawn = read_abundance(quant, bootstraps=True)[1].bootstrap_counts
    expected = files.counts + np.arange(3)[:, None]
    np.testing.assert_allclose(drawn, expected, rtol=1e-6)
    assert read_abundance(quant)[1].bootstrap_counts is None


def test_read_salmon_bootstraps__none_were_made(files):
    quant = files.salmon("quant.sf")
    assert read_abundance(quant, bootstraps=True)[1].bootstrap_counts is None


def test_read_salmon_bootstraps__of_other_transcripts(quant):
    names = quant.parent / "aux_info" / "bootstrap" / "names.tsv.gz"
    names.write_bytes(gzip.compress(b"a\tb\n"))
    with pytest.raises(InputError, match=r"names\.tsv\.gz: has 2 transcripts, but quant.sf has 12"):
        read_abundance(quant, bootstraps=True)


def test_read_salmon_bootstraps__cut_off(quant):
    counts = quant.parent / "aux_info" / "bootstrap" / "bootstraps.gz"
    counts.write_bytes(gzip.compress(gzip.decompress(counts.read_bytes())[:-8]))
    with pytest.raises(InputError, match=r"bootstraps\.gz: has 280 bytes.* a multiple of 96"):
        read_abundance(quant, bootstraps=True)
