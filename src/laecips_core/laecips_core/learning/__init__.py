"""Training: pretraining, update rules, the release gate, and the replay buffer."""
