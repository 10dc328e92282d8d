"""The cache over HTTP, for staff."""
