"""Fusion: giving nameless masks the edge model's classes (Eq. 1)."""
