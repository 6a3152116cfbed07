"""Rasters of the blocks of a survey -> one Cloud-Optimised GeoTIFF, or tiles of it and a virtual raster over them."""
