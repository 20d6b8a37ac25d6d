"""Real training logs of real people, as their apps wrote them; see ORIGIN.md."""
