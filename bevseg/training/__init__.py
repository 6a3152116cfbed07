"""Labelled clouds -> a trained model."""
