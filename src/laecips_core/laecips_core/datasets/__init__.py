"""Data sets: annotated frames in chronological order, by name."""
