"""From what is due to what came of it."""
