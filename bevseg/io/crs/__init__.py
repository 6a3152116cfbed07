"""Reference system of a file -> Crs: WKT and metres per unit. A unit that is not a length is an error."""

from bevseg.io.crs.geokeys import from_geokeys, parse_geokeys
from bevseg.io.crs.wkt import from_wkt, wkt_of_epsg

__all__ = ["from_geokeys", "from_wkt", "parse_geokeys", "wkt_of_epsg"]
