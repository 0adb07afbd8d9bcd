"""What a caller hears and presses before the queue, decided without touching a switch."""
