"""The tiers of the cache: a local-memory LRU in front of Redis."""
