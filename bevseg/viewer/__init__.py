"""Labelled clouds in the browser: tiles on disk, selections on all points, and a server on the loopback address."""
