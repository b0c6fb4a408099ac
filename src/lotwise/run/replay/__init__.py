"""Repetition of a run's analysis from its record, and comparison with the recorded tables."""

from lotwise.run.replay.repeat import Replay, replay

__all__ = ["Replay", "replay"]
