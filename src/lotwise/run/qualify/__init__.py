"""Qualification of an installation: is it the one that was released, and does it find the truth."""

from lotwise.run.qualify.case import Case
from lotwise.run.qualify.qualification import Qualification, qualify, write_qualification

__all__ = ["Case", "Qualification", "qualify", "write_qualification"]
