"""What beat does for the webhooks: comparing, forgetting, warning, mailing."""
