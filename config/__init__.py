"""One YAML file, validated into the values that the pure folders use."""
