"""Versions of what lotwise writes, part by part: raise one where the same input gives another file.

Reading all FASTQ again takes hours. It must not happen for a release that changed a figure.
"""

from __future__ import annotations

from typing import Final

FETCHED: Final = 1
"""Of the reference that `lotwise fetch` writes."""

CHECKED: Final = 1
"""Of ``intake/SAMPLE.tsv``."""

GENOTYPED: Final = 1
"""Of ``genotype/``: bases counted in the reads of each sample."""

QUANTIFIED: Final = 1
"""Of indexes, of how a quantifier is called, and of what is kept beside its output."""
