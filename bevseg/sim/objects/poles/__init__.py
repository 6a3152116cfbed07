"""Poles of all kinds. A frame has its origin on the ground; arms point along y, towards the road, plates face x.

Heights and arms are those of American and European manuals: lamps of 3 to 14 m, high masts of up to 18 m, plates of
0.45 to 0.9 m at 2.1 m or more over a pavement (MUTCD 2009, 2A.18 and 2B), signals over the road at 4.6 to 5.8 m
(4D.15), wooden masts of 9 to 14 m (35 to 45 feet, ANSI O5.1) with wires at least 4.7 m over the road (NESC 232).
"""
