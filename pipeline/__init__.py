"""The pipeline: door, record, workshop, cellar (see ARCHITECTURE.md)."""
