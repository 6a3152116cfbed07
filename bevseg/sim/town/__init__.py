"""The street: its plan, its ground, and what stands where."""
