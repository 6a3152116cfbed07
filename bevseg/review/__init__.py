"""What a person does with the labelled clouds of a run."""
