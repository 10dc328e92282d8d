"""Plugins that come with the platform."""
