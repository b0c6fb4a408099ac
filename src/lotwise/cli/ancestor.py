"""A command that Snakemake started ends with Snakemake, also where that was killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Final

from lotwise.files.process import has_ended

ENDS_WITH: Final = "LOTWISE_ENDS_WITH"
"""In the environment: the Snakemake that the rules run under, as ``name_process`` names it."""

_EACH_SECONDS: Final = 0.5


def end_with_ancestor() -> None:
    """Watch the process that ``LOTWISE_ENDS_WITH`` names, and terminate when it is gone.

    A Snakemake that is killed (SIGKILL) cannot end its jobs, which would go on writing while the
    next one runs. A process of another machine or container is not watched.
    """
    named = os.environ.get(ENDS_WITH)
    if named is not None:
        threading.Thread(target=_watch, args=(named,), daemon=True).start()


def _watch(process: str) -> None:
    while not has_ended(process):
        time.sleep(_EACH_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
