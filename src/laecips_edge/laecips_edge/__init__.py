"""The LAECIPS node on the robot."""
