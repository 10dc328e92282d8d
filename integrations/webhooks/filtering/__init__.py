"""Which endpoints want which events."""
