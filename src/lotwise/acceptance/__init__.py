"""Acceptance criteria, written before the results, and the verdict from them."""

from lotwise.acceptance.check import CheckedVerdict, check_verdict, read_verdict
from lotwise.acceptance.criteria import BETWEEN_BATCHES, Criteria, Criterion, Need
from lotwise.acceptance.files import (
    SHIPPED,
    CriteriaFile,
    parse_criteria,
    path_of_criteria,
    read_criteria,
)
from lotwise.acceptance.judgement import outcome_over_all
from lotwise.acceptance.measure import Measure
from lotwise.acceptance.reading import TablesInMemory
from lotwise.acceptance.record import (
    forget_verdict,
    log_titration,
    recorded_criteria,
    register_criteria,
    registration_of,
    require_tables,
    why_no_titration,
    write_verdict,
)
from lotwise.acceptance.verdict import CriterionRecord, Verdict, judge, judge_tables

__all__ = [
    "BETWEEN_BATCHES",
    "SHIPPED",
    "CheckedVerdict",
    "Criteria",
    "CriteriaFile",
    "Criterion",
    "CriterionRecord",
    "Measure",
    "Need",
    "TablesInMemory",
    "Verdict",
    "check_verdict",
    "forget_verdict",
    "judge",
    "judge_tables",
    "log_titration",
    "outcome_over_all",
    "parse_criteria",
    "path_of_criteria",
    "read_criteria",
    "read_verdict",
    "recorded_criteria",
    "register_criteria",
    "registration_of",
    "require_tables",
    "why_no_titration",
    "write_verdict",
]
