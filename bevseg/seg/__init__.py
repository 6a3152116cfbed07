"""Pixels -> classes: the only folder that imports torch. It knows rasters of named bands, and no points."""
