"""Reference system of a file -> Crs: WKT and metres per unit. A unit that is not a length is an error."""

from bevseg.io.crs.geokeys import GeoKeys, from_geokeys, parse_geokeys
from bevseg.io.crs.names import names_of_geokeys, names_of_wkt
from bevseg.io.crs.wkt import METRES_ASSUMED, from_wkt, to_wkt, wkt_of_epsg

__all__ = [
    "METRES_ASSUMED",
    "GeoKeys",
    "from_geokeys",
    "from_wkt",
    "names_of_geokeys",
    "names_of_wkt",
    "parse_geokeys",
    "to_wkt",
    "wkt_of_epsg",
]
