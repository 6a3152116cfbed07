"""COPC: LAZ whose chunks are the nodes of an octree, so that viewers load only what they show.

COPC 1.0 (https://copc.io) is LAS 1.4 with point format 6, 7 or 8. The first record of the header gives the cube of
the octree; an extended record, the hierarchy, says for each node where its chunk lies and how many points it has.
"""
