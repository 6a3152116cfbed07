"""The laser scanner: its rays, its way, and the returns that it measures."""
