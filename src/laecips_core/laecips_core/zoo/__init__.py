"""Which models can be chosen by name, and where their official weights come from."""
