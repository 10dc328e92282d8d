"""The plugin that does nothing, and shows that plugins are called."""
