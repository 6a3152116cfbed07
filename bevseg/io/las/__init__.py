"""LAS and LAZ. The points stay packed as they are in the file, from reading to writing."""
