"""From JSON to a resolved query: names, types and limits; nothing is read."""
