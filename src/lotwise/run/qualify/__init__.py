"""Qualification of an installation: is it unchanged since release, and are its results right?"""

from lotwise.run.qualify.case import Case
from lotwise.run.qualify.qualification import Qualification, qualify, write_qualification

__all__ = ["Case", "Qualification", "qualify", "write_qualification"]
