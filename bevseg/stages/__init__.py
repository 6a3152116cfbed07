"""One file per command: what it does with its files."""
