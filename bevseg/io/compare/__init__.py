"""Source and result -> the first difference that bevseg does not declare: one module per kind of file."""
