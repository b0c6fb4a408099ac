"""The evidence of a run: every table and figure that the configuration asks for, in one go."""

from lotwise.dossier.figures import draw_evidence
from lotwise.dossier.statistics import gather_evidence

__all__ = ["draw_evidence", "gather_evidence"]
