"""Point clouds as text: SHREC'20 and generic ASCII, plain or gzipped."""
