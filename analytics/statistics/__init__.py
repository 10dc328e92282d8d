"""Survey statistics: pure functions over counts and values, each with the source of its formula."""
