"""The one process that speaks to Pro Santé Connect, where it is configured."""
