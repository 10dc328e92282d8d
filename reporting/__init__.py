"""Reports people read: definitions, PDF, schedules, delivery."""
