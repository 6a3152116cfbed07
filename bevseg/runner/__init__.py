"""Many clouds from end to end: `bevseg run`, its report and its pictures."""
