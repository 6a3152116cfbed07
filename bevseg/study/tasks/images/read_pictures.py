"""An NPZ file, or a folder with `images/` and `masks/` -> pictures and masks as they are in the files."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bevseg.errors import CloudNotFoundError, InputError
from bevseg.study.data_folder import VARIABLE

IMAGES, MASKS = "images", "masks"

IMAGE_SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".npy")

MASK_SUFFIXES = (".png", ".tif", ".tiff", ".npy")
"""JPEG is not among them: it changes the ids."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures and their masks.

    Attributes
    ----------
    images
        (rows, cols, bands) each, of any type.
    masks
        (rows, cols) integers each.
    names
        Name of each picture.
    class_names
        Names of the classes, if the file has them.
    """

    images: Sequence[NDArray[Any]]
    masks: Sequence[NDArray[Any]]
    names: Sequence[str]
    class_names: tuple[str, ...] = ()


def read_pictures(path: Path) -> Pictures:
    """Read pictures and masks.

    Parameters
    ----------
    path
        An NPZ file with `images` (N, rows, cols) or (N, rows, cols, bands), `labels` (N, rows, cols) and, if it
        likes, `class_names` and `names`; or a folder with `images/` (PNG, TIFF, JPEG, NPY) and `masks/` (PNG, TIFF,
        NPY), whose files have the same names up to the ending. Pictures of a folder may differ in size.

    Raises
    ------
    CloudNotFoundError
        If the path does not exist.
    InputError
        If there are no pictures, a mask is missing, sizes or bands differ, or a file cannot be read.
    """
    if path.is_dir():
        found = _of_folder(path)
    elif path.exists():
        found = _of_npz(path)
    else:
        raise CloudNotFoundError(
            "No such pictures",
            where=path,
            hint="name an NPZ file, or a folder with images/ and masks/; it is looked for in `data`, else in the "
            f"environment variable {VARIABLE}, else here",
        )
    counts = {image.shape[2] for image in found.images}
    if len(counts) > 1:
        raise InputError(
            "Pictures differ in their bands",
            where=path,
            why=f"there are {sorted(counts)} bands",
            hint="bring all pictures to the same bands",
        )
    return found


def _of_npz(path: Path) -> Pictures:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in (IMAGES, "labels", "class_names", "names") if name in file}
    except (OSError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(
            "Not an NPZ file of arrays",
            where=path,
            why=_cause(error),
            hint="write it with numpy.savez_compressed; arrays of objects are not read",
        ) from error
    missing = [name for name in (IMAGES, "labels") if name not in arrays]
    if missing:
        raise InputError(
            f"The file has no {missing[0]!r}", where=path, hint="save the arrays `images` and `labels`"
        )
    images, labels = arrays[IMAGES], arrays["labels"]
    if images.ndim not in (3, 4) or images.shape[:3] != labels.shape:
        raise InputError(
            "Images and labels do not fit",
            where=path,
            why=f"images {images.shape}, labels {labels.shape}",
            hint="images are (N, rows, cols) or (N, rows, cols, bands), labels (N, rows, cols)",
        )
    if not len(images):
        raise InputError("No pictures", where=path, hint="save one picture at least")
    _ensure_numbers(images, path)
    _ensure_ids(labels, path)
    names = [str(name) for name in np.ravel(arrays.get("names", ()))]
    return Pictures(
        list(images.reshape(*images.shape[:3], -1)),
        list(labels),
        names if len(names) == len(images) else [str(number) for number in range(len(images))],
        tuple(str(name) for name in np.ravel(arrays.get("class_names", ()))),
    )


def _of_folder(folder: Path) -> Pictures:
    images, masks = (
        _files(folder / name, suffixes)
        for name, suffixes in ((IMAGES, IMAGE_SUFFIXES), (MASKS, MASK_SUFFIXES))
    )
    if not images:
        raise InputError(
            "No pictures", where=folder / IMAGES, hint=f"put pictures there: {', '.join(IMAGE_SUFFIXES)}"
        )
    for one, other, what, hint in (
        (images, masks, "pictures have no mask", f"a mask ends in {', '.join(MASK_SUFFIXES)}"),
        (masks, images, "masks have no picture", f"a picture ends in {', '.join(IMAGE_SUFFIXES)}"),
    ):
        lonely = [name for name in one if name not in other]
        if lonely:
            raise InputError(
                f"{len(lonely)} of {len(one)} {what}",
                where=folder,
                why=f"there is none for {', '.join(lonely[:5])}",
                hint=f"picture and mask have the same name; {hint}",
            )
    pairs = [_pair(images[name], masks[name]) for name in images]
    return Pictures([image for image, _ in pairs], [mask for _, mask in pairs], list(images))


def _files(folder: Path, suffixes: Sequence[str]) -> dict[str, Path]:
    """Return name -> file of a folder, sorted by name: numbers by their size, so that neighbours stay neighbours."""
    if not folder.is_dir():
        raise InputError("No such folder of pictures", where=folder, hint=f"make {IMAGES}/ and {MASKS}/")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir(), key=_by_numbers):
        if path.suffix.lower() in suffixes:
            if path.stem in found:
                raise InputError(
                    f"Two files for the picture {path.stem!r}", where=folder, hint="remove one of the two"
                )
            found[path.stem] = path
    return found


def _by_numbers(path: Path) -> list[tuple[int, str]]:
    """Return what p2.png stands before p10.png by."""
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), part) if part.isdecimal() else (-1, part) for part in parts]


def _pair(image_path: Path, mask_path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    image, mask = _array(image_path, is_mask=False), _array(mask_path, is_mask=True)
    if mask.ndim == 3 and 1 in mask.shape:
        mask = mask.squeeze(mask.shape.index(1))
    if mask.ndim != 2:
        raise InputError(
            "A mask has several bands",
            where=mask_path,
            why=f"its shape is {mask.shape}",
            hint="write class ids: one band, or a palette",
        )
    _ensure_ids(mask, mask_path)
    if image.ndim == 2:
        image = image[..., None]
    elif image.ndim == 3 and image.shape[:2] != mask.shape and image.shape[1:] == mask.shape:
        image = np.moveaxis(image, 0, -1)  # a TIFF whose bands come first
    if image.ndim != 3 or image.shape[:2] != mask.shape:
        raise InputError(
            "Picture and mask differ in size",
            where=image_path,
            why=f"picture {image.shape}, mask {mask.shape}",
            hint="make a mask of the same rows and columns",
        )
    _ensure_numbers(image, image_path)
    return image, mask


def _array(path: Path, *, is_mask: bool) -> NDArray[Any]:
    from PIL import Image, UnidentifiedImageError
    from skimage.io import imread

    try:
        if path.suffix.lower() == ".npy":
            return np.asarray(np.load(path, allow_pickle=False))
        if path.suffix.lower() in (".tif", ".tiff"):
            return np.array(imread(path))
        _ensure_depth(path)
        with Image.open(path) as picture:
            indexed = picture.mode == "P" and not is_mask  # in a mask the indices of the palette are the ids
            return np.array(picture.convert("RGB") if indexed else picture)
    except (
        OSError,
        ValueError,
        TypeError,
        EOFError,
        UnidentifiedImageError,
        Image.DecompressionBombError,
    ) as error:
        raise InputError(
            "A picture cannot be read",
            where=path,
            why=_cause(error),
            hint="write the file again, or remove it",
        ) from error


def _ensure_depth(path: Path) -> None:
    """Raise InputError for a PNG of several bands of 16 bits, of which only 8 would be read."""
    with path.open("rb") as file:
        start = file.read(26)
    if (
        start[:8] == b"\x89PNG\r\n\x1a\n"
        and start[24:25] == b"\x10"
        and start[25:26] in (b"\x02", b"\x04", b"\x06")
    ):
        raise InputError(
            "A PNG has several bands of 16 bits",
            where=path,
            why="only 8 bits of each would be read",
            hint="write it as TIFF or NPY",
        )


def _cause(error: Exception) -> str:
    """Return the text of an error; not that of NumPy, which advises to unpickle what is no array."""
    return "it holds no plain array" if "pickle" in str(error) else str(error)


def _ensure_numbers(image: NDArray[Any], path: Path) -> None:
    if image.dtype.kind not in "buif":
        raise InputError(
            "A picture does not hold numbers",
            where=path,
            why=f"its type is {image.dtype}",
            hint="save whole or floating-point numbers",
        )
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        raise InputError(
            "A picture holds NaN or infinite values", where=path, hint="replace them by a number"
        )


def _ensure_ids(mask: NDArray[Any], path: Path) -> None:
    if mask.dtype.kind not in "bui":
        raise InputError(
            "A mask does not hold whole numbers",
            where=path,
            why=f"its type is {mask.dtype}",
            hint="save class ids as integers",
        )
