"""A local and a shared cache in front of slow answers, invalidated by tags."""
