"""Reports and schedules over HTTP."""
