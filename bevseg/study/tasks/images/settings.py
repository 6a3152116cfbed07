"""Settings of a study of pictures."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Literal

import pydantic

from bevseg.config import NetConfig, TrainConfig
from bevseg.config.tables import domain_check
from bevseg.study.plan import STRICT

Share = Annotated[float, pydantic.Field(ge=0, le=1)]
Count = Annotated[int, pydantic.Field(ge=0)]


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class ImagesSettings:
    """Settings of one run."""

    loss: str
    """As in training. A learned loss needs `init`: the run whose output maps it is fitted to."""
    seed: Annotated[int, pydantic.Field(ge=0)]
    """Random seed of the split, the labelled pictures, the initial weights and the crops."""

    data: str = ""
    """Folder of `train`, `val` and `test`; empty: the environment variable BEVSEG_DATA, else the current folder."""
    train: str = "train.npz"
    """NPZ file with `images` and `labels`, or folder with `images/` and `masks/`."""
    val: str = ""
    """The same for validation; empty: `split` takes the pictures from `train`."""
    test: str = ""
    """The same for the test; empty: `split` takes the pictures from `train`."""
    split: list[Share] = field(default_factory=list)
    """Shares of the pictures of `train` for training, validation and test: [0.6, 0.2, 0.2]. A part with a file of its
    own has the share 0."""
    split_block: Annotated[int, pydantic.Field(ge=1)] = 1
    """Pictures in a row that stay in one part of the split. Neighbours in a stack or a film are alike."""
    ids: list[int] = field(default_factory=list)
    """Mask value of each class, in order, such as [0, 255]; empty: 0, 1, 2, ..."""
    ignore: int = 255
    """Mask value of pixels that are not counted, unless `ids` has it."""
    class_names: list[str] = field(default_factory=list)
    """Name of each class, in order; empty: those of the NPZ file, else class 0, class 1, ..."""
    classes: list[str] = field(default_factory=list)
    """Classes to learn; all others are one class, `background`. Empty: all classes."""
    side: Count = 0
    """Longest side of a picture, pixels: larger pictures are shrunk. 0: pictures as they are."""

    net: str = "unet"
    """Name of a network."""
    filters: Annotated[int, domain_check(NetConfig, "filters")] = 8
    depth: Annotated[int, domain_check(NetConfig, "depth")] = 3
    outputs: Literal["softmax", "sigmoid"] = "softmax"
    """`sigmoid`: an output of its own for each class but the background. In the loss each counts as an image."""

    optimiser: Annotated[str, domain_check(TrainConfig, "optimiser")] = "adamw"
    learning_rate: Annotated[float, domain_check(TrainConfig, "learning_rate")] = 4e-3
    weight_decay: Annotated[float, domain_check(TrainConfig, "weight_decay")] = 1e-2
    momentum: Annotated[float, domain_check(TrainConfig, "momentum")] = 0.9
    """Momentum of SGD."""
    schedule: Annotated[str, domain_check(TrainConfig, "schedule")] = "poly"
    epochs: Annotated[int, pydantic.Field(ge=1)] = 20
    """Largest number of epochs. A validation step follows each."""
    steps: Annotated[int | None, domain_check(TrainConfig, "steps")] = None
    """Steps in an epoch. Left out: as many as the labelled pictures fill."""
    batch: Annotated[int, domain_check(TrainConfig, "batch")] = 4
    """Pictures, or crops, in a step. The same number of unlabelled ones comes on top."""
    crop: Count = 0
    """Side of a crop, pixels; 0: whole pictures, which then have one size."""
    flips: Literal["none", "horizontal", "both"] = "horizontal"
    """Axes along which crops are mirrored at random."""
    sampling: Literal["random", "equibatch"] = "random"
    """`random`: all pictures in turn. `equibatch`: the classes in turn, each crop around a pixel of its class."""
    per_image: bool = False
    """Whether the loss of a step is the mean over its pictures, and not the loss of the whole batch."""
    patience: Annotated[int, pydantic.Field(ge=1)] = 1000
    """Epochs without a smaller validation loss after which training stops."""
    weights: Literal["last", "best"] = "last"
    """Weights that are scored: the last ones, or those with the smallest validation loss."""

    smooth_boundary: Share = 0.0
    """Share of the label that pixels at a class boundary give to all classes alike."""
    smooth_kernel: Annotated[int, pydantic.Field(ge=1)] = 3
    """Side of the square that tells whether a pixel is at a boundary, pixels; odd."""
    teacher_weight: Share = 0.5
    """Weight of the `teacher` on labelled pictures; the loss of the labels has the rest."""
    labelled_share: Annotated[float, pydantic.Field(gt=0, le=1)] = 1.0
    """Share of the training pictures whose labels are used."""
    unlabelled: Literal["none", "teacher", "average"] = "none"
    """What labels the other training pictures: nothing, the `teacher`, or a running average of the network."""
    unlabelled_weight: Annotated[float, domain_check(TrainConfig, "unlabelled_weight")] = 0.5
    confidence: Annotated[float, domain_check(TrainConfig, "confidence")] = 0.0
    """Smallest probability at which a pixel without a label counts."""
    active_filter: bool = True
    """Whether classes that the teacher hardly gives to any pixel are left out of the loss against it."""

    values: list[str] = field(default_factory=list)
    """Further losses to evaluate on the test pictures."""
    scales: list[Annotated[float, pydantic.Field(gt=0, le=2)]] = field(default_factory=list)
    """Scales of a second evaluation, `miou_multi_scale`, such as [1.0, 0.75, 0.5]; empty: none."""
    crf: bool = False
    """Whether `miou_crf` is computed: a dense CRF refines the predictions (of all scales)."""
    pictures: Count = 0
    """Number of test pictures that are drawn, with truth, prediction and errors."""
