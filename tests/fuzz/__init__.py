"""Fuzzing of every reader: seeded mutations of small files, each read in a child process that may die.

    python -m tests.fuzz READER... --count N [--seed S] [--keep DIR]

`README.md` of this folder says what counts as a fault.
"""
