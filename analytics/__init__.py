"""Numbers: live metrics and queries over responses."""
