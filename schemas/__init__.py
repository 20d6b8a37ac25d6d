"""The wire: events and alerts that others may rely on."""
