"""What every stage runs on: files that appear whole, memory, compiled kernels, threads, processes, progress."""
