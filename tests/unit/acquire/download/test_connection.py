"""Threads of a download, and interruptions at the worst moment."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lotwise.acquire.download.connection import Stop, run_each

pytestmark = pytest.mark.fault

# As if the signal arrived when the lock of a semaphore, an event or a condition was just taken.
INTERRUPTED = """
import sys, threading, time
from lotwise.acquire.download.connection import Stop, run_each

enter, n_calls = threading.Condition.__enter__, 0

def interrupted(self):
    global n_calls
    entered = enter(self)
    if threading.get_ident() == threading.main_thread().ident:
        n_calls += 1
        if n_calls == int(sys.argv[1]):
            raise KeyboardInterrupt
    return entered

threading.Condition.__enter__ = interrupted
stop = Stop()
try:
    run_each([lambda: time.sleep(0.3)], n_threads=1, stop=stop)
except KeyboardInterrupt:
    pass
print("ended")
"""


def test_run_each__outcomes_are_in_order_and_errors_among_them():
    def fail():
        raise ValueError("no")

    first, second, third = run_each([lambda: 1, fail, lambda: 3], n_threads=2, stop=Stop())
    assert (first, third) == (1, 3)
    assert isinstance(second, ValueError)


@pytest.mark.parametrize("at_call", range(1, 6))
def test_run_each__an_interruption_that_leaves_a_lock_held_does_not_hang(at_call):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(at_call)],
        capture_output=True, text=True, timeout=20, check=True,
    )  # fmt: skip
    assert done.stdout == "ended\n"
