"""PLY: clouds and meshes; and the vertices that PLY and PCD have in common."""
