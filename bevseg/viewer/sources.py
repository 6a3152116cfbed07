"""A labelled cloud of a run -> what tiles are built from."""

from __future__ import annotations

from bevseg.core.labels import load_scheme
from bevseg.review.run_outputs import RunCloud
from bevseg.viewer.tiles import TileSource


def tile_source(cloud: RunCloud, *, is_hashed: bool) -> TileSource:
    """Return a labelled cloud as tiles are built from it.

    Parameters
    ----------
    cloud
        Of a run, or named by itself.
    is_hashed
        Whether the hash of its file is kept: edits need it.
    """
    scheme = cloud.facts.get("written_in")
    return TileSource(
        cloud.name,
        cloud.path,
        None if scheme is None else load_scheme(scheme),
        cloud.read_truth,
        cloud.sha256 if is_hashed else None,
    )
