"""Crops -> one trained network."""
