"""Tools: statistics on AnnData, written into it, as scanpy's ``tl`` does."""

from lotwise.tl.correlate import correlate
from lotwise.tl.culprits import culprits
from lotwise.tl.pairs import least_and_most_alike
from lotwise.tl.replicate_qc import replicate_qc

__all__ = ["correlate", "culprits", "least_and_most_alike", "replicate_qc"]
