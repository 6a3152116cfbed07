"""The command line of bevseg. A command parses its options, calls one function, and lists the files written."""
