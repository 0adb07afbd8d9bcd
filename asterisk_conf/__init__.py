"""Templates of Asterisk's files: data, no logic."""
