"""Work on many files: runs, stages over a work directory, comparisons; what each command calls."""
