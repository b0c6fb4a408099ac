"""Repeat the analysis of a run from its record, and hold the tables against the recorded ones."""

from lotwise.run.replay.repeat import Replay, replay

__all__ = ["Replay", "replay"]
