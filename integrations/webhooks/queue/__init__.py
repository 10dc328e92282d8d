"""What is due, in which order and how fast: one row per endpoint."""
