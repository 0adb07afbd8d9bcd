"""What things cost, measured against a stated floor."""
