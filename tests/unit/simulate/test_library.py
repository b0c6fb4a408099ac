import numpy as np
import pytest

from lotwise.errors import InputError
from lotwise.simulate import Library, make_library


def test_effective_lengths__counts_the_places_of_a_fragment():
    library = Library(n_fragments=1, fragment_length=200, fragment_sd=30, read_length=50)
    lengths = np.array([60, 150, 200, 1_000, 5_000])
    cdf = library.fragment_cdf
    probability = np.diff(cdf, prepend=0.0)
    for length, effective in zip(lengths, library.effective_lengths(lengths), strict=True):
        fits = np.arange(min(length, cdf.size - 1) + 1)
        mean = (probability[fits] * (length - fits + 1)).sum() / probability[fits].sum()
        assert effective == pytest.approx(mean)


def test_effective_lengths__where_no_fragment_fits_it_is_one():
    library = Library(n_fragments=1, read_length=100)
    assert library.effective_lengths(np.array([99])).tolist() == [1.0]


def test_yields__degraded_rna_makes_long_isoforms_yield_no_more_than_short_ones():
    lengths = np.array([3_000, 6_000])
    sound = make_library("sound", n_fragments=10).yields(lengths)
    degraded = make_library("degraded", n_fragments=10).yields(lengths)
    assert sound[1] / sound[0] > 2
    assert degraded[1] / degraded[0] == pytest.approx(1, abs=1e-3)


def test_make_library__faults_take_reads_away():
    depth = {k: make_library(k, n_fragments=200_000).n_fragments for k in ("sound", "failed")}
    assert depth == {"sound": 200_000, "failed": 3_000}
    assert make_library("shallow", n_fragments=200_000).n_fragments == 20_000


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"n_fragments": 0}, "n_fragments must be >= 1, got 0"),
        ({"error_rate": 1.5}, "error_rate and background must be in"),
        ({"fragment_length": 50.0}, "fragment_length must be >= read_length >= 1"),
        ({"fragment_sd": 0.0}, "fragment_sd and reach must be > 0"),
    ],
)
def test_library__refuses(fields, words):
    with pytest.raises(InputError, match=words):
        Library(**{"n_fragments": 10, **fields})
