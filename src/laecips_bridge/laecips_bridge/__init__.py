"""The LAECIPS bridge between the DDS domains of robot and server."""
