"""Forms, their versions and their responses."""
