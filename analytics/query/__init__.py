"""The query language: parse → resolve against the form's fields → print for an executor."""
