"""End a command that Snakemake started when that Snakemake has ended, also if it was killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Final

from lotwise.files.process import has_ended

ENDS_WITH: Final = "LOTWISE_ENDS_WITH"
"""Environment variable: the Snakemake that runs the rules, in the form of ``name_process``."""

_EACH_SECONDS: Final = 0.5


def end_with_ancestor() -> None:
    """Watch the process named by ``LOTWISE_ENDS_WITH``; terminate when it has ended.

    A Snakemake that is killed (SIGKILL) cannot end its jobs, which would continue to write during
    the next run. A process on another machine or in another container is not watched.
    """
    named = os.environ.get(ENDS_WITH)
    if named is not None:
        threading.Thread(target=_watch, args=(named,), daemon=True).start()


def _watch(process: str) -> None:
    while not has_ended(process):
        time.sleep(_EACH_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
