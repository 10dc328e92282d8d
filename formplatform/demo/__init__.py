"""The demonstration: a real study goes through the whole platform, and every number is checked."""
