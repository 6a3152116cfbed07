"""Street scans from above: rasters of one slice, and their segmentation."""
