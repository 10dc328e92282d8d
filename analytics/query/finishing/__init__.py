"""From the groups an engine found to the rows of an answer."""
