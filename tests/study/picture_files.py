"""Small pictures with three classes: bright squares, dark bars, and what is between."""

import numpy as np

NAMES = ("ground", "square", "bar")


def arrays(count, seed=0, rows=24, cols=32):
    """Images (count, rows, cols, 3) uint8 and labels (count, rows, cols) uint8, with a border that is ignored."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((count, rows, cols), np.uint8)
    for label in labels:
        row, col = rng.integers(2, rows - 10), rng.integers(2, cols - 14)
        label[row : row + 8, col : col + 8] = 1
        label[:, col + 10 : col + 13] = 2
    levels = np.array([[90, 100, 110], [220, 200, 180], [20, 30, 40]])
    images = levels[labels] + rng.normal(0, 8, (*labels.shape, 3))
    labels[:, 0] = 255
    return images.clip(0, 255).astype(np.uint8), labels


def write_npz(path, count, seed=0, **more):
    images, labels = arrays(count, seed)
    np.savez(path, **{"images": images, "labels": labels, "class_names": np.array(NAMES)} | more)
    return path


def write_folder(folder, images, masks, suffix=".png", mask_suffix=".png", palette=False):
    """Write pictures as `images/NAME.*` and `masks/NAME.*`."""
    from PIL import Image
    from skimage.io import imsave

    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number, (image, mask) in enumerate(zip(images, masks, strict=True)):
        for kind, array, ending in (("images", image, suffix), ("masks", mask, mask_suffix)):
            path = folder / kind / f"p{number}{ending}"
            if ending == ".npy":
                np.save(path, array)
            elif ending == ".tif":
                imsave(path, array, check_contrast=False)
            else:
                picture = Image.fromarray(array)
                if palette and kind == "masks":
                    picture.putpalette([7 * number % 256 for number in range(3 * 256)])  # mode P
                picture.save(path)
    return folder
