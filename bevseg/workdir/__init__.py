"""The work directory: one folder per cloud, one file per stage."""
