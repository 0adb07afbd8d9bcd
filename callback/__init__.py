"""Promises to ring a person: when they are offered, scheduled, retried and followed up."""
