"""A plan over typed columns, computed by polars."""
