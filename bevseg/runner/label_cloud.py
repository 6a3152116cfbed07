"""Cloud file -> labelled cloud file and a picture: what a run does with each of its clouds, in any process."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bevseg import pipeline
from bevseg.config import NO_TTA, PredictConfig, RunConfig
from bevseg.core.labels import CLASS_NAMES, load_scheme
from bevseg.core.pointcloud import PointCloud
from bevseg.io.find import CloudFile
from bevseg.io.read import read_cloud
from bevseg.io.write import write_cloud
from bevseg.runner import preview
from bevseg.runtime.atomic import ensure_absent, replacing
from bevseg.runtime.batch import CloudResult
from bevseg.runtime.progress import Stopwatch
from bevseg.workdir.facts import cloud_facts
from bevseg.workdir.folder import Folder


@dataclass(frozen=True)
class Labeller:
    """Labels cloud files with one model.

    Attributes
    ----------
    out
        Directory of `<stem>.laz` and `<stem>.png`.
    model
        File of the model; every process loads it once.
    classes, out_classes
        Schemes of what is read and what is written; None: those of the format.
    device
        Where the networks compute.
    looks
        Scales and symmetries that are averaged, and whether a CRF follows.
    work
        Work directory that keeps what every stage made; None keeps nothing.
    overwrite
        Whether outputs may be replaced.
    """

    out: Path
    model: Path
    classes: str | None = None
    out_classes: str | None = None
    device: str = RunConfig.device
    tta: PredictConfig = NO_TTA
    work: Path | None = None
    overwrite: bool = False

    def __call__(self, file: CloudFile) -> CloudResult:
        """Label one cloud; all of its outputs appear, or none.

        Returns
        -------
        CloudResult
            Its facts are `source`, `seconds` by stage, `classes` (points by class) and, where the cloud has
            labels, `matrix` and `oracle`.
        """
        laz, png = (self.out / f"{file.stem}{suffix}" for suffix in (".laz", ".png"))
        folder = Folder(self.work / file.stem) if self.work else None
        for path in (laz, png):
            ensure_absent(path, overwrite=self.overwrite)
        if folder is not None:
            folder.ensure_absent("ingest", overwrite=self.overwrite)
        watch, written = Stopwatch(), [laz, png]
        with watch("read"):
            cloud = read_cloud(file.path, scheme=load_scheme(self.classes) if self.classes else None)
        model = pipeline.load_model(self.model)
        made = pipeline.label(cloud, model, device=self.device, tta=self.tta, watch=watch)
        with ExitStack() as undone:
            if folder is not None:
                undone.callback(folder.invalidate_from, "ingest")
                with watch("keep"):
                    written += self._keep(folder, cloud, made, file)
            with replacing(png) as temporary:
                with watch("picture"):
                    preview.draw(cloud, made.dem, made.bands, made.point_labels, temporary)
                with watch("write"):
                    scheme = load_scheme(self.out_classes) if self.out_classes else None
                    write_cloud(cloud, made.point_labels, laz, scheme=scheme, overwrite=self.overwrite)
            undone.pop_all()
        facts = {"source": str(file.path), "seconds": watch.seconds} | self._facts(cloud, made)
        return CloudResult(tuple(written), len(cloud), facts)

    def _keep(
        self, folder: Folder, cloud: PointCloud, made: pipeline.StageOutputs, file: CloudFile
    ) -> list[Path]:
        """Write all that the stages made of a cloud into its folder."""
        folder.invalidate_from("ingest")
        facts = cloud_facts(cloud, file.path) | {"scheme": self.classes, "columns": None}
        settings = pipeline.load_model(self.model).settings
        return [
            *folder.write_cloud(cloud, facts),
            *folder.write_ground(cloud, made.ground, settings.ground),
            *folder.write_bands(made.bands, pipeline.truth(cloud, made.dem, settings.slices)),
            *folder.write_classes(made.classes),
            *folder.write_labels(made.point_labels),
        ]

    def _facts(self, cloud: PointCloud, made: pipeline.StageOutputs) -> dict[str, Any]:
        """Return what the report tells of the labels."""
        model = pipeline.load_model(self.model)
        counts = np.bincount(made.point_labels.classes, minlength=len(CLASS_NAMES))
        facts: dict[str, Any] = {"classes": dict(zip(CLASS_NAMES, counts.tolist(), strict=True))}
        if pipeline.is_labelled(cloud):
            best = pipeline.oracle(cloud, made.dem, model.settings.slices)
            facts["matrix"] = pipeline.matrix(cloud, made.point_labels)
            facts["oracle"] = pipeline.matrix(cloud, best)
        return facts
