"""bevseg: street-scene laser scans in, the same scans with every point labelled out."""


def __getattr__(name: str) -> str:
    """Look the version up when it is asked for: `importlib.metadata` costs half as much as click."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("bevseg")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0+unknown"
