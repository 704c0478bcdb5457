"""The paper's experiments, offline and in lockstep, through the same pipeline as the nodes."""
