"""Panels fit into the memory; amounts of memory are parsed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwise.errors import InputError
from lotwise.outofcore.plan import make_plan, parse_memory


@given(st.integers(1, 200_000), st.integers(2, 200_000), st.integers(500 * 10**6, 10**11))
def test_make_plan__fits_and_covers(n_samples, n_features, memory):
    plan = make_plan(n_samples, n_features, memory=memory)
    starts = plan.starts(n_samples)
    assert starts[-1] < n_samples <= starts[-1] + plan.panel
    # While panels are multiplied: a panel and three strips of float32, a square of results, and a
    # strip of products in both precisions.
    held = 4 * n_features * (plan.panel + 3 * plan.strip) + 4 * plan.panel**2
    assert held + 28 * plan.panel * plan.strip < memory
    # Before that, while panels are prepared: what was read, and the same amount of results.
    assert 2 * plan.read_bytes < memory
    # Blosc can compress a chunk of the result, and blocks are written as whole chunks.
    assert plan.chunk**2 * 4 < 2**31 - 1
    assert plan.n_panels(n_samples) == 1 or plan.panel % plan.chunk == 0


def test_make_plan__takes_all_at_once_where_there_is_room():
    assert make_plan(100, 1000, memory=10**9).panel == 100


def test_make_plan__cuts_a_large_panel_into_whole_chunks():
    plan = make_plan(30_000, 2000, memory=8 * 10**9)
    assert (plan.panel, plan.chunk) == (30_000, 3750)
    several = make_plan(100_003, 2000, memory=4 * 10**9)
    assert several.n_panels(100_003) > 1
    assert several.panel > several.chunk
    assert several.panel % several.chunk == 0


def test_make_plan__leaves_no_small_rest():
    plan = make_plan(10_000, 60_000, memory=10**9)
    rest = 10_000 - plan.panel * (plan.n_panels(10_000) - 1)
    assert plan.panel - rest < plan.n_panels(10_000)


def test_make_plan__says_what_is_needed():
    with pytest.raises(
        InputError, match=r"60,000 features need 0\.\d+ GB of memory, but 0\.3 GB are"
    ):
        make_plan(10, 60_000, memory=300 * 10**6)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("2GB", 2 * 10**9), ("800 mb", 8 * 10**8), ("1.5GiB", 1610612736), ("5000000000", 5 * 10**9)],
)
def test_parse_memory__reads_units(text, amount):
    assert parse_memory(text) == amount


@pytest.mark.parametrize("text", ["", "lots", "2 cows", "GB", "1.2.3GB", "0GB", "3iB", "-2GB"])
def test_parse_memory__refuses_what_is_none(text):
    with pytest.raises(InputError, match="is not an amount of memory; write it like '2GB'"):
        parse_memory(text)
