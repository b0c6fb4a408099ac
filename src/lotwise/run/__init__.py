"""What each command and rule does: the steps, the evidence, the replay of a run."""
