"""The numbers over HTTP."""
