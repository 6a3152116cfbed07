"""The command line of bevseg, installed as `bevseg_cli`: parse, call one function, say what was written."""
