"""The search patterns of lotwise's files, added before MultiQC reads the user's configuration."""

from __future__ import annotations

from typing import Any, Final

from lotwise.tree import PROVENANCE, VERDICT

# By name and by a word of the content, since other programs write a verdict.json too.
PATTERNS: Final[dict[str, dict[str, Any]]] = {
    "lotwise/pairs": {"fn": "*.pairs.tsv", "contents": "n_double_zero", "num_lines": 1},
    "lotwise/batch_pairs": {"fn": "*.batch_pairs.tsv", "contents": "n_double_zero", "num_lines": 1},
    "lotwise/pearson": {"fn": "*.pearson.tsv", "contents": "sample\t", "num_lines": 1},
    "lotwise/libraries": {"fn": "*.libraries.tsv", "contents": "share_of_median", "num_lines": 1},
    "lotwise/verdict": {"fn": VERDICT, "contents": "criteria_sha256"},
    "lotwise/provenance": {"fn": PROVENANCE, "contents": "record_format"},
}


def before_config() -> None:
    """Add the search patterns; the user's own are read later and take precedence."""
    from multiqc import config

    for name, pattern in PATTERNS.items():
        config.sp.setdefault(name, pattern)
