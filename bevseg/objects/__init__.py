"""Labelled points -> cars, poles, trees, buildings and façades that can be counted."""
