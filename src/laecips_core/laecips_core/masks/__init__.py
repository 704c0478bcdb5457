"""Class-agnostic masks: their form, and what makes them."""
