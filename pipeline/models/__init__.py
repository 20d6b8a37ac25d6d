"""Metrics as SQL files, from facts to days."""
