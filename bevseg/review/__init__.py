"""The labelled clouds of a run in the hands of a person: what is in doubt, what was corrected."""
