"""A grid of trainings, written down in a TOML file -> tables and plots: the comparisons of papers, repeatable."""
