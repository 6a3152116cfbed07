"""NeuroIoU: a loss learned from the maps of a trained model (a plug-in of the losses)."""
