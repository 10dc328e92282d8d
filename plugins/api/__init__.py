"""Plugins over HTTP, for staff."""
