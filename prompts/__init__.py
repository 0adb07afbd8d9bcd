"""What is said to callers and agents, per language, as text: data, no logic."""
