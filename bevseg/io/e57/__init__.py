"""E57, the exchange format of terrestrial scanners: several scans in a file, each with a pose."""
