"""The only place that knows AMI and Asterisk's files."""
