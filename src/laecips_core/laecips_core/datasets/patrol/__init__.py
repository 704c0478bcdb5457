"""The patrol: a procedural, seeded, drifting world with exact labels."""
