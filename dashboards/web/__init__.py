"""Pages over the panels."""
