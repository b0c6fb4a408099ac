"""The samples of a run, and the sheet that lists them.

Uses the standard library only: the workflow imports it in every job.
"""

from lotwise.samples.sample import (
    FEATURE_COLUMN,
    KNOWN_COLUMNS,
    PHASES,
    READS_COLUMNS,
    REQUIRED_COLUMNS,
    TEXT_COLUMNS,
    Run,
    Sample,
    Strandedness,
    require_batches,
)
from lotwise.samples.sheet import read_samples
from lotwise.samples.spelling import refuse_two_spellings
from lotwise.samples.written import write_samples

__all__ = [
    "FEATURE_COLUMN",
    "KNOWN_COLUMNS",
    "PHASES",
    "READS_COLUMNS",
    "REQUIRED_COLUMNS",
    "TEXT_COLUMNS",
    "Run",
    "Sample",
    "Strandedness",
    "read_samples",
    "refuse_two_spellings",
    "require_batches",
    "write_samples",
]
