"""What stands in a street: cars, plants, poles, buildings and clutter, each as triangles at the origin."""
