"""Live numbers: server-sent events, off the web server's threads."""
