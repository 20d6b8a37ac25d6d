"""What the other contestants run in an environment of their own: scripts that import nothing of Spotter."""
