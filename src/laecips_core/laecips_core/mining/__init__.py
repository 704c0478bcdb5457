"""Hard input miners h (Eq. 2)."""
