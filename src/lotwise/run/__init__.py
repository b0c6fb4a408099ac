"""The work of each command and rule: the steps, the evidence, the replay of a run."""
