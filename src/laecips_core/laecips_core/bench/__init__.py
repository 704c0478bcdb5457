"""Speed measurements of the parts, one `run` a module."""
