"""The live numbers in Redis: how they are kept, moved and read."""
