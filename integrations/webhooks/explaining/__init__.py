"""Why something was sent, was not, or waits; how an endpoint is doing."""
