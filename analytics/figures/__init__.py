"""What counters say to people: summaries, shares, scores."""
