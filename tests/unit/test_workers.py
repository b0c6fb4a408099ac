"""Threads that share out work."""

from __future__ import annotations

import threading
import time

import pytest

from lotwise.workers import in_threads, limit_threads, n_cores, n_threads


@pytest.mark.parametrize("n", [1, 3])
def test_in_threads__results_come_in_the_order_of_the_items(n):
    def slowest_first(item):
        time.sleep(0.02 / (item + 1))
        return item

    with limit_threads(n):
        assert list(in_threads(slowest_first, range(8))) == list(range(8))


def test_in_threads__uses_no_more_threads_than_the_limit():
    with limit_threads(2):
        names = set(in_threads(lambda _: threading.current_thread().name, range(50)))
    assert 1 <= len(names) <= 2
    with limit_threads(1):
        found = set(in_threads(lambda _: threading.current_thread(), range(5)))
    assert found == {threading.current_thread()}


def test_in_threads__an_error_reaches_the_caller_and_the_rest_is_left():
    done = []

    def work(item):
        if item == 1:
            msg = "no such sample"
            raise ValueError(msg)
        time.sleep(0.01)
        done.append(item)

    with limit_threads(2), pytest.raises(ValueError, match="no such sample"):
        list(in_threads(work, range(500)))
    assert len(done) < 100


def test_n_threads__takes_the_limit_then_the_variable_then_the_cores(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert n_threads() == n_cores()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert n_threads() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "9999")
    assert n_threads() == n_cores()
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert n_threads() == n_cores()
    with limit_threads(7):
        assert n_threads() == 7
        with limit_threads(None):
            assert n_threads() == 7
