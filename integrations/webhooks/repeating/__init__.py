"""Sending again what failed, was missed or cannot have arrived."""
