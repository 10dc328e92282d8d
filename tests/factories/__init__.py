"""Factories of domain objects."""
