"""Stand-ins for what the platform talks to."""
