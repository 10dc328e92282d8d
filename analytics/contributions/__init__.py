"""What responses and sessions add to the numbers of their form. No store is asked here."""
