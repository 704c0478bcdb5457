"""Weights on their way: encoding, files, checks, held versions and chunked transfer."""
