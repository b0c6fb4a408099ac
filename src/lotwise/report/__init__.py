"""The report: one self-contained page that starts with the answer."""

from lotwise.report.page import observations, write_report

__all__ = ["observations", "write_report"]
