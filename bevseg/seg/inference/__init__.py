"""A raster and a network -> classes and confidence of its cells."""
