"""What leaves the house: webhooks and connectors."""
