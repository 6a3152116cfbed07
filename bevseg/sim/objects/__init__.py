"""What stands in a street: buildings, plants, vehicles, people, poles, furniture, each as triangles at the origin."""
