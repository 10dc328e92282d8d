"""Responses and results as files: tables in, streams of bytes out."""
