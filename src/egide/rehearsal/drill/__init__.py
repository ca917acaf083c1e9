"""The thief: one module an attack of the table, written as somebody would who has read our source."""
