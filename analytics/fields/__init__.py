"""What analytics knows of the fields of forms."""
