"""Version of each part of the output: raise it if the same input gives a different file.

A version per part avoids reading all FASTQ again, which takes hours, because a figure changed.
"""

from __future__ import annotations

from typing import Final

FETCHED: Final = 1
"""Version of the reference that `lotwise fetch` writes."""

CHECKED: Final = 1
"""Of ``intake/SAMPLE.tsv``."""

GENOTYPED: Final = 1
"""Of ``genotype/``: bases counted in the reads of each sample."""

QUANTIFIED: Final = 1
"""Version of indexes, of the calls of quantifiers, and of the files kept with their output."""
