"""What `python benchmarks/run.py` measures; each module writes one result, with its command and the machine."""
