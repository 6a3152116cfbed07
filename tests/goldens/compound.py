"""Nothing yet."""

SETS = {}
DEPARTURES = ()
