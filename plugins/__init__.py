"""Extensions: what they may do, where they are found, what became of their calls."""
