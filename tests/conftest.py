"""Makes the ``tests`` package importable from every test, wherever pytest starts."""
