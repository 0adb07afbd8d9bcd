"""The composition root: settings, engine, command line, and the programs that it starts."""
