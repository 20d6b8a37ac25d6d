"""Vendor format to events, and events to columns; pure."""
