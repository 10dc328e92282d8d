"""Settings, split by concern. `env.py` alone reads the process environment."""
