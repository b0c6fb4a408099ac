"""The report: one self-contained page that opens on the answer."""

from lotwise.report.page import write_report

__all__ = ["write_report"]
