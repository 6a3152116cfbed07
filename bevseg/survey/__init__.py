"""Clouds that belong together, of any size: points laid down by block, and tasks that work on a block of them."""
