"""The command line of bevseg, installed as `bevseg.cli`: parse, call one function, say what was written."""
