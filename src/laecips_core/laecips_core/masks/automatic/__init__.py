"""Masks of a whole image from a model that is asked with points."""
