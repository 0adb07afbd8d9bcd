"""Which agent is rung for which waiting call, and why."""
