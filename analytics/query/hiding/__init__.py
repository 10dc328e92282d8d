"""What a form that hides small groups does not show."""
