"""Rules, life cycle and texts of the warnings."""
