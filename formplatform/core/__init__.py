"""What every app stands on: errors, events, hooks, connections. Imports nothing of ours."""
