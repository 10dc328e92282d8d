"""What messages say: rendered once, signed anew by each attempt."""
