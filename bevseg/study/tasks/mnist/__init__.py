"""Digits on a background: the pictures, their segmentation, and a figure of predictions."""
