"""The live channel: a process of its own that tells open pages "die" and "changed", and never a datum."""
