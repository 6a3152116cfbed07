"""Heights of cells -> which of them are ground, and the surface through them. Rasters only: no point comes here."""
