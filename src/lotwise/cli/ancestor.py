"""End a command when the Snakemake process that started it has ended, even if it was killed."""

from __future__ import annotations

import os
from typing import Final

from lotwise.files.process import end_with

ENDS_WITH: Final = "LOTWISE_ENDS_WITH"
"""Environment variable that names the Snakemake process of the run (see ``name_process``)."""


def end_with_ancestor() -> None:
    """Terminate when the process named by ``LOTWISE_ENDS_WITH`` has ended.

    The jobs of a killed Snakemake would continue to write during the next run.
    """
    named = os.environ.get(ENDS_WITH)
    if named is not None:
        end_with(named)
