"""Networks: scaled bands -> class logits. `registry` says which there are, `build` makes one."""
