"""From a plan to an answer: who answers it, and what the rows come to."""
