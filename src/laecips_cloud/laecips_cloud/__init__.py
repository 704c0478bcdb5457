"""The LAECIPS node on the server."""
