"""The nouns: clouds, grids, rasters, class tables, cells, tiles, and the scores of labels."""
