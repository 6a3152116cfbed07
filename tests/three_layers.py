"""A network of a user's own: three layers, in a module that no package installs."""

KIND = "mynet:ThreeLayers"

SOURCE = """
from torch import nn


class ThreeLayers(nn.Module):
    def __init__(self, in_bands, classes, filters):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(in_bands, filters, 3, padding=1), nn.ReLU(),
            nn.Conv2d(filters, filters, 3, padding=1), nn.ReLU(),
            nn.Conv2d(filters, classes, 1),
        )

    def forward(self, bands):
        return self.layers(bands)


class Halved(ThreeLayers):
    def forward(self, bands):
        return self.layers(bands)[..., ::2, ::2]


CLASSES = 5
"""
