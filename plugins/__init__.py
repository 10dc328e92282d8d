"""Extensions: discovery, sandbox, bundled plugins."""
