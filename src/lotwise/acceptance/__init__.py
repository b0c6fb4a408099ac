"""Acceptance criteria, written before the results, and the verdict under them."""

from lotwise.acceptance.criteria import Criteria, Criterion, Measure, Need
from lotwise.acceptance.files import (
    SHIPPED,
    CriteriaFile,
    parse_criteria,
    path_of_criteria,
    read_criteria,
)

__all__ = [
    "SHIPPED",
    "Criteria",
    "CriteriaFile",
    "Criterion",
    "Measure",
    "Need",
    "parse_criteria",
    "path_of_criteria",
    "read_criteria",
]
