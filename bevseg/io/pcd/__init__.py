"""PCD: clouds of the Point Cloud Library, as text, binary or compressed."""
