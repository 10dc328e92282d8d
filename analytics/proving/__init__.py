"""Holding the numbers to the form store, and mending what differs."""
