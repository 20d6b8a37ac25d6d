"""Exercises, aliases and muscle weights."""
