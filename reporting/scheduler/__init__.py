"""When reports are made, and by whom exactly once."""
